-- Alerts as people are told of them. Migration 0022 has the tables; those of the monitor are in monitoring.sql.

-- name: lock
-- -> whether nobody else decides just now what to tell; let go when the transaction ends
select pg_try_advisory_xact_lock(1953655148, 22);

-- name: begin
-- -> what opened begins an episode, or goes on with the one that is not over yet
insert into alert_episodes as e (alert_id, opened_at, name, subject, severity, message, acknowledged_at, acknowledged_by)
select a.id, a.opened_at, a.name, a.subject, a.severity, a.message, a.acknowledged_at, a.acknowledged_by
from alerts a where a.closed_at is null
on conflict (name, subject) where ended_at is null do update set
    alert_id = excluded.alert_id, closed_at = null, severity = excluded.severity, message = excluded.message,
    acknowledged_at = coalesce(e.acknowledged_at, excluded.acknowledged_at),
    acknowledged_by = coalesce(e.acknowledged_by, excluded.acknowledged_by)
where e.alert_id <> excluded.alert_id or e.closed_at is not null
   or e.acknowledged_at is null and excluded.acknowledged_at is not null;

-- name: close
-- $1 now -> episodes whose alert is open no more are closed, for now
update alert_episodes e set closed_at = coalesce((select a.closed_at from alerts a where a.id = e.alert_id), $1::timestamptz)
where e.ended_at is null and e.closed_at is null
  and not exists (select from alerts a where a.name = e.name and a.subject = e.subject and a.closed_at is null);

-- name: going_on
-- -> the episodes that are not over, and what was told of each
select e.id, e.name, e.subject, e.severity, coalesce(a.message, e.message) as message, e.opened_at, e.closed_at, e.acknowledged_at,
       e.acknowledged_by, e.alert_id,
       coalesce((select jsonb_agg(jsonb_build_object('channel', t.channel, 'what', t.what, 'number', t.number, 'at', t.told_at)
                                  order by t.told_at, t.number)
                 from alert_told t where t.episode_id = e.id), '[]')::text as told
from alert_episodes e left join alerts a on a.id = e.alert_id where e.ended_at is null order by e.opened_at, e.id;

-- name: end_episodes
-- $1 ids bigint[], $2 at -> these are over
update alert_episodes set ended_at = $2::timestamptz where id = any($1::bigint[]) and ended_at is null;

-- name: add_send
-- $1 channel, $2 key, $3 at -> the id of a mail or an event that is to be sent
insert into alert_sends (channel, key, made_at, next_try_at) values ($1, $2, $3::timestamptz, $3::timestamptz) returning id;

-- name: tell
-- $1 send id or null, $2 channel, $3 at, then of each: $4 episodes, $5 what, $6 numbers -> the episodes of which it was not told yet
insert into alert_told (episode_id, send_id, told_at, channel, what, number)
select t.episode_id, $1::bigint, $3::timestamptz, $2::text, t.what, t.number
from unnest($4::bigint[], $5::text[], $6::integer[]) as t (episode_id, what, number)
on conflict do nothing returning episode_id;

-- name: claim
-- $1 now, $2 channel, $3 for how long it is ours in s, $4 failures that close the way, $5 for how long one that tries it keeps
-- others off in s -> what is to be sent next; of one key the first
with way as (
    update alert_channels set closed_until = case when failures >= $4::integer
        then $1::timestamptz + make_interval(secs => $5::double precision) else closed_until end
    where name = $2::text and (closed_until is null or closed_until <= $1::timestamptz)
      and exists (select from alert_sends s where s.channel = $2::text and s.state = 'waiting' and s.next_try_at <= $1::timestamptz
                  and (s.claimed_until is null or s.claimed_until <= $1::timestamptz))
    returning name
), one as (
    select s.id from way w join alert_sends s on s.channel = w.name
    where s.state = 'waiting' and s.next_try_at <= $1::timestamptz
      and (s.claimed_until is null or s.claimed_until <= $1::timestamptz)
      and not exists (select from alert_sends p where p.channel = s.channel and p.key = s.key and p.id < s.id and p.state = 'waiting')
    order by s.id limit 1 for update of s skip locked
)
update alert_sends s set claimed_until = $1::timestamptz + make_interval(secs => $3::double precision), attempts = s.attempts + 1
from one where s.id = one.id returning s.id, s.attempts, s.made_at;

-- name: items
-- $1 send id -> what it says
select t.what, t.number, e.id, e.name, e.subject, e.severity, coalesce(a.message, e.message) as message, e.opened_at, e.closed_at,
       e.acknowledged_at, e.acknowledged_by
from alert_told t join alert_episodes e on e.id = t.episode_id left join alerts a on a.id = e.alert_id
where t.send_id = $1 order by e.id, t.what, t.number;

-- name: sent
-- $1 id, $2 attempt, $3 at, $4 status or null, $5 took_s -> the way where this was still ours
with done as (
    update alert_sends set state = 'sent', ended_at = $3::timestamptz, last_status = $4::integer, took_s = $5::real,
        last_error = null, claimed_until = null
    where id = $1::bigint and attempts = $2::integer and state = 'waiting' returning channel
)
update alert_channels c set last_success_at = $3::timestamptz, failures = 0, unavailable_since = null, closed_until = null,
    last_error = null
from done d where c.name = d.channel returning c.name;

-- name: channel_failures
-- $1 channel -> its failures in a row
select failures from alert_channels where name = $1;

-- name: not_sent
-- $1 id, $2 attempt, $3 at, $4 status or null, $5 why, $6 next try, $7 no other follows, $8 the way is closed until or null
with tried as (
    update alert_sends set last_status = $4::integer, last_error = $5::text, next_try_at = $6::timestamptz, claimed_until = null,
        state = case when $7::boolean then 'dead' else state end, ended_at = case when $7::boolean then $3::timestamptz end
    where id = $1::bigint and attempts = $2::integer and state = 'waiting' returning channel
)
update alert_channels c set last_failure_at = $3::timestamptz, failures = c.failures + 1, last_error = $5::text,
    unavailable_since = coalesce(c.unavailable_since, $3::timestamptz), closed_until = $8::timestamptz
from tried t where c.name = t.channel;

-- name: channels
-- -> the ways, and how they stand
select c.name, c.last_success_at, c.last_failure_at, c.unavailable_since, c.closed_until, c.failures, c.last_error,
       (select count(*) from alert_sends s where s.channel = c.name and s.state = 'waiting') as waiting,
       (select count(*) from alert_sends s where s.channel = c.name and s.state = 'dead') as dead
from alert_channels c order by c.name;

-- name: sends
-- $1 limit -> what was sent lately, the newest first
select s.id, s.channel, s.state, s.attempts, s.made_at, s.ended_at, s.last_status, s.last_error, s.took_s,
       (select array_agg(t.what || ' ' || e.name || case when e.subject = '' then '' else ' (' || e.subject || ')' end order by e.id)
        from alert_told t join alert_episodes e on e.id = t.episode_id where t.send_id = s.id) as items
from alert_sends s order by s.id desc limit $1::integer;

-- name: routes
-- -> which severity goes by which way
select severity, channel from alert_routes;

-- name: clear_routes
-- -> none goes by any
delete from alert_routes;

-- name: add_routes
-- $1 severities, $2 channels
insert into alert_routes (severity, channel) select * from unnest($1::text[], $2::text[]);

-- name: silences
-- $1 now, $2 limit -> those that hold, by their end; then those that do not any more, the newest first
select id, name, subject, severity, why, made_by, made_at, until_at, ended_at, ended_by from alert_silences
order by ended_at is null and until_at > $1::timestamptz desc,
         case when ended_at is null and until_at > $1::timestamptz then until_at end, id desc limit $2::integer;

-- name: silences_that_hold
-- $1 now
select id, name, subject, severity, why, made_by, made_at, until_at, ended_at, ended_by from alert_silences
where ended_at is null and until_at > $1::timestamptz order by id;

-- name: count_silences
-- $1 now -> how many hold
select count(*) from alert_silences where ended_at is null and until_at > $1::timestamptz;

-- name: add_silence
-- $1 name, $2 subject, $3 severity (null: any), $4 why, $5 by, $6 at, $7 until -> its id
insert into alert_silences (name, subject, severity, why, made_by, made_at, until_at)
values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::timestamptz, $7::timestamptz) returning id;

-- name: end_silence
-- $1 id, $2 by, $3 at -> the id where it held
update alert_silences set ended_at = $3::timestamptz, ended_by = $2::text
where id = $1::bigint and ended_at is null and until_at > $3::timestamptz returning id;

-- name: trim_episodes
-- $1 before timestamptz -> how many episodes that are over were removed
with gone as (delete from alert_episodes where ended_at < $1 returning 1) select count(*) from gone;

-- name: trim_sends
-- $1 before timestamptz -> how many sends were removed
with gone as (delete from alert_sends where made_at < $1 and state <> 'waiting' returning 1) select count(*) from gone;

-- name: trim_silences
-- $1 before timestamptz -> how many silences that hold no more were removed
with gone as (delete from alert_silences where coalesce(ended_at, until_at) < $1 returning 1) select count(*) from gone;
