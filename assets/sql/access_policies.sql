-- Policies without their expressions: printing those takes a lock on the table, see
-- access_expressions.sql.
SELECT p.oid,
       p.polrelid,
       p.polname,
       p.polcmd,
       p.polpermissive,
       p.polroles::text,
       p.polqual IS NOT NULL,
       p.polwithcheck IS NOT NULL
FROM pg_catalog.pg_policy AS p
ORDER BY p.polrelid, p.polname
