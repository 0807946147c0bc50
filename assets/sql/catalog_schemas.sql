-- Schemas, those of the system last; temporary and TOAST schemas of other sessions are left out.
SELECT n.oid,
       n.nspname,
       pg_catalog.pg_get_userbyid(n.nspowner) AS owner,
       has_schema_privilege(n.oid, 'USAGE') AS usable,
       n.nspname ~ '^pg_' OR n.nspname = 'information_schema' AS of_the_system
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
   OR n.oid = pg_catalog.pg_my_temp_schema()
ORDER BY 5, 2
