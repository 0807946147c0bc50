-- Large objects: there may be millions, so only the first are read, and one more to know it.
SELECT 'large object', l.oid, 0, 0, 0, l.oid::text, '', l.lomowner, l.lomacl::text, ''
FROM pg_catalog.pg_largeobject_metadata AS l
ORDER BY l.oid
LIMIT 10001
