-- Parameters on which something was granted (from 15). Their owner is the bootstrap superuser.
SELECT 'parameter', p.oid, 0, 0, 0, p.parname, '', 10, p.paracl::text, ''
FROM pg_catalog.pg_parameter_acl AS p
