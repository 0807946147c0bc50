-- Columns of every relation that has any a person reads. Types come as numbers, since the same few
-- recur 200,000 times: catalog_types.sql words them. Column grants are asked only where there are any.
WITH shown AS MATERIALIZED (
    SELECT c.oid, has_table_privilege(c.oid, 'SELECT') AS whole
    FROM pg_catalog.pg_class AS c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
)
SELECT a.attrelid,
       a.attnum,
       a.attname,
       a.atttypid,
       a.atttypmod,
       a.attnotnull,
       s.whole OR (a.attacl IS NOT NULL
                   AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')) AS usable
FROM pg_catalog.pg_attribute AS a
JOIN shown AS s ON s.oid = a.attrelid
WHERE a.attnum > 0 AND NOT a.attisdropped
