-- Relations. What may be done to them is asked afterwards (catalog_locked.sql): it takes longer.
SELECT c.oid,
       c.relnamespace,
       c.relname,
       c.relkind,
       CASE WHEN c.relkind IN ('r', 'm', 'f', 'p') THEN c.reltuples::bigint ELSE -1 END AS estimate
FROM pg_catalog.pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
