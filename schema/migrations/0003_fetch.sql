-- Polite fetching: limits shared by all processes, and what pages looked like when they were last kept.

-- forward
CREATE TABLE rate_limits (
    name         text             PRIMARY KEY CHECK (name <> ''),
    per_min      double precision NOT NULL CHECK (per_min > 0),
    slot_at      timestamptz      NOT NULL,
    closed_until timestamptz,
    clock_at     timestamptz      NOT NULL
) WITH (fillfactor = 50);

COMMENT ON COLUMN rate_limits.slot_at IS 'the last slot that was given away; the next lies one spacing later';
COMMENT ON COLUMN rate_limits.closed_until IS 'the source asked for no call before this';
COMMENT ON COLUMN rate_limits.clock_at IS 'the clock when this row was last written: a clock behind it was set back';

CREATE TABLE http_validators (
    url           text        PRIMARY KEY,
    etag          text,
    last_modified text,
    kept_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (etag IS NOT NULL OR last_modified IS NOT NULL)
);

-- back
DROP TABLE http_validators;
DROP TABLE rate_limits;
