-- 10,000 tables of 20 columns in 100 schemas, each with a primary key, every fifth with a foreign
-- key; 500 roles in a hierarchy without cycles, each of which may do something somewhere.
DO $seed$
DECLARE
    nouns text[] := '{account,basket,courier,delivery,employee,invoice,journal,product,refund,supplier}';
    types text[] := '{integer,bigint,text,varchar(64),"numeric(12,2)",timestamptz,boolean,uuid,jsonb,date}';
    words text[] := '{name,state,code,total,created,changed,owner,region,flag,source}';
    columns text;
    relation text;
BEGIN
    FOR r IN 0..499 LOOP
        EXECUTE format('CREATE ROLE team_%s %s', lpad(r::text, 3, '0'), CASE WHEN r % 4 = 0 THEN 'NOLOGIN' ELSE 'LOGIN' END);
    END LOOP;
    -- A role is a member of up to three with a smaller number.
    FOR r IN 1..499 LOOP
        FOR m IN 1..3 LOOP
            EXECUTE format('GRANT team_%s TO team_%s', lpad((r * m * 31 % r)::text, 3, '0'), lpad(r::text, 3, '0'));
        END LOOP;
    END LOOP;
    FOR s IN 0..99 LOOP
        EXECUTE format('CREATE SCHEMA app_%s', lpad(s::text, 3, '0'));
        FOR k IN 0..4 LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA app_%s TO team_%s', lpad(s::text, 3, '0'), lpad(((s * 5 + k) % 500)::text, 3, '0'));
        END LOOP;
        FOR t IN 0..99 LOOP
            relation := format('app_%s.%s_%s', lpad(s::text, 3, '0'), nouns[t % 10 + 1], lpad((s * 100 + t)::text, 5, '0'));
            SELECT string_agg(format('%s_%s %s', words[(k + t) % 10 + 1], lpad(k::text, 2, '0'), types[(k * 7 + t + s) % 10 + 1]), ', ' ORDER BY k)
            INTO columns FROM generate_series(1, 18) AS numbers(k);
            EXECUTE format('CREATE TABLE %s (id bigint PRIMARY KEY, parent_id bigint %s, %s)', relation,
                CASE WHEN t % 5 = 4 THEN format('REFERENCES app_%s.%s_%s', lpad(s::text, 3, '0'), nouns[(t - 1) % 10 + 1], lpad((s * 100 + t - 1)::text, 5, '0')) ELSE '' END,
                columns);
            FOR g IN 1..2 LOOP
                EXECUTE format('GRANT %s ON %s TO team_%s', (array['SELECT', 'INSERT', 'UPDATE', 'SELECT, INSERT', 'ALL'])[(t + g) % 5 + 1],
                    relation, lpad(((s * 100 + t) * g * 7 % 500)::text, 3, '0'));
            END LOOP;
        END LOOP;
    END LOOP;
END
$seed$;
