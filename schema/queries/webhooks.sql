-- Where events are sent to, and what came of it. Migrations 0014 and 0022 have the tables.

-- name: add
-- $1 owner, $2 url, $3 secret, $4 kinds, $5 at -> the id, null where they have it already
insert into webhooks (tenant_id, owner, url, secret, kinds, created_at)
select u.tenant_id, u.login, $2::text, $3::text, $4::text[], $5::timestamptz from users u where u.login = $1::text
on conflict do nothing returning id;

-- name: count_of
-- $1 owner -> how many are theirs; null where there is nobody of that login
select (select count(*) from webhooks w where w.owner = u.login) from users u where u.login = $1::text;

-- name: remove
-- $1 owner, $2 id -> the id where there was one
delete from webhooks where owner = $1 and id = $2 returning id;

-- name: listed
-- $1 owner -> theirs, the newest first
select w.id, w.url, w.is_on, w.kinds, w.created_at, w.last_success_at, w.last_failure_at, w.unavailable_since, w.closed_until,
       w.off_at, w.failures, w.last_error, w.off_why,
       (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'waiting') as waiting,
       (select count(*) from webhook_deliveries d where d.webhook_id = w.id and d.state = 'dead') as dead
from webhooks w where w.owner = $1 order by w.id desc;

-- name: switch
-- $1 owner, $2 id, $3 on -> the id where there is one; switched on, it begins anew
update webhooks set is_on = $3::boolean, failures = 0, closed_until = null,
    unavailable_since = case when $3::boolean then null else unavailable_since end,
    off_at = case when $3::boolean then null else off_at end, off_why = case when $3::boolean then null else off_why end
where owner = $1 and id = $2 returning id;

-- name: ask_for
-- $1 owner, $2 id, $3 kinds -> the id where there is one; from now on it is told of these
update webhooks set kinds = $3::text[] where owner = $1 and id = $2 returning id;

-- name: test
-- $1 owner, $2 id, $3 at, $4 key -> the delivery of an event that only tests this webhook
with mine as (
    select w.id, w.tenant_id, w.owner from webhooks w where w.owner = $1::text and w.id = $2::bigint
), kept as (
    insert into outbox (tenant_id, made_at, kind, key, owner, data)
    select m.tenant_id, $3::timestamptz, 'webhook.test', $4::text, m.owner, jsonb_build_object('webhook', m.id) from mine m
    returning id, tenant_id
)
insert into webhook_deliveries (webhook_id, outbox_id, tenant_id, made_at)
select m.id, k.id, k.tenant_id, $3::timestamptz from kept k cross join mine m returning id;

-- name: enqueue
-- $1 delivery ids bigint[], $2 at -> jobs that send them, beside those that may be about to end
select deliveries_enqueue($1::bigint[], 0::smallint, '@' || extract(epoch from $2::timestamptz));

-- name: replay
-- $1 owner, $2 webhook id, $3 delivery id or null (all that were given up), $4 at, $5 most -> deliveries that are to be sent again
with chosen as (
    select d.id from webhook_deliveries d join webhooks w on w.id = d.webhook_id
    where w.owner = $1::text and w.id = $2::bigint and w.is_on and d.state <> 'waiting'
      and ($3::bigint is null and d.state = 'dead' or d.id = $3::bigint)
    order by d.id limit $5::integer for update of d
)
update webhook_deliveries d set state = 'waiting', ended_at = null, made_at = $4::timestamptz, attempts = 0
from chosen c where d.id = c.id returning d.id;

-- name: has_delivery
-- $1 webhook id, $2 delivery id -> whether it is one of its
select exists (select from webhook_deliveries where webhook_id = $1::bigint and id = $2::bigint);

-- name: delivery
-- $1 id -> one, with where it goes and what is told
select d.id, d.state, d.made_at, w.id as webhook_id, w.owner, w.tenant_id, w.url, w.secret, w.is_on, w.failures,
       w.unavailable_since, w.closed_until, o.id as outbox_id, o.kind, o.made_at as told_at, o.data::text
from webhook_deliveries d join webhooks w on w.id = d.webhook_id join outbox o on o.id = d.outbox_id where d.id = $1;

-- name: may_call
-- $1 webhook id, $2 now, $3 failures that close it, $4 for how long one that tries it keeps others off -> true, or nothing
update webhooks set closed_until = case when failures >= $3 then $2::timestamptz + make_interval(secs => $4) else closed_until end
where id = $1 and is_on and (closed_until is null or closed_until <= $2::timestamptz) returning true;

-- name: delivered
-- $1 id, $2 at, $3 status, $4 took_s, $5 how the answer begins -> it has arrived
with arrived as (
    update webhook_deliveries set state = 'delivered', attempts = attempts + 1, tried_at = $2::timestamptz,
        ended_at = $2::timestamptz, last_status = $3::integer, last_error = null
    where id = $1::bigint and state = 'waiting' returning id, webhook_id, tenant_id
), logged as (
    insert into delivery_attempts (delivery_id, tenant_id, at, took_s, status, excerpt)
    select a.id, a.tenant_id, $2::timestamptz, $4::real, $3::integer, $5::text from arrived a
)
update webhooks w set last_success_at = $2::timestamptz, failures = 0, unavailable_since = null, closed_until = null,
    last_error = null
from arrived a where w.id = a.webhook_id;

-- name: not_delivered
-- $1 id, $2 at, $3 status or null, $4 why, $5 closed until or null, $6 no other attempt follows, $7 why it is switched off or null,
-- $8 took_s or null, $9 how the answer begins -> the webhook where this switched it off
with tried as (
    update webhook_deliveries set attempts = attempts + 1, tried_at = $2::timestamptz, last_status = $3::integer,
        last_error = $4::text, state = case when $6::boolean then 'dead' else state end,
        ended_at = case when $6::boolean then $2::timestamptz end
    where id = $1::bigint and state = 'waiting' returning id, webhook_id, tenant_id
), logged as (
    insert into delivery_attempts (delivery_id, tenant_id, at, took_s, status, error, excerpt)
    select t.id, t.tenant_id, $2::timestamptz, $8::real, $3::integer, $4::text, $9::text from tried t
), failed as (
    update webhooks w set last_failure_at = $2::timestamptz, failures = w.failures + 1, last_error = $4::text,
        unavailable_since = coalesce(w.unavailable_since, $2::timestamptz), closed_until = $5::timestamptz,
        off_at = case when $7::text is not null then coalesce(w.off_at, $2::timestamptz) else w.off_at end,
        off_why = case when $7::text is not null then coalesce(w.off_why, $7::text) else w.off_why end,
        is_on = w.is_on and $7::text is null
    from tried t where w.id = t.webhook_id returning w.id, w.off_at = $2::timestamptz as is_now_off
)
select id from failed where is_now_off;

-- name: given_up
-- $1 id, $2 at, $3 why -> no attempt follows, and none was made now
update webhook_deliveries set state = 'dead', ended_at = $2, last_error = $3 where id = $1 and state = 'waiting';

-- name: deliveries
-- $1 owner, $2 webhook id, $3 before id or null, $4 limit -> its deliveries, the newest first
select d.id, d.state, d.attempts, d.made_at, d.tried_at, d.ended_at, d.last_status, d.last_error, d.job_id,
       'event_' || o.id as event, o.kind, o.data::text
from webhook_deliveries d join webhooks w on w.id = d.webhook_id join outbox o on o.id = d.outbox_id
where w.owner = $1 and w.id = $2 and d.id < coalesce($3::bigint, 9223372036854775807) order by d.id desc limit $4::integer;

-- name: attempts
-- $1 owner, $2 webhook id, $3 delivery ids bigint[] -> each attempt at these, the oldest first
select a.delivery_id, a.at, a.took_s, a.status, a.error, a.excerpt
from delivery_attempts a join webhook_deliveries d on d.id = a.delivery_id join webhooks w on w.id = d.webhook_id
where w.owner = $1 and w.id = $2 and a.delivery_id = any($3::bigint[]) order by a.delivery_id, a.at;

-- name: trim
-- $1 before timestamptz -> how many deliveries that have ended were removed
with gone as (delete from webhook_deliveries where ended_at < $1 returning 1) select count(*) from gone;
