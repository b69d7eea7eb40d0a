-- The log of events. Migration 0021 has the tables.

-- name: append
-- $1 tenant bigint or null, $2 final boolean, $3 room, $4 kind, $5 key or null, $6 payload as text -> told once this transaction is committed
insert into event_inbox (of_tenant, is_final, room, kind, key, payload)
values ($1::bigint, $2::boolean, $3::text, $4::text, $5::text, $6::text::jsonb)

-- name: hint
-- -> whoever reads the log looks at once
select events_hint()

-- name: after
-- $1 last id bigint, $2 most integer -> the events after it by number; what waited for its number has one now
select id, at, tenant_id, is_final, room, kind, key, payload::text as payload from events_after($1::bigint, $2::integer)

-- name: latest
-- $1 number integer -> the latest events, by number
select * from (
    select id, at, tenant_id, is_final, room, kind, key, payload::text as payload from events order by id desc limit $1::integer
) latest order by id

-- name: reaches
-- $1 id bigint -> whether nothing that came after this event has been removed
select exists (select from events where id <= $1::bigint)

-- name: replay
-- $1 after id bigint, $2 up to id bigint, $3 room text, $4 rooms of this kind are of it too text or null, $5 most integer -> by number
select id, at, tenant_id, is_final, room, kind, key, payload::text as payload from events
where id > $1::bigint and id <= $2::bigint and (room = $3::text or starts_with(room, $4::text)) order by id limit $5::integer

-- name: jobs
-- $1 ids bigint[] -> how these jobs stand, those that ended included
select id, state, rev, attempts, kind, queue, tenant, progress::text as progress from jobs where id = any($1::bigint[])
union all
select h.id, h.state, null, h.attempts, h.kind, h.queue, h.tenant, null from job_history h where h.id = any($1::bigint[])

-- name: trim
-- $1 before timestamptz -> events removed; the last one stays, so that it is known how far the log has come
with gone as (
    delete from events where at < $1::timestamptz and id < (select max(id) from events) returning 1
) select count(*) from gone

-- name: forget
-- $1 login text -> what was told to one person alone
with gone as (delete from events where room = 'user:' || $1::text returning 1),
     waiting as (delete from event_inbox where room = 'user:' || $1::text returning 1)
select (select count(*) from gone) + (select count(*) from waiting)

-- name: in_projects
-- $1 users bigint[], $2 projects bigint[], $3 tenants bigint[], $4 are they admins of theirs boolean[] -> those of them that may be in the room of the
-- project: who belongs to it, and the admins of its tenant
select asked.user_id, asked.project_id
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[]) as asked (user_id, project_id, tenant_id, is_admin)
join projects p on p.id = asked.project_id and p.tenant_id = asked.tenant_id
where asked.is_admin or exists (
    select from project_members m where m.project_id = p.id and m.user_id = asked.user_id and m.tenant_id = p.tenant_id)

-- name: marks
-- $1 users bigint[], $2 tokens bigint[], $3 sessions bigint[] -> of each that there is, a number that is another once anything has changed that decides what
-- one may do with it: who watches a thousand connections looks once at all of them, and again only at those
select 'user' as what, u.id, hashtext(row(u.role, u.login, u.tenant_id, u.must_change, u.disabled_at, t.disabled_at)::text) as mark
from users u join tenants t on t.id = u.tenant_id where u.id = any($1::bigint[])
union all
select 'token', a.id, hashtext(row(a.role, a.scopes, a.revoked_at, a.expires_at)::text) from access_tokens a where a.id = any($2::bigint[])
union all
select 'session', s.id, hashtext(row(s.ended_at, s.until_at)::text) from sessions s where s.id = any($3::bigint[])
