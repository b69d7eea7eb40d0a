-- What schema/migrate.py needs to know and to write down.

-- name: lock
-- $1 key bigint -> waits until no other process migrates this database; let go when the transaction ends
SELECT pg_advisory_xact_lock($1::bigint);

-- name: create_record
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer     PRIMARY KEY CHECK (number > 0),
    title      text        NOT NULL,
    sha256     text        NOT NULL CHECK (length(sha256) = 64),
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- name: record_exists
-- -> true when a migration was ever run here
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: transaction
-- -> the number of the transaction that this runs in
SELECT pg_current_xact_id()::text;

-- name: applied
-- -> number, title, sha256, applied_at, lowest number first
SELECT number, title, sha256, applied_at FROM schema_migrations ORDER BY number;

-- name: add
-- $1 number integer, $2 title text, $3 sha256 text
INSERT INTO schema_migrations (number, title, sha256) VALUES ($1, $2, $3);

-- name: remove
-- $1 number integer
DELETE FROM schema_migrations WHERE number = $1;

-- name: has_web
-- -> whether this schema has those who answer requests act as a role of their own
SELECT to_regprocedure('open_to_web()') IS NOT NULL;

-- name: act_for_all
-- -> the rows of every tenant are seen to the end of the transaction, also by an owner whom policies bind
SELECT set_config('triald.tenant', '*', true);
