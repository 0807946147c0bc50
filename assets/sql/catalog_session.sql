-- Where unqualified names are looked up.
SELECT pg_catalog.current_database(), pg_catalog.current_schemas(true)::text
