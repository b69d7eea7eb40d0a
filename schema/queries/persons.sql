-- What is held of one person: told to them, and erased. actors/governance/persons says which columns these are.

-- ── told: each row as JSON. $1 whom, as jsonb: id, login ──

-- name: told_users
-- the account itself; of the password only whether there is one
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(u) - '{password,id,tenant_id}'::text[] || jsonb_build_object('has_password', u.password is not null, 'organisation', t.name))::text
from users u join tenants t on t.id = u.tenant_id where u.id = (select id from one) and u.login = (select login from one)

-- name: told_tokens
-- tokens, without themselves
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(a) - '{sha256,tenant_id,user_id}'::text[])::text from access_tokens a join users u on u.id = a.user_id
where u.id = (select id from one) and u.login = (select login from one) order by a.id

-- name: told_sessions
-- logins, without what opens them
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(s) - '{sha256,tenant_id,user_id}'::text[])::text from sessions s join users u on u.id = s.user_id
where u.id = (select id from one) and u.login = (select login from one) order by s.id

-- name: told_login_failures
-- wrong passwords in a row
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(f)::text from login_failures f where f.login = lower((select login from one))

-- name: told_projects
-- what they belong to
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select jsonb_build_object('name', p.name, 'part', m.part, 'since_at', m.since_at)::text
from project_members m join projects p on p.id = m.project_id join users u on u.id = m.user_id
where u.id = (select id from one) and u.login = (select login from one) order by p.id

-- name: told_flag_rules
-- flags that differ for them
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select jsonb_build_object('flag', r.flag, 'is_on', r.is_on, 'rollout', r.rollout, 'changed_at', r.changed_at)::text
from feature_flag_rules r join users u on u.id = r.user_id where u.id = (select id from one) and u.login = (select login from one) order by r.id

-- name: told_watches
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(w) - '{tenant_id}'::text[])::text from watches w where w.owner = (select login from one) order by w.id

-- name: told_notices
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(n) - '{tenant_id}'::text[])::text from notices n where n.owner = (select login from one) order by n.id

-- name: told_webhooks
-- without the secrets that sign
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(w) - '{secret,tenant_id}'::text[])::text from webhooks w where w.owner = (select login from one) order by w.id

-- name: told_deliveries
-- what their webhooks were sent, with each attempt
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(d) - '{tenant_id}'::text[] || jsonb_build_object('attempts_made', coalesce((
    select jsonb_agg(to_jsonb(a) - '{tenant_id,delivery_id}'::text[] order by a.at) from delivery_attempts a where a.delivery_id = d.id), '[]')))::text
from webhook_deliveries d join webhooks w on w.id = d.webhook_id where w.owner = (select login from one) order by d.id

-- name: told_outbox
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(o) - '{tenant_id}'::text[])::text from outbox o where o.owner = (select login from one) order by o.id

-- name: told_events
-- what was told to them alone
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(e) - '{tenant_id}'::text[])::text from events e where e.room = 'user:' || (select login from one) order by e.id

-- name: told_access_requests
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(r) - '{tenant_id}'::text[])::text from access_requests r
where (select login from one) in (r.requested_by, r.decided_by, r.revoked_by) order by r.id

-- name: told_approvals
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select (to_jsonb(a) - '{tenant_id}'::text[])::text from approvals a
where (select login from one) in (a.requested_by, a.decided_by) order by a.id

-- name: told_alerts
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(a)::text from alerts a where a.acknowledged_by = (select login from one) order by a.id

-- name: told_alert_episodes
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(e)::text from alert_episodes e where e.acknowledged_by = (select login from one) order by e.id

-- name: told_silences
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(s)::text from alert_silences s where (select login from one) in (s.made_by, s.ended_by) order by s.id

-- name: told_mode
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(m)::text from service_mode m where m.changed_by = (select login from one)

-- name: told_flags
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(f)::text from feature_flags f where f.changed_by = (select login from one) order by f.name

-- name: told_duplicate_decisions
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(d)::text from duplicate_decisions d where (select login from one) in (d.by, d.undone_by) order by d.id

-- name: told_duplicate_events
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(e)::text from duplicate_events e where e.by = (select login from one) order by e.id

-- name: told_mesh_curated
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(c)::text from mesh_curated c where c.by = (select login from one) order by c.about, c.key

-- name: told_mesh_decisions
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select to_jsonb(d)::text from mesh_decisions d where d.by = (select login from one) order by d.id

-- name: told_files
-- what they brought into projects; the files are the projects'
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select jsonb_build_object('project', f.project_id, 'name', f.name, 'media_type', f.media_type, 'size_bytes', f.size_bytes,
    'created_at', f.created_at, 'deleted_at', f.deleted_at)::text
from stored_files f where f.uploaded_by = (select login from one) order by f.id

-- name: told_jobs
-- jobs that are for them
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select jsonb_build_object('id', j.id, 'kind', j.kind, 'state', j.state, 'created_at', j.created_at, 'payload', j.payload)::text
from jobs j where j.kind = 'announce_approval' and j.payload ->> 'login' = (select login from one) order by j.id

-- name: told_job_history
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select jsonb_build_object('id', j.id, 'kind', j.kind, 'state', j.state, 'created_at', j.created_at, 'payload', j.payload)::text
from job_history j where j.kind = 'announce_approval' and j.payload ->> 'login' = (select login from one) order by j.id

-- name: told_audit
-- what they did, as the audit keeps it
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text))
select jsonb_build_object('id', e.id, 'at', e.at, 'role', e.role, 'action', e.action, 'subject', e.subject, 'outcome', e.outcome,
    'request', e.request_id, 'details', e.details)::text
from audit_entries e where e.actor_id in (select a.id from audit_actors a where lower(a.login) = lower((select login from one))) order by e.id

-- ── erased ──
-- Each of these: $1 whom, as jsonb: id, login, alias (what stands in their place), own (a pattern of what names them in their own texts),
-- telling (the same for anybody's texts, or null), email or null, heir (who owns what nobody else does from now on, or null).

-- name: hand_over
-- projects that they alone own
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
insert into project_members (project_id, user_id, tenant_id, part)
select m.project_id, one.heir, m.tenant_id, 'owner' from project_members m join one on m.user_id = one.id
where m.part = 'owner' and one.heir is not null
  and not exists (select from project_members o where o.project_id = m.project_id and o.part = 'owner' and o.user_id <> one.id)
on conflict (project_id, user_id) do update set part = 'owner'

-- name: erase_access_requests
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update access_requests r set
    because = left(coalesce(regexp_replace(r.because, case when r.requested_by = one.login then one.own else one.telling end, one.alias, 'gi'), r.because), 500),
    reason = left(coalesce(regexp_replace(r.reason, case when r.decided_by = one.login then one.own else one.telling end, one.alias, 'gi'), r.reason), 500)
from one where one.login in (r.requested_by, r.decided_by) or concat_ws(' ', r.because, r.reason) ~* one.telling

-- name: erase_approvals
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update approvals a set
    asked = left(coalesce(regexp_replace(a.asked, case when a.requested_by = one.login then one.own else one.telling end, one.alias, 'gi'), a.asked), 4000),
    because = left(coalesce(regexp_replace(a.because, case when a.requested_by = one.login then one.own else one.telling end, one.alias, 'gi'), a.because), 500),
    reason = left(coalesce(regexp_replace(a.reason, case when a.decided_by = one.login then one.own else one.telling end, one.alias, 'gi'), a.reason), 500)
from one where one.login in (a.requested_by, a.decided_by) or concat_ws(' ', a.asked, a.because, a.reason) ~* one.telling

-- name: erase_alerts
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update alerts a set acknowledged_by = one.alias from one where a.acknowledged_by = one.login

-- name: erase_alert_episodes
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update alert_episodes e set acknowledged_by = one.alias from one where e.acknowledged_by = one.login

-- name: erase_silences
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update alert_silences s set
    made_by = case when s.made_by = one.login then one.alias else s.made_by end,
    ended_by = case when s.ended_by = one.login then one.alias else s.ended_by end,
    why = left(coalesce(regexp_replace(s.why, case when s.made_by = one.login then one.own else one.telling end, one.alias, 'gi'), s.why), 500)
from one where one.login in (s.made_by, s.ended_by) or s.why ~* one.telling

-- name: erase_mode
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update service_mode m set
    changed_by = case when m.changed_by = one.login then one.alias else m.changed_by end,
    because = left(coalesce(regexp_replace(m.because, case when m.changed_by = one.login then one.own else one.telling end, one.alias, 'gi'), m.because), 500)
from one where m.changed_by = one.login or m.because ~* one.telling

-- name: erase_flags
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update feature_flags f set
    changed_by = case when f.changed_by = one.login then one.alias else f.changed_by end,
    says = left(coalesce(regexp_replace(f.says, case when f.changed_by = one.login then one.own else one.telling end, one.alias, 'gi'), f.says), 500)
from one where f.changed_by = one.login or f.says ~* one.telling

-- name: erase_duplicate_decisions
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update duplicate_decisions d set
    by = case when d.by = one.login then one.alias else d.by end,
    undone_by = case when d.undone_by = one.login then one.alias else d.undone_by end,
    note = left(coalesce(regexp_replace(d.note, case when d.by = one.login then one.own else one.telling end, one.alias, 'gi'), d.note), 2000)
from one where one.login in (d.by, d.undone_by) or d.note ~* one.telling

-- name: erase_duplicate_events
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update duplicate_events e set by = one.alias from one where e.by = one.login

-- name: erase_mesh_curated
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update mesh_curated c set
    by = case when c.by = one.login then one.alias else c.by end,
    note = coalesce(regexp_replace(c.note, case when c.by = one.login then one.own else one.telling end, one.alias, 'gi'), c.note)
from one where c.by = one.login or c.note ~* one.telling

-- name: erase_mesh_decisions
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update mesh_decisions d set
    by = case when d.by = one.login then one.alias else d.by end,
    note = coalesce(regexp_replace(d.note, case when d.by = one.login then one.own else one.telling end, one.alias, 'gi'), d.note)
from one where d.by = one.login or d.note ~* one.telling

-- name: erase_projects
-- of their tenant: who wrote what is not kept
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update projects p set
    name = left(regexp_replace(p.name, one.telling, one.alias, 'gi'), 200),
    description = left(regexp_replace(p.description, one.telling, one.alias, 'gi'), 5000)
from one join users u on u.id = one.id where p.tenant_id = u.tenant_id and concat_ws(' ', p.name, p.description) ~* one.telling

-- name: erase_files
-- a name bears the number of its file then, so that no two of a project are the same
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update stored_files f set
    uploaded_by = case when f.uploaded_by <> one.login then f.uploaded_by end,
    name = coalesce(regexp_replace(f.name, case when f.uploaded_by = one.login then one.own else one.telling end,
                                   one.alias || '-' || f.id, 'gi'), f.name)
from one where f.uploaded_by = one.login or f.name ~* one.telling

-- name: erase_jobs
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update jobs j set payload = jsonb_set(j.payload::jsonb, '{login}', to_jsonb(one.alias))::json
from one where j.kind = 'announce_approval' and j.payload ->> 'login' = one.login

-- name: erase_job_history
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update job_history j set payload = jsonb_set(j.payload::jsonb, '{login}', to_jsonb(one.alias))::json
from one where j.kind = 'announce_approval' and j.payload ->> 'login' = one.login

-- name: erase_once
-- answers that are kept for who sends a command again
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update idempotency_keys k set answer = replace(k.answer::text, to_json(one.login)::text, to_json(one.alias)::text)::jsonb
from one where strpos(k.answer::text, to_json(one.login)::text) > 0

-- name: erase_failures
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
delete from login_failures f using one where f.login in (lower(one.login), lower(one.email))

-- name: erase_audit
-- the entries remain, and nobody can tell whose they are
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
update audit_actors a set login = null, erased_at = now() from one where lower(a.login) in (lower(one.login), lower(one.email))

-- name: erase_events
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
delete from events e using one where e.room = 'user:' || one.login

-- name: erase_inbox
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
delete from event_inbox e using one where e.room = 'user:' || one.login

-- name: erase_user
-- and with it tokens, logins, what is watched, notices, webhooks and access requests
with one as (select * from jsonb_to_record($1::jsonb) as (id bigint, login text, alias text, own text, telling text, email text, heir bigint))
delete from users u using one where u.id = one.id and u.login = one.login

-- name: heir
-- $1 user id bigint, $2 tenant bigint -> the admin of the tenant who has been one of its people the longest, but for that user
select id from users where tenant_id = $2::bigint and id <> $1::bigint and role = 'admin' and disabled_at is null order by kind, id limit 1
