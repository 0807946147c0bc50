-- Functions, procedures and aggregates, except those that only the server itself calls.
SELECT p.oid,
       p.pronamespace,
       p.proname,
       pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
       CASE WHEN p.prokind = 'p' THEN '' ELSE pg_catalog.pg_get_function_result(p.oid) END AS result,
       has_function_privilege(p.oid, 'EXECUTE') AS usable
FROM pg_catalog.pg_proc AS p
WHERE p.prorettype <> 'pg_catalog.internal'::pg_catalog.regtype
