-- 500 roles; each is a member of up to three earlier ones, so groups nest more than ten deep.
DO $$
BEGIN
    FOR r IN 0..499 LOOP
        EXECUTE format('CREATE ROLE bench_%s %s', r, CASE WHEN r % 3 = 0 THEN 'NOLOGIN' ELSE 'LOGIN' END);
        FOR g IN 1..least(r, 3) LOOP
            EXECUTE format('GRANT bench_%s TO bench_%s', abs(hashint4(r * 4 + g)) % r, r);
        END LOOP;
    END LOOP;
END $$;
CREATE ROLE bench_stranger LOGIN;
