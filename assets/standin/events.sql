-- A slice of web.events: rows $1 to $2, computed from their numbers.
INSERT INTO web.events
SELECT n,
       timestamptz '2026-01-01 00:00+00' + n * interval '13 seconds',
       CASE WHEN n % 3 = 0 THEN 1 + (n % 2000)::integer END,
       (ARRAY['view', 'view', 'search', 'basket', 'order'])[1 + n % 5],
       '/product/' || n % 240,
       (n * 7919 % 1800)::integer
FROM generate_series($1::bigint, $2::bigint) AS n
