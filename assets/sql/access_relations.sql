-- Relations; of the system's own only those that not everybody may read or whose rights somebody
-- changed. Nothing is asked about a single one: that would cost a
-- second on a catalog of 10,000.
SELECT CASE c.relkind
           WHEN 'r' THEN 'table'
           WHEN 'p' THEN 'partitioned table'
           WHEN 'v' THEN 'view'
           WHEN 'm' THEN 'materialized view'
           WHEN 'S' THEN 'sequence'
           ELSE 'foreign table'
       END,
       c.oid,
       c.relnamespace,
       i.inhparent,
       0,
       c.relname,
       '',
       c.relowner,
       c.relacl::text,
       pg_catalog.concat(
           CASE WHEN c.relrowsecurity THEN 'r' END,
           CASE WHEN c.relforcerowsecurity THEN 'f' END,
           CASE WHEN c.relispartition THEN 'p'
                WHEN c.relkind <> 'p' AND (i.inhparent IS NOT NULL OR c.relhassubclass) THEN 'h' END,
           CASE WHEN c.relkind = 'v' AND EXISTS (
                    SELECT
                    FROM pg_catalog.unnest(c.reloptions) AS o(option)
                    WHERE o.option ~* '^security_invoker=(t|tr|tru|true|y|ye|yes|on|1)$')
                THEN 'i' END,
           CASE WHEN n.nspname = 'pg_catalog' AND c.relkind = 'r' THEN 's' END)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid AND i.inhseqno = 1
LEFT JOIN pg_catalog.pg_init_privs AS p
    ON p.objoid = c.oid AND p.objsubid = 0 AND p.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  AND n.nspname !~ '^pg_(toast|temp_)'
  AND (n.nspname NOT IN ('pg_catalog', 'information_schema')
       OR c.relacl::text IS DISTINCT FROM p.initprivs::text
       OR c.relacl::text !~ '[{,]=r')
