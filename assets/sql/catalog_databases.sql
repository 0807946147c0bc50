-- Databases a person may know of. Templates are left out; a database that takes no connections at
-- all, or refuses this role, is marked. Nothing here connects anywhere.
SELECT d.datname,
       d.datallowconn AND has_database_privilege(d.oid, 'CONNECT') AS usable
FROM pg_catalog.pg_database AS d
WHERE NOT d.datistemplate
ORDER BY d.datname
