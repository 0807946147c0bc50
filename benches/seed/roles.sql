-- 500 roles in a hierarchy without cycles: each is a member of up to three with smaller numbers.
DO $seed$
BEGIN
    FOR r IN 0..499 LOOP
        EXECUTE format('CREATE ROLE team_%s %s', lpad(r::text, 3, '0'), CASE WHEN r % 4 = 0 THEN 'NOLOGIN' ELSE 'LOGIN' END);
    END LOOP;
    FOR r IN 1..499 LOOP
        FOR m IN 1..3 LOOP
            EXECUTE format('GRANT team_%s TO team_%s', lpad((r - 1 - (r * 13 + m * 7) % least(r, 40))::text, 3, '0'), lpad(r::text, 3, '0'));
        END LOOP;
    END LOOP;
END
$seed$;
