-- Relations. A role that may read one column may use the table, so column grants are looked at as
-- well, but only where they exist: has_any_column_privilege() walks every column of every table,
-- which takes seconds on a catalog of 10,000. The subquery runs once, and only if some table needs
-- the second question.
SELECT c.oid,
       c.relnamespace,
       c.relname,
       c.relkind,
       CASE WHEN c.relkind IN ('r', 'm', 'f', 'p') THEN c.reltuples::bigint ELSE -1 END AS estimate,
       CASE
           WHEN c.relkind = 'S' THEN
               has_sequence_privilege(c.oid, 'USAGE') OR has_sequence_privilege(c.oid, 'SELECT')
           ELSE has_table_privilege(c.oid, 'SELECT')
                OR (c.oid IN (SELECT a.attrelid
                              FROM pg_catalog.pg_attribute AS a
                              WHERE a.attacl IS NOT NULL)
                    AND has_any_column_privilege(c.oid, 'SELECT'))
       END AS usable
FROM pg_catalog.pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
