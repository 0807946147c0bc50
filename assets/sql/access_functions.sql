-- Functions, procedures and aggregates; of the system's own only those somebody restricted or opened.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       p.oid,
       p.pronamespace,
       0,
       0,
       p.proname,
       pg_catalog.pg_get_function_identity_arguments(p.oid),
       p.proowner,
       p.proacl::text,
       CASE WHEN p.prosecdef THEN 'd' ELSE '' END
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_(toast|temp_)'
  AND (p.proacl IS NOT NULL OR (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'))
