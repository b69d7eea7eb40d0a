-- How many rows are older than they are kept: older_<name> for each rule of actors/retention.

-- name: older_history
-- $1 before timestamptz -> jobs that ended before, in days that are dropped whole or in the catch-all
select count(*) from job_history
where ended_at < $1::timestamptz
  and (tableoid = 'job_history_default'::regclass or ended_at < date_trunc('day', $1::timestamptz, 'UTC'))

-- name: older_ticks
-- $1 before timestamptz
select count(*) from schedule_ticks where due_at < $1::timestamptz

-- name: older_events
-- $1 before timestamptz
select count(*) from job_events where at < $1::timestamptz

-- name: older_keys
-- $1 before timestamptz
select count(*) from idempotency_keys where created_at < $1::timestamptz

-- name: older_measures
-- $1 before timestamptz
select count(*) from measures where at < $1::timestamptz

-- name: older_alerts
-- $1 before timestamptz
select count(*) from alerts where closed_at < $1::timestamptz

-- name: older_deliveries
-- $1 before timestamptz
select count(*) from webhook_deliveries where ended_at < $1::timestamptz

-- name: older_notices
-- $1 before timestamptz
select count(*) from notices where made_at < $1::timestamptz

-- name: older_reports
-- $1 before timestamptz
select count(*) from daily_reports where day < ($1::timestamptz at time zone 'UTC')::date

-- name: older_cluster_events
-- $1 before timestamptz
select count(*) from duplicate_events where at < $1::timestamptz and decision_id is null

-- name: tables
-- -> every table, those of partitions and of extensions left out
select c.relname as name from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by 1
