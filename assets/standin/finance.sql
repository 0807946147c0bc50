-- The database "finance": hardened, as AWS's guides advise. Only invited roles may connect.
SET SESSION AUTHORIZATION master;
REVOKE CONNECT, TEMPORARY ON DATABASE finance FROM PUBLIC;
CREATE SCHEMA ledger;
CREATE TABLE ledger.entries (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booked_on date NOT NULL,
    account text NOT NULL,
    amount numeric(12, 2) NOT NULL
);
INSERT INTO ledger.entries (booked_on, account, amount)
SELECT date '2025-01-01' + n % 365, (ARRAY['cash', 'stock', 'wages'])[1 + n % 3], n * 3.17 - 800
FROM generate_series(1, 500) AS n;
GRANT USAGE ON SCHEMA ledger TO auditor;
GRANT SELECT ON ledger.entries TO auditor;
RESET SESSION AUTHORIZATION;
