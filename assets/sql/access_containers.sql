-- What is in no schema. All object queries have these columns: kind, oid, schema, parent, number,
-- name, arguments, owner, acl, traits.
SELECT 'database', d.oid, 0, 0, 0, d.datname::text, '', d.datdba, d.datacl::text, ''
FROM pg_catalog.pg_database AS d
UNION ALL
SELECT 'schema', n.oid, 0, 0, 0, n.nspname, '', n.nspowner, n.nspacl::text, ''
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_(toast|temp_)'
UNION ALL
SELECT 'tablespace', t.oid, 0, 0, 0, t.spcname, '', t.spcowner, t.spcacl::text, ''
FROM pg_catalog.pg_tablespace AS t
UNION ALL
SELECT 'language', l.oid, 0, 0, 0, l.lanname, '', l.lanowner, l.lanacl::text,
       CASE WHEN l.lanpltrusted THEN 't' ELSE '' END
FROM pg_catalog.pg_language AS l
UNION ALL
SELECT 'foreign-data wrapper', w.oid, 0, 0, 0, w.fdwname, '', w.fdwowner, w.fdwacl::text, ''
FROM pg_catalog.pg_foreign_data_wrapper AS w
UNION ALL
SELECT 'foreign server', s.oid, 0, 0, 0, s.srvname, '', s.srvowner, s.srvacl::text, ''
FROM pg_catalog.pg_foreign_server AS s
