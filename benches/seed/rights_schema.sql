-- One schema of a hundred tables with twenty columns, five of its columns with rights of their own,
-- two hundred grants, and a default for whoever makes tables in it.
CREATE SCHEMA app_{schema};
DO $$
DECLARE
    columns text := (SELECT string_agg(format('c%s %s', n, (ARRAY['int', 'text', 'numeric(12, 2)', 'timestamptz', 'jsonb'])[n % 5 + 1]), ', ')
                     FROM generate_series(1, 19) AS n);
    nouns text[] := ARRAY['orders', 'invoices', 'customers', 'payments', 'events'];
    privileges text[] := ARRAY['SELECT', 'INSERT', 'UPDATE, DELETE', 'SELECT, INSERT', 'ALL'];
    tables text[];
    chance int;
BEGIN
    FOR t IN 0..99 LOOP
        tables[t] := format('app_{schema}.%s_%s', nouns[t % 5 + 1], lpad(t::text, 2, '0'));
        EXECUTE format('CREATE TABLE %s (id bigint PRIMARY KEY, %s)', tables[t], columns);
        EXECUTE format('ALTER TABLE %s OWNER TO bench_%s', tables[t], t % 7);
    END LOOP;
    FOR g IN 1..200 LOOP
        chance := abs(hashint4({schema} * 1000 + g));
        EXECUTE format('GRANT %s ON %s TO bench_%s', privileges[chance % 5 + 1], tables[chance % 100], chance / 100 % 500);
    END LOOP;
    FOR g IN 1..5 LOOP
        chance := abs(hashint4({schema} * 1000 - g));
        EXECUTE format('GRANT USAGE ON SCHEMA app_{schema} TO bench_%s', chance % 500);
        EXECUTE format('GRANT SELECT (c%s) ON %s TO bench_%s', g, tables[chance % 100], chance / 100 % 500);
    END LOOP;
    EXECUTE format('GRANT CREATE ON SCHEMA app_{schema} TO bench_%s', {schema} % 7);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE bench_%s IN SCHEMA app_{schema} GRANT SELECT ON TABLES TO bench_%s',
                   {schema} % 7, {schema} % 500);
END $$;
