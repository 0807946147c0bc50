-- A schema of 100 tables of 20 columns, each with a primary key, every fifth with a foreign key;
-- some of the roles of `roles.sql` may do something here.
DO $seed$
DECLARE
    s constant integer := {schema};
    schema constant text := 'app_' || lpad(s::text, 3, '0');
    nouns constant text[] := '{account,basket,courier,delivery,employee,invoice,journal,product,refund,supplier}';
    types constant text[] := '{integer,bigint,text,varchar(64),"numeric(12,2)",timestamptz,boolean,uuid,jsonb,date}';
    words constant text[] := '{name,state,code,total,created,changed,owner,region,flag,source}';
    privileges constant text[] := '{SELECT,INSERT,UPDATE,"SELECT, INSERT",ALL}';
    columns text;
    relation text;
    before text;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', schema);
    FOR k IN 0..4 LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO team_%s', schema, lpad(((s * 5 + k) % 500)::text, 3, '0'));
    END LOOP;
    FOR t IN 0..99 LOOP
        relation := format('%I.%s_%s', schema, nouns[t % 10 + 1], lpad((s * 100 + t)::text, 5, '0'));
        SELECT string_agg(format('%s_%s %s', words[(k + t) % 10 + 1], lpad(k::text, 2, '0'), types[(k * 7 + t + s) % 10 + 1]), ', ' ORDER BY k)
        INTO columns FROM generate_series(1, 18) AS numbers(k);
        EXECUTE format('CREATE TABLE %s (id bigint PRIMARY KEY, parent_id bigint %s, %s)', relation,
            CASE WHEN t % 5 = 4 THEN 'REFERENCES ' || before ELSE '' END, columns);
        FOR g IN 1..2 LOOP
            EXECUTE format('GRANT %s ON %s TO team_%s', privileges[(t + g) % 5 + 1], relation, lpad(((s * 100 + t) * g * 7 % 500)::text, 3, '0'));
        END LOOP;
        before := relation;
    END LOOP;
END
$seed$;
