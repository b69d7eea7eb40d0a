-- Limits shared by all processes, and what pages looked like when they were last kept.
--
-- A limit is one row that holds the last slot given away (GCRA: the theoretical arrival time, without a burst).
-- All times are of the database's clock, read once the row is locked. If that clock stands behind clock_at it was
-- set back; `seen` is then clock_at, and slot_at and closed_until move back by the same step. So a clock set back
-- lengthens a wait by no more than the time since the last call, and never brings two slots closer together.

-- name: reserve_slot
-- $1 name text, $2 per_min float8, $3 spacing_s float8, $4 patience_s float8
-- -> seconds from now to the slot that is now the caller's; no row, and no slot taken, if that is above patience_s
INSERT INTO rate_limits AS l (name, per_min, slot_at, clock_at)
SELECT $1, $2, c.now, c.now FROM (SELECT clock_timestamp() AS now) c
ON CONFLICT (name) DO UPDATE
SET (per_min, slot_at, closed_until, clock_at) = (
    SELECT excluded.per_min,
           c.now + greatest(l.slot_at + make_interval(secs => $3) - c.seen, l.closed_until - c.seen, interval '0'),
           c.now + (l.closed_until - c.seen),
           c.now
    FROM (SELECT n.now, greatest(n.now, l.clock_at) AS seen FROM (SELECT clock_timestamp() AS now) n) c
)
WHERE greatest(l.slot_at + make_interval(secs => $3), l.closed_until) - greatest(clock_timestamp(), l.clock_at)
      <= make_interval(secs => $4)
RETURNING extract(epoch FROM l.slot_at - l.clock_at)::float8;

-- name: slot_free_in
-- $1 name text, $2 spacing_s float8 -> seconds from now to the next free slot, 0 if one is free now
SELECT coalesce(max(extract(epoch FROM greatest(
           greatest(l.slot_at + make_interval(secs => $2), l.closed_until) - greatest(clock_timestamp(), l.clock_at),
           interval '0'))), 0)::float8
FROM rate_limits l WHERE l.name = $1;

-- name: close_limit
-- $1 name text, $2 per_min float8, $3 for_s float8 -> no slot before that; a longer closing stays
INSERT INTO rate_limits AS l (name, per_min, slot_at, closed_until, clock_at)
SELECT $1, $2, c.now, c.now + make_interval(secs => $3), c.now FROM (SELECT clock_timestamp() AS now) c
ON CONFLICT (name) DO UPDATE
SET (slot_at, closed_until, clock_at) = (
    SELECT c.now + (l.slot_at - c.seen),
           greatest(c.now + (l.closed_until - c.seen), c.now + make_interval(secs => $3)),
           c.now
    FROM (SELECT n.now, greatest(n.now, l.clock_at) AS seen FROM (SELECT clock_timestamp() AS now) n) c
);

-- name: closed_for
-- $1 name text -> seconds until the limit opens, 0 if it is open
SELECT coalesce(max(extract(epoch FROM greatest(
           l.closed_until - greatest(clock_timestamp(), l.clock_at), interval '0'))), 0)::float8
FROM rate_limits l WHERE l.name = $1;

-- name: validators
-- $1 url text -> etag, last_modified
SELECT etag, last_modified FROM http_validators WHERE url = $1;

-- name: keep_validators
-- $1 url text, $2 etag text, $3 last_modified text -> both NULL: nothing is kept, and what was kept is dropped. So is what
-- nobody has asked about for three months: a question that names a day is asked for some days only
WITH gone AS (
    DELETE FROM http_validators
    WHERE url = $1 AND $2::text IS NULL AND $3::text IS NULL OR url <> $1 AND kept_at < now() - interval '90 days'
)
INSERT INTO http_validators AS v (url, etag, last_modified)
SELECT $1, $2, $3 WHERE $2::text IS NOT NULL OR $3::text IS NOT NULL
ON CONFLICT (url) DO UPDATE
SET etag = excluded.etag, last_modified = excluded.last_modified, kept_at = excluded.kept_at;
