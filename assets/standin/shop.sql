-- A small shop in the database "orders", owned by the master user. One transaction.
-- Everything is computed from row numbers, so every run has the same data.

-- PostgreSQL 15 and newer give public to the database's owner and let nobody else create in it.
-- Older servers are brought to the same state, so that the demo refuses the same things.
DO $$
BEGIN
    IF current_setting('server_version_num')::int < 150000 THEN
        EXECUTE 'ALTER SCHEMA public OWNER TO master';
        EXECUTE 'REVOKE CREATE ON SCHEMA public FROM PUBLIC';
    END IF;
END
$$;

CREATE SCHEMA hr AUTHORIZATION hr_owner;
SET SESSION AUTHORIZATION master;

CREATE SCHEMA crm;
CREATE SCHEMA sales;
CREATE SCHEMA reporting;
CREATE SCHEMA web;
COMMENT ON SCHEMA crm IS 'Who buys';
COMMENT ON SCHEMA sales IS 'What is sold';
COMMENT ON SCHEMA reporting IS 'Views for people who only read';
COMMENT ON SCHEMA web IS 'What visitors do';

-- crm ---------------------------------------------------------------------------------------------

CREATE DOMAIN crm.email AS text CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');
CREATE TYPE crm.segment AS ENUM ('private', 'business', 'reseller');
CREATE TYPE crm.address AS (street text, city text, country char(2));

CREATE TABLE crm.customers (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email crm.email NOT NULL UNIQUE,
    birthday date,
    segment crm.segment NOT NULL DEFAULT 'private',
    country char(2) NOT NULL,
    address crm.address,
    tags text[] NOT NULL DEFAULT '{}',
    preferences jsonb NOT NULL DEFAULT '{}',
    joined_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE crm.customers IS 'One row a customer; e-mail and birthday are personal data';
COMMENT ON COLUMN crm.customers.email IS 'Where invoices go; not for everybody';

INSERT INTO crm.customers (name, email, birthday, segment, country, address, tags, preferences, joined_at)
SELECT first || ' ' || last,
       lower(translate(first, 'äöüéØ', 'aoueo') || '.' || translate(last, 'öåßéñ', 'oasen')) || n || '@example.com',
       CASE WHEN n % 7 <> 0 THEN date '1950-01-01' + (n * 37 % 20000) END,
       (ARRAY['private', 'private', 'private', 'business', 'reseller'])[1 + n % 5]::crm.segment,
       land,
       ROW ('Lindenweg ' || 1 + n % 120, city, land)::crm.address,
       CASE WHEN n % 3 = 0 THEN ARRAY['newsletter', 'season ' || n % 4] ELSE '{}' END,
       jsonb_build_object('language', lower(land), 'dark_mode', n % 2 = 0, 'shoe_sizes', jsonb_build_array(36 + n % 10, 37 + n % 10)),
       timestamptz '2023-01-01 08:00+00' + n * interval '11 hours'
FROM generate_series(1, 2000) AS n,
     LATERAL (SELECT (ARRAY['Ana', 'Björn', 'Chloé', 'Dmitri', 'Elif', 'Farid', 'Grete', 'Hiro', 'Inês', 'Øyvind'])[1 + n % 10] AS first,
                     (ARRAY['Lindqvist', 'Müller', 'O''Neil', 'Nakamura', 'Peña', 'Åkesson', 'Weiß'])[1 + n % 7] AS last,
                     (ARRAY['SE', 'DE', 'FR', 'JP', 'ES', 'NO'])[1 + n % 6] AS land,
                     (ARRAY['Göteborg', 'Köln', 'Lyon', '京都', 'Málaga', 'Tromsø'])[1 + n % 6] AS city) AS person;

CREATE TABLE crm.tickets (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES crm.customers,
    assigned_to name NOT NULL,
    subject text NOT NULL,
    open boolean NOT NULL DEFAULT true,
    waited interval NOT NULL,
    client inet
);
COMMENT ON TABLE crm.tickets IS 'Row-level security: support sees only what is assigned to it';
INSERT INTO crm.tickets (customer_id, assigned_to, subject, open, waited, client)
SELECT 1 + n * 7 % 2000,
       (ARRAY['support', 'analyst', 'Ann O''Neil'])[1 + n % 3],
       (ARRAY['Parcel is late', 'Wrong size', 'Refund, please', 'Where is my invoice?'])[1 + n % 4],
       n % 5 <> 0, n * interval '17 minutes', inet '10.0.0.0' + n
FROM generate_series(1, 300) AS n;
ALTER TABLE crm.tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_tickets ON crm.tickets TO support USING (assigned_to = current_user) WITH CHECK (assigned_to = current_user);
CREATE POLICY readers_see_open_tickets ON crm.tickets FOR SELECT TO readers USING (open);

-- sales -------------------------------------------------------------------------------------------

CREATE TYPE sales.order_state AS ENUM ('placed', 'paid', 'shipped', 'returned');
CREATE SEQUENCE sales.invoice_number START 100001;
COMMENT ON SEQUENCE sales.invoice_number IS 'Gapless only by good will';

CREATE TABLE sales.products (
    sku text PRIMARY KEY,
    name text NOT NULL,
    price numeric(10, 2) NOT NULL CHECK (price > 0),
    weight_kg real,
    picture bytea,
    external_id uuid NOT NULL UNIQUE
);
INSERT INTO sales.products
SELECT 'SKU-' || to_char(n, 'FM0000'),
       (ARRAY['Kettle', 'Lamp', 'Rucksack', 'Notebook', 'Umbrella', 'Teapot'])[1 + n % 6] || ' No. ' || n,
       round((n * 7.31)::numeric % 400 + 1.99, 2), (n % 40) / 8.0,
       CASE WHEN n % 4 = 0 THEN decode(md5(n::text), 'hex') END, md5('product ' || n)::uuid
FROM generate_series(1, 240) AS n;

-- A serial, not an identity column: inserting needs USAGE on the sequence as well.
CREATE TABLE sales.orders (
    id serial PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES crm.customers,
    state sales.order_state NOT NULL DEFAULT 'placed',
    total numeric(12, 2) NOT NULL DEFAULT 0,
    note text,
    placed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sales.orders IS 'One row an order; lines are in sales.order_lines';
CREATE INDEX orders_by_customer ON sales.orders (customer_id);
INSERT INTO sales.orders (customer_id, state, note, placed_at)
SELECT 1 + n * 13 % 2000,
       (ARRAY['placed', 'paid', 'shipped', 'shipped', 'returned'])[1 + n % 5]::sales.order_state,
       CASE WHEN n % 17 = 0 THEN E'Ring twice.\nThe dog is harmless.' END,
       timestamptz '2025-01-01 06:00+00' + n * interval '26 minutes'
FROM generate_series(1, 20000) AS n;

CREATE TABLE sales.order_lines (
    order_id integer NOT NULL REFERENCES sales.orders ON DELETE CASCADE,
    line smallint NOT NULL,
    sku text NOT NULL REFERENCES sales.products,
    quantity integer NOT NULL CHECK (quantity > 0),
    price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line)
);
INSERT INTO sales.order_lines
SELECT o.id, line, p.sku, 1 + (o.id + line) % 4, p.price
FROM sales.orders o
CROSS JOIN generate_series(1, 2) AS line
JOIN sales.products p ON p.sku = 'SKU-' || to_char(1 + (o.id * 3 + line * 29) % 240, 'FM0000');
UPDATE sales.orders o
SET total = lines.total
FROM (SELECT order_id, sum(quantity * price) AS total FROM sales.order_lines GROUP BY order_id) AS lines
WHERE lines.order_id = o.id;

CREATE TABLE sales.payments (
    id bigint GENERATED ALWAYS AS IDENTITY,
    order_id integer NOT NULL,
    paid_at timestamptz NOT NULL,
    amount numeric(12, 2) NOT NULL,
    method text NOT NULL,
    PRIMARY KEY (id, paid_at)
) PARTITION BY RANGE (paid_at);
CREATE TABLE sales.payments_2025_h1 PARTITION OF sales.payments FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
CREATE TABLE sales.payments_2025_h2 PARTITION OF sales.payments FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
CREATE TABLE sales.payments_later PARTITION OF sales.payments DEFAULT;
INSERT INTO sales.payments (order_id, paid_at, amount, method)
SELECT id, placed_at + interval '3 minutes', total, (ARRAY['card', 'transfer', 'voucher'])[1 + id % 3]
FROM sales.orders WHERE state <> 'placed';

CREATE FUNCTION sales.order_total(wanted integer) RETURNS numeric
    LANGUAGE sql STABLE
    AS 'SELECT sum(quantity * price) FROM sales.order_lines WHERE order_id = wanted';
CREATE FUNCTION sales.refund(wanted integer, reason text DEFAULT 'goodwill') RETURNS numeric
    LANGUAGE sql
    AS 'UPDATE sales.orders SET state = ''returned'', note = reason WHERE id = wanted RETURNING total';
CREATE PROCEDURE sales.ship(wanted integer)
    LANGUAGE sql
    AS 'UPDATE sales.orders SET state = ''shipped'' WHERE id = wanted';
REVOKE EXECUTE ON FUNCTION sales.refund(integer, text) FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE sales.ship(integer) FROM PUBLIC;
COMMENT ON FUNCTION sales.refund(integer, text) IS 'Marks an order as returned; not for everybody';

-- reporting ---------------------------------------------------------------------------------------

CREATE VIEW reporting.order_overview AS
SELECT o.id, o.placed_at, o.state, o.total, c.name AS customer, c.country
FROM sales.orders o
JOIN crm.customers c ON c.id = o.customer_id;
COMMENT ON VIEW reporting.order_overview IS 'Runs with the rights of its owner, so readers need none on crm';
CREATE MATERIALIZED VIEW reporting.monthly_revenue AS
SELECT date_trunc('month', placed_at) AS month, c.country, count(*) AS orders, sum(o.total) AS revenue
FROM sales.orders o
JOIN crm.customers c ON c.id = o.customer_id
WHERE o.state <> 'returned'
GROUP BY 1, 2;
CREATE UNIQUE INDEX monthly_revenue_key ON reporting.monthly_revenue (month, country);

-- web: filled in the background after the first screen ---------------------------------------------

CREATE TABLE web.events (
    id bigint PRIMARY KEY,
    occurred_at timestamptz NOT NULL,
    customer_id integer,
    kind text NOT NULL,
    path text NOT NULL,
    milliseconds integer NOT NULL
);
COMMENT ON TABLE web.events IS 'The large one: two million rows that arrive while you look around';

-- public ------------------------------------------------------------------------------------------

CREATE TABLE public."Loyalty Cards" (
    "cardNo" text PRIMARY KEY,
    "Customer" integer REFERENCES crm.customers,
    "Points so far" integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE public."Loyalty Cards" IS 'Named by a spreadsheet: mixed case and spaces';
INSERT INTO public."Loyalty Cards"
SELECT 'LC-' || 5000 + n, n, n * 31 % 900 FROM generate_series(1, 200) AS n;

-- Who may what ------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA crm, sales, reporting, web TO readers;
GRANT SELECT ON ALL TABLES IN SCHEMA crm, sales, reporting, web TO readers;
GRANT SELECT ON public."Loyalty Cards" TO readers;

-- The intern lacks USAGE on schema crm and nothing else.
GRANT USAGE ON SCHEMA sales, reporting TO intern;
GRANT SELECT ON ALL TABLES IN SCHEMA sales, reporting TO intern;
GRANT SELECT ON crm.customers TO intern;

-- Support lacks the columns email and birthday.
GRANT USAGE ON SCHEMA crm TO support;
GRANT SELECT (id, name, segment, country, tags, joined_at) ON crm.customers TO support;
GRANT SELECT, UPDATE (open) ON crm.tickets TO support;

-- The developer may insert orders, but not use the sequence that numbers them; and create nothing.
GRANT USAGE ON SCHEMA sales TO developer;
GRANT SELECT, INSERT, UPDATE ON sales.orders, sales.order_lines TO developer;
GRANT SELECT ON sales.products TO developer;

GRANT USAGE ON SCHEMA reporting TO auditor, "ana.lindqvist@example.com";
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO auditor, "ana.lindqvist@example.com";

-- hr: owned by a role of its own ------------------------------------------------------------------

RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION hr_owner;
CREATE TABLE hr.employees (
    id integer PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL,
    hired_on date NOT NULL,
    manager_id integer REFERENCES hr.employees
);
CREATE TABLE hr.payroll (
    employee_id integer NOT NULL REFERENCES hr.employees,
    month date NOT NULL,
    gross numeric(10, 2) NOT NULL,
    PRIMARY KEY (employee_id, month)
);
COMMENT ON TABLE hr.payroll IS 'Nobody but hr_owner reads this';
INSERT INTO hr.employees
SELECT n, 'Employee ' || n, (ARRAY['buyer', 'packer', 'support', 'developer'])[1 + n % 4],
       date '2015-03-01' + n * 41, CASE WHEN n > 4 THEN 1 + n % 4 END
FROM generate_series(1, 60) AS n;
INSERT INTO hr.payroll
SELECT id, date '2025-01-01' + make_interval(months => m), 2600 + id * 37 % 1900
FROM hr.employees, generate_series(0, 11) AS m;
CREATE VIEW hr.phone_book AS SELECT id, name, role FROM hr.employees;
RESET SESSION AUTHORIZATION;
