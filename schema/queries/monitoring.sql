-- Measures and alerts.

-- name: add_measures
-- $1 at timestamptz (whole ten seconds), $2 names text[], $3 labels text[], $4 values double precision[]
insert into measures (at, name, label, value)
select $1, * from unnest($2::text[], $3::text[], $4::double precision[]) on conflict do nothing

-- name: samples
-- $1 name text, $2 since timestamptz -> the samples of a measure, by label and time
select label, at, value from measures where name = $1 and at >= $2 order by label, at

-- name: trim_measures
-- $1 before timestamptz -> samples removed
with gone as (delete from measures where at < $1 returning 1) select count(*) from gone

-- name: open_alert
-- $1 name, $2 subject, $3 severity, $4 message, $5 value, $6 threshold -> a row when the episode is new
insert into alerts as a (name, subject, severity, message, value, threshold) values ($1, $2, $3, $4, $5, $6)
on conflict (name, subject) where closed_at is null
do update set seen_at = now(), value = excluded.value, message = excluded.message
returning id, xmax = 0 as opened

-- name: close_alert
-- $1 name, $2 subject, $3 quiet_s double precision -> the id when there was one open that nobody has seen for so long
update alerts set closed_at = now()
where name = $1 and subject = $2 and closed_at is null and seen_at <= now() - make_interval(secs => $3) returning id

-- name: open_alerts
-- -> the episodes that last, the gravest first
select id, name, subject, severity, message, value, threshold, opened_at, seen_at, closed_at, acknowledged_at, acknowledged_by
from alerts where closed_at is null
order by array_position(array['critical', 'high', 'medium', 'low'], severity), opened_at

-- name: recent_alerts
-- $1 limit integer -> episodes, the newest first
select id, name, subject, severity, message, value, threshold, opened_at, seen_at, closed_at, acknowledged_at, acknowledged_by
from alerts order by opened_at desc, id desc limit $1

-- name: acknowledge
-- $1 id bigint, $2 by text -> the id when the episode is open
update alerts set acknowledged_at = coalesce(acknowledged_at, now()), acknowledged_by = coalesce(acknowledged_by, $2)
where id = $1 and closed_at is null returning id

-- name: trim_alerts
-- $1 before timestamptz -> closed episodes removed
with gone as (delete from alerts where closed_at < $1 returning 1) select count(*) from gone

-- name: database_size
-- -> bytes
select pg_database_size(current_database())

-- name: table_sizes
-- -> the tables with their indexes, in bytes, the largest first
select c.relname as name, pg_total_relation_size(c.oid) as size_bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r' order by 2 desc limit 20

-- name: listen_queue_usage
-- -> share of the notification queue that is in use, 0 to 1
select pg_notification_queue_usage()

-- name: close_orphans
-- -> registries of scrapes that ran, and whose job has ended without closing them
update scrapes s set state = 'failed', ended_at = now(), error = coalesce(error, 'its job ended: see triald jobs show ' || job_id)
where state = 'running' and job_id is not null and started_at < now() - interval '1 minute'
  and not exists (select from jobs j where j.id = s.job_id and j.state <> 'dead')
returning registry

-- name: registry_failures
-- -> per registry: 1 while its latest scrape failed or its last attempt did, else 0
select distinct on (registry) registry,
       case when state = 'failed' or state = 'running' and error is not null then 1.0 else 0.0 end as failing
from scrapes where state <> 'cancelled' order by registry, id desc

-- name: breakers
-- -> per breaker: 1 while nobody calls what it guards, else 0: a source that asked for a pause, webhooks that keep
-- failing, a way of alerts to people
select name as breaker, case when closed_until > clock_timestamp() then 1.0 else 0.0 end as open from rate_limits
union all
select 'webhooks', case when exists (select 1 from webhooks where is_on and closed_until > clock_timestamp())
                        then 1.0 else 0.0 end
union all
select name, case when closed_until > clock_timestamp() then 1.0 else 0.0 end from alert_channels

-- name: rescued_since
-- $1 since timestamptz -> how many jobs were taken back
select count(*) from job_events where at >= $1 and event = 'rescued'
