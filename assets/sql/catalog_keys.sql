-- Which columns take part in which kind of key.
SELECT k.conrelid, u.attnum, k.contype
FROM pg_catalog.pg_constraint AS k,
     LATERAL unnest(k.conkey) AS u(attnum)
WHERE k.contype IN ('p', 'f', 'u') AND k.conrelid <> 0
