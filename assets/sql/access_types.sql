-- Types and domains. Arrays follow their element, from 17 multiranges their range; row types of
-- relations and, before 17, multiranges matter only with an ACL of their own.
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END,
       t.oid,
       t.typnamespace,
       0,
       0,
       t.typname,
       '',
       t.typowner,
       t.typacl::text,
       ''
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
WHERE n.nspname !~ '^pg_(toast|temp_)'
  AND (t.typacl IS NOT NULL
       OR (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
           AND t.typtype IN ('b', 'c', 'd', 'e', 'r') AND (t.typrelid = 0 OR c.relkind = 'c')))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
