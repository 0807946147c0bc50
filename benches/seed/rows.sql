-- Two tables of rows. Every value follows from the row's number, so that two builds are alike.
--
-- mixed: 1,000,000 rows of ten types, about 220 MB as CSV. Now and then a NULL, a letter outside
-- ASCII and a wide character.
CREATE TABLE mixed (
    id bigint NOT NULL,
    quantity integer NOT NULL,
    label text NOT NULL,
    remark text,
    amount numeric(14,2) NOT NULL,
    placed_at timestamptz NOT NULL,
    paid boolean NOT NULL,
    reference uuid NOT NULL,
    attributes jsonb NOT NULL,
    weight double precision NOT NULL
);
INSERT INTO mixed
SELECT i,
       (i * 7919 % 999983)::integer,
       CASE WHEN i % 50 = 11 THEN left(md5(i::text), 10) || ' größer 東京' ELSE left(md5(i::text), 20) END,
       CASE WHEN i % 50 <> 23 THEN md5('first ' || i) || left(md5('second ' || i), 28) END,
       ((i * 104729 % 100000007)::numeric / 100)::numeric(14,2),
       timestamptz '2020-01-01 00:00:00+00' + (i * 137 % 189216000) * interval '1 second',
       i % 3 = 0,
       md5('reference ' || i)::uuid,
       jsonb_build_object('page', i % 97, 'tag', left(md5('tag ' || i), 6), 'open', i % 2 = 0),
       (i * 15485863 % 1000000007)::double precision / 9973
FROM generate_series(1::bigint, {mixed}) AS numbers(i);

-- narrow: as many rows as are asked for, each short.
CREATE TABLE narrow (id bigint NOT NULL, word text NOT NULL, number integer NOT NULL);
INSERT INTO narrow
SELECT i, left(md5(i::text), 8), (i * 7919 % 999983)::integer
FROM generate_series(1::bigint, {narrow}) AS numbers(i);
