-- Roles, from the view everybody may read (pg_authid is for superusers), each with its memberships.
SELECT r.rolname,
       pg_catalog.concat_ws(', ',
           CASE WHEN r.rolcanlogin THEN 'login' END,
           CASE WHEN r.rolsuper THEN 'superuser' END,
           CASE WHEN r.rolcreatedb THEN 'createdb' END,
           CASE WHEN r.rolcreaterole THEN 'createrole' END,
           CASE WHEN r.rolreplication THEN 'replication' END,
           CASE WHEN r.rolbypassrls THEN 'bypassrls' END,
           CASE WHEN NOT r.rolinherit THEN 'noinherit' END) AS attributes,
       ARRAY(SELECT pg_catalog.pg_get_userbyid(m.roleid)::text
             FROM pg_catalog.pg_auth_members AS m
             WHERE m.member = r.oid
             GROUP BY 1
             ORDER BY 1)::text AS member_of
FROM pg_catalog.pg_roles AS r
ORDER BY r.rolname
