-- Where notices are sent to, and what came of it. Migration 0014 has the tables.

-- name: add
-- $1 owner, $2 url, $3 secret, $4 at -> the id, null where they have it already
insert into webhooks (owner, url, secret, created_at) values ($1, $2, $3, $4) on conflict do nothing returning id;

-- name: count_of
-- $1 owner -> how many are theirs
select count(*) from webhooks where owner = $1;

-- name: remove
-- $1 owner, $2 id -> the id where there was one
delete from webhooks where owner = $1 and id = $2 returning id;

-- name: listed
-- $1 owner -> theirs, the newest first
select w.id, w.url, w.is_on, w.created_at, w.last_success_at, w.last_failure_at, w.unavailable_since, w.closed_until,
       w.failures, w.last_error,
       (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'waiting') as waiting,
       (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'dead') as dead
from webhooks w where w.owner = $1 order by w.id desc;

-- name: switch
-- $1 owner, $2 id, $3 on -> the id where there is one; switched on, it begins anew
update webhooks set is_on = $3, failures = 0, closed_until = null,
    unavailable_since = case when $3 then null else unavailable_since end
where owner = $1 and id = $2 returning id;

-- name: deliver
-- $1 notice ids bigint[], $2 at -> a delivery for each webhook of whom these notices are for
insert into webhook_deliveries (webhook_id, notice_id, made_at)
select w.id, n.id, $2::timestamptz from notices n join webhooks w on w.owner = n.owner
where n.id = any($1::bigint[]) and w.is_on order by w.id, n.id
on conflict do nothing returning id;

-- name: note_jobs
-- $1 delivery ids bigint[], $2 job ids bigint[] -> which job sends each
update webhook_deliveries d set job_id = j.job_id
from unnest($1::bigint[], $2::bigint[]) as j (id, job_id) where d.id = j.id;

-- name: delivery
-- $1 id -> one, with where it goes and what is told; locked, so that an attempt which lost its lease waits
select d.id, d.state, d.made_at, d.attempts, w.id as webhook_id, w.url, w.secret, w.is_on, w.failures, w.unavailable_since,
       w.closed_until, n.id as notice_id, n.trial_id, n.registry, n.registry_id, n.title, n.version, n.kinds,
       n.changes::text, n.made_at as noticed_at
from webhook_deliveries d join webhooks w on w.id = d.webhook_id join notices n on n.id = d.notice_id where d.id = $1;

-- name: may_call
-- $1 webhook id, $2 now, $3 failures that close it, $4 for how long one that tries it keeps others off -> true, or nothing
update webhooks set closed_until = case when failures >= $3 then $2::timestamptz + make_interval(secs => $4) else closed_until end
where id = $1 and is_on and (closed_until is null or closed_until <= $2::timestamptz) returning true;

-- name: delivered
-- $1 id, $2 at, $3 status -> it has arrived
with arrived as (
    update webhook_deliveries set state = 'delivered', attempts = attempts + 1, tried_at = $2, ended_at = $2, last_status = $3,
        last_error = null
    where id = $1 and state = 'waiting' returning webhook_id
)
update webhooks w set last_success_at = $2, failures = 0, unavailable_since = null, closed_until = null, last_error = null
from arrived a where w.id = a.webhook_id;

-- name: not_delivered
-- $1 id, $2 at, $3 status or null, $4 why, $5 closed until or null, $6 no other attempt follows, $7 the target asks for no more
with tried as (
    update webhook_deliveries set attempts = attempts + 1, tried_at = $2::timestamptz, last_status = $3::integer, last_error = $4,
        state = case when $6::boolean then 'dead' else state end,
        ended_at = case when $6::boolean then $2::timestamptz end
    where id = $1 and state = 'waiting' returning webhook_id
)
update webhooks w set last_failure_at = $2::timestamptz, failures = failures + 1, last_error = $4,
    unavailable_since = coalesce(unavailable_since, $2::timestamptz), closed_until = $5::timestamptz,
    is_on = is_on and not $7::boolean
from tried t where w.id = t.webhook_id;

-- name: given_up
-- $1 id, $2 at, $3 why -> no attempt follows, and none was made now
update webhook_deliveries set state = 'dead', ended_at = $2, last_error = $3 where id = $1 and state = 'waiting';

-- name: deliveries
-- $1 owner, $2 webhook id, $3 before id or null, $4 limit -> its deliveries, the newest first
select d.id, d.notice_id, d.state, d.attempts, d.made_at, d.tried_at, d.ended_at, d.last_status, d.last_error, d.job_id,
       n.registry_id, n.kinds
from webhook_deliveries d join webhooks w on w.id = d.webhook_id join notices n on n.id = d.notice_id
where w.owner = $1 and w.id = $2 and d.id < coalesce($3::bigint, 9223372036854775807) order by d.id desc limit $4::integer;

-- name: trim
-- $1 before timestamptz -> how many deliveries that have ended were removed
with gone as (delete from webhook_deliveries where ended_at < $1 returning 1) select count(*) from gone;
