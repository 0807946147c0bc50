-- Roles as RDS makes them. Run as the bootstrap superuser, rdsadmin, in one transaction.
-- Source: RDS guide, "Understanding PostgreSQL roles and permissions".

CREATE ROLE rds_iam NOLOGIN;
CREATE ROLE rds_password NOLOGIN;
CREATE ROLE rds_replication NOLOGIN;
CREATE ROLE rds_superuser NOLOGIN;
GRANT pg_monitor, pg_signal_backend, rds_password, rds_replication TO rds_superuser;

-- The master user: not a superuser, though the role it belongs to is called so.
CREATE ROLE master LOGIN CREATEDB CREATEROLE;
GRANT rds_superuser TO master;

-- Since PostgreSQL 16, CREATEROLE alone no longer grants any role: ADMIN on it is needed. It comes
-- without INHERIT and SET, so that the master can hand rds_iam out and gains nothing by it.
-- src/standin/gate.rs says why this does not make the master a token user.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        EXECUTE 'GRANT rds_iam TO master WITH ADMIN TRUE, INHERIT FALSE, SET FALSE';
    END IF;
END
$$;

-- The shop's groups. Privileges are given to groups where several people need them.
CREATE ROLE readers NOLOGIN;
CREATE ROLE staff NOLOGIN;
CREATE ROLE hr_owner NOLOGIN;
GRANT hr_owner TO master;
-- Whoever is staff signs in by token: membership in rds_iam counts through any chain.
GRANT rds_iam TO staff;

CREATE ROLE analyst LOGIN IN ROLE rds_iam, readers;
CREATE ROLE intern LOGIN IN ROLE rds_iam;
CREATE ROLE developer LOGIN IN ROLE rds_iam;
CREATE ROLE support LOGIN IN ROLE rds_iam;
CREATE ROLE auditor LOGIN IN ROLE rds_iam;
CREATE ROLE "Ann O'Neil" LOGIN IN ROLE staff, readers;
CREATE ROLE "ana.lindqvist@example.com" LOGIN IN ROLE staff;
-- No token opens these: no rds_iam, no LOGIN, no connection left.
CREATE ROLE newcomer LOGIN IN ROLE readers;
CREATE ROLE suspended NOLOGIN IN ROLE rds_iam, readers;
CREATE ROLE nightly LOGIN CONNECTION LIMIT 0 IN ROLE rds_iam, readers;

COMMENT ON ROLE analyst IS 'Reads the shop; everything works at once';
COMMENT ON ROLE intern IS 'May read customers, but lacks USAGE on their schema';
COMMENT ON ROLE developer IS 'Writes orders, may create nothing';
COMMENT ON ROLE support IS 'Sees customers without e-mail and birthday, and its own tickets';
COMMENT ON ROLE auditor IS 'Has no CONNECT on the finance database';
COMMENT ON ROLE newcomer IS 'Was never granted rds_iam';
COMMENT ON ROLE suspended IS 'Has lost LOGIN';
COMMENT ON ROLE nightly IS 'May open no connection at all';
