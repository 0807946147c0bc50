-- Every role of the cluster, from the view everybody may read. The letters are those of Attribute.
SELECT r.oid,
       r.rolname,
       pg_catalog.concat(
           CASE WHEN r.rolsuper THEN 's' END,
           CASE WHEN r.rolinherit THEN 'i' END,
           CASE WHEN r.rolcreaterole THEN 'r' END,
           CASE WHEN r.rolcreatedb THEN 'd' END,
           CASE WHEN r.rolcanlogin THEN 'l' END,
           CASE WHEN r.rolreplication THEN 'w' END,
           CASE WHEN r.rolbypassrls THEN 'b' END) AS attributes,
       r.rolconnlimit,
       r.rolvaliduntil
FROM pg_catalog.pg_roles AS r
