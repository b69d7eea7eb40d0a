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

-- name: older_outbox
-- $1 before timestamptz
select count(*) from outbox where made_at < $1::timestamptz
    and not exists (select from webhook_deliveries d where d.outbox_id = outbox.id)

-- name: older_alert_episodes
-- $1 before timestamptz
select count(*) from alert_episodes where ended_at < $1::timestamptz

-- name: older_alert_sends
-- $1 before timestamptz
select count(*) from alert_sends where made_at < $1::timestamptz and state <> 'waiting'

-- name: older_alert_silences
-- $1 before timestamptz
select count(*) from alert_silences where coalesce(ended_at, until_at) < $1::timestamptz

-- name: older_notices
-- $1 before timestamptz
select count(*) from notices where made_at < $1::timestamptz

-- name: older_reports
-- $1 before timestamptz
select count(*) from daily_reports where day < ($1::timestamptz at time zone 'UTC')::date

-- name: older_cluster_events
-- $1 before timestamptz
select count(*) from duplicate_events where at < $1::timestamptz and decision_id is null

-- name: older_event_log
-- $1 before timestamptz -> the last one stays
select count(*) from events where at < $1::timestamptz and id < (select max(id) from events)

-- name: tables
-- -> every table, those of partitions and of extensions left out
select c.relname as name from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by 1

-- name: keep_backups_away
-- -> whether none is under way; those that come wait until the transaction ends
select pg_try_advisory_xact_lock(1953655140, 1)

-- name: older_sessions
-- $1 before timestamptz -> with the wrong passwords of that time
select (select count(*) from sessions where until_at < $1::timestamptz or ended_at < $1::timestamptz)
     + (select count(*) from login_failures where failed_at < $1::timestamptz)

-- name: older_rate_buckets
-- $1 before timestamptz
select count(*) from rate_buckets where at < $1::timestamptz

-- name: older_backup_runs
-- $1 before timestamptz -> the last of each kind and state is kept
select count(*) from backup_runs b where ended_at < $1::timestamptz and exists (
    select from backup_runs n where (n.kind, n.state) = (b.kind, b.state) and (n.ended_at, n.id) > (b.ended_at, b.id))

-- name: older_approvals
-- $1 before timestamptz -> how many were decided before, and cover nothing any more
select count(*) from approvals where decided_at < $1::timestamptz and (covers_until is null or covers_until < $1::timestamptz);

-- name: older_access_requests
-- $1 before timestamptz -> how many have ended before
select count(*) from access_requests where coalesce(revoked_at, until_at, case state when 'denied' then decided_at end) < $1::timestamptz;
