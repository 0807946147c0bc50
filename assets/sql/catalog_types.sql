-- The names of types, as PostgreSQL words them. The two lists are filled in by the program and hold
-- numbers only.
SELECT t.type, t.modifier, pg_catalog.format_type(t.type, t.modifier)
FROM ROWS FROM (
    unnest('{types}'::pg_catalog.oid[]),
    unnest('{modifiers}'::pg_catalog.int4[])
) AS t(type, modifier)
