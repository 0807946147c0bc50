-- Columns with an ACL of their own, system columns included.
SELECT 'column', a.attrelid, 0, 0, a.attnum, a.attname, '', c.relowner, a.attacl::text, ''
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
