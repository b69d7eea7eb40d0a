-- People, their logins, and what they belong to. Migration 0019 has the tables.

-- name: act_for
-- $1 the id of a tenant as text, or '*': whose rows this transaction sees from now on
select set_config('triald.tenant', $1::text, true)

-- name: act_as_web
-- -> whether this session acts as the role of those who answer requests from now on, or is bound by policies as it is
select case when pg_has_role(session_user, r.oid, 'member') then set_config('role', 'triald_web', false) end is not null
       or not (me.rolsuper or me.rolbypassrls)
from pg_roles me left join pg_roles r on r.rolname = 'triald_web' where me.rolname = session_user;

-- name: is_bound
-- -> whether the policies for rows bind whoever this session belongs to
select not (rolsuper or rolbypassrls) from pg_roles where rolname = session_user;

-- ── tenants ──

-- name: add_tenant
-- $1 name -> the id, when no tenant has that name
insert into tenants (name) values ($1) on conflict (name) do nothing returning id

-- name: tenants
-- -> every tenant with the number of its people
select t.id, t.name, t.created_at, t.disabled_at, (select count(*) from users u where u.tenant_id = t.id) as users
from tenants t order by t.id

-- name: tenant_named
-- $1 name -> its id
select id from tenants where name = $1

-- name: switch_tenant
-- $1 id, $2 on boolean -> the id where there is one; the home tenant stays
update tenants set disabled_at = case when $2::boolean then null else coalesce(disabled_at, now()) end
where id = $1 and id <> 1 returning id

-- ── users ──

-- name: add_user
-- $1 tenant, $2 login, $3 role, $4 kind, $5 name, $6 email, $7 password hash or null, $8 must change -> the id, when nobody has that login
insert into users (tenant_id, login, role, kind, name, email, password, password_set_at, must_change)
select $1::bigint, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text,
       case when $7::text is not null then now() end, $8::boolean
where not exists (select from users where lower(login) = lower($2::text))
on conflict (login) do nothing returning id

-- name: add_first_admin
-- $1 login, $2 password hash -> the id, when nobody is there yet who may see to accounts
insert into users (tenant_id, login, role, kind, password, password_set_at, must_change)
select 1, $1::text, 'admin', 'person', $2::text, now(), true
where not exists (select from users where role = 'admin' and tenant_id = 1)
on conflict (login) do nothing returning id

-- name: has_admin
-- -> whether anybody may see to the accounts of the tenant that runs the service
select exists (select from users where role = 'admin' and tenant_id = 1)

-- name: user
-- $1 login -> who has it, whatever its case
select u.id, u.tenant_id, t.name as tenant, u.login, u.name, u.email, u.role, u.kind, u.created_at, u.seen_at, u.disabled_at,
       u.must_change, u.password, u.issuer, u.subject, t.disabled_at is not null as is_closed
from users u join tenants t on t.id = u.tenant_id
where lower(u.login) = lower($1) order by u.login = $1 desc limit 1

-- name: user_by_id
-- $1 id -> who that is
select u.id, u.tenant_id, t.name as tenant, u.login, u.name, u.email, u.role, u.kind, u.created_at, u.seen_at, u.disabled_at,
       u.must_change, u.password, u.issuer, u.subject, t.disabled_at is not null as is_closed
from users u join tenants t on t.id = u.tenant_id where u.id = $1

-- name: user_of_issuer
-- $1 issuer, $2 subject -> who that is
select u.id, u.tenant_id, t.name as tenant, u.login, u.name, u.email, u.role, u.kind, u.created_at, u.seen_at, u.disabled_at,
       u.must_change, u.password, u.issuer, u.subject, t.disabled_at is not null as is_closed
from users u join tenants t on t.id = u.tenant_id where u.issuer = $1 and u.subject = $2

-- name: users
-- $1 after login or '', $2 limit, $3 part of a login, name or address, or '' -> people of whoever this transaction acts for
select u.id, u.tenant_id, t.name as tenant, u.login, u.name, u.email, u.role, u.kind, u.created_at, u.seen_at, u.disabled_at,
       u.must_change, u.password is not null as has_password, u.issuer
from users u join tenants t on t.id = u.tenant_id
where u.login > $1 and strpos(lower(concat_ws(' ', u.login, u.name, u.email)), lower($3::text)) > 0 order by u.login limit $2::integer

-- name: set_role
-- $1 id, $2 role -> the id
update users set role = $2 where id = $1 returning id

-- name: switch_user
-- $1 id, $2 on boolean -> the id
update users set disabled_at = case when $2::boolean then null else coalesce(disabled_at, now()) end where id = $1 returning id

-- name: other_admins
-- $1 id, $2 tenant -> how many others may see to the tenant's accounts
select count(*) from users where tenant_id = $2 and role = 'admin' and disabled_at is null and id <> $1

-- name: lock_tenant
-- $1 tenant: waits for others who change who its admins are
select id from tenants where id = $1 for update

-- name: set_password
-- $1 id, $2 hash, $3 must change boolean
update users set password = $2, password_set_at = now(), must_change = $3 where id = $1

-- name: rehash
-- $1 id, $2 hash before, $3 hash: the same password, kept better
update users set password = $3 where id = $1 and password = $2

-- name: bind_issuer
-- $1 id, $2 issuer, $3 subject, $4 name, $5 email -> the id, unless it is bound to somebody else
update users set issuer = $2, subject = $3, name = coalesce(name, $4), email = coalesce(email, $5)
where id = $1 and (issuer is null or (issuer = $2 and subject = $3)) returning id

-- name: note_seen
-- $1 id: written once an hour at most
update users set seen_at = now() where id = $1 and (seen_at is null or seen_at < now() - interval '1 hour')

-- ── wrong passwords ──

-- name: failures
-- $1 login, lower case -> wrong passwords in a row, and until when nothing is tried
select failures, failed_at, until_at from login_failures where login = $1

-- name: lock_login
-- $1 login, lower case: one try after the other, in every process
select pg_advisory_xact_lock(1953655148, hashtext($1))

-- name: fail
-- $1 login, $2 failures, $3 at, $4 until
insert into login_failures (login, failures, failed_at, until_at) values ($1, $2, $3, $4)
on conflict (login) do update set failures = excluded.failures, failed_at = excluded.failed_at, until_at = excluded.until_at

-- name: forgive
-- $1 login, lower case
delete from login_failures where login = $1

-- name: trim_failures
-- $1 before -> how many were forgotten
with gone as (delete from login_failures where failed_at < $1 returning 1) select count(*) from gone

-- ── logins ──

-- name: open_session
-- $1 tenant, $2 user, $3 kind, $4 how, $5 agent, $6 sha256 or null, $7 token or null, $8 at, $9 until -> the id
insert into sessions (tenant_id, user_id, kind, how, agent, sha256, token_id, created_at, until_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id

-- name: by_cookie
-- $1 sha256, $2 now -> whose session that is
select s.id, s.user_id, s.tenant_id, s.until_at, s.token_id, u.login, u.role, u.seen_at, u.must_change, t.role as token_role, t.scopes
from sessions s
join users u on u.id = s.user_id join tenants o on o.id = s.tenant_id left join access_tokens t on t.id = s.token_id
where s.sha256 = $1 and s.ended_at is null and s.until_at > $2::timestamptz and u.disabled_at is null and o.disabled_at is null
  and (s.token_id is null or (t.revoked_at is null and (t.expires_at is null or t.expires_at > $2::timestamptz)))

-- name: by_session
-- $1 id, $2 now -> whose login that is, for an access token that names it
select s.id, s.user_id, s.tenant_id, s.until_at, s.token_id, u.login, u.role, u.seen_at, u.must_change, null::text as token_role, null::text[] as scopes
from sessions s join users u on u.id = s.user_id join tenants o on o.id = s.tenant_id
where s.id = $1 and s.ended_at is null and s.until_at > $2::timestamptz and u.disabled_at is null and o.disabled_at is null

-- name: sessions
-- $1 user, $2 now -> those that last, the newest first
select id, kind, how, agent, created_at, until_at from sessions
where user_id = $1 and ended_at is null and until_at > $2::timestamptz order by id desc limit 200

-- name: end_session
-- $1 id, $2 user, $3 at, $4 why -> the id, where it lasted
update sessions set ended_at = $3, why_ended = $4 where id = $1 and user_id = $2 and ended_at is null returning id

-- name: end_sessions
-- $1 user, $2 except for id or 0, $3 at, $4 why -> how many ended
with ended as (update sessions set ended_at = $3, why_ended = $4 where user_id = $1 and id <> $2 and ended_at is null returning 1)
select count(*) from ended

-- name: trim_sessions
-- $1 before -> how many were forgotten
with gone as (delete from sessions where until_at < $1 or ended_at < $1 returning 1) select count(*) from gone

-- name: add_refresh
-- $1 session, $2 tenant, $3 sha256, $4 at
insert into refresh_tokens (session_id, tenant_id, sha256, made_at) values ($1, $2, $3, $4)

-- name: use_refresh
-- $1 sha256, $2 at -> the session, when it is used for the first time
update refresh_tokens set used_at = $2 where sha256 = $1 and used_at is null returning session_id

-- name: session_of_refresh
-- $1 sha256 -> the session that it belonged to, though it was used before, and whose that is
select r.session_id, s.user_id from refresh_tokens r join sessions s on s.id = r.session_id where r.sha256 = $1

-- ── keys ──

-- name: keys
-- $1 retired since -> what signs, and what signed lately
select id, salt, made_at, retired_at from signing_keys where retired_at is null or retired_at > $1 order by retired_at nulls first

-- name: retire_key
-- $1 at: the one that signs signs no more
update signing_keys set retired_at = $1 where retired_at is null

-- name: add_key
-- $1 id, $2 salt, $3 at -> the id, unless another process was first
insert into signing_keys (id, salt, made_at) values ($1, $2, $3) on conflict do nothing returning id

-- name: trim_keys
-- $1 before -> how many were forgotten
with gone as (delete from signing_keys where retired_at < $1 returning 1) select count(*) from gone

-- ── projects ──

-- name: add_project
-- $1 name, $2 description -> the id, when the tenant has none of that name
insert into projects (name, description) values ($1, $2) on conflict (tenant_id, name) do nothing returning id

-- name: projects
-- $1 user or null, $2 before id, $3 limit, $4 who asks -> those that $1 belongs to, or all, with the part of who asks; the newest first
select p.id, p.name, p.description, p.created_at, p.archived_at, m.part, (select count(*) from project_members n where n.project_id = p.id) as members
from projects p left join project_members m on m.project_id = p.id and m.user_id = $4::bigint
where ($1::bigint is null or exists (select from project_members o where o.project_id = p.id and o.user_id = $1::bigint))
  and p.id < coalesce($2::bigint, 9223372036854775807) order by p.id desc limit $3::integer

-- name: project
-- $1 id, $2 user -> the project, and what part that user has in it
select p.id, p.name, p.description, p.created_at, p.archived_at, m.part, (select count(*) from project_members n where n.project_id = p.id) as members
from projects p left join project_members m on m.project_id = p.id and m.user_id = $2::bigint where p.id = $1

-- name: change_project
-- $1 id, $2 name, $3 description, $4 archived boolean -> the id
update projects set name = $2, description = $3, archived_at = case when $4::boolean then coalesce(archived_at, now()) end
where id = $1 returning id

-- name: lock_project
-- $1 id -> the id: waits for others who change its members
select id from projects where id = $1 for update

-- name: members
-- $1 project -> who belongs to it
select m.user_id, u.login, u.name, u.role, m.part, m.since_at from project_members m join users u on u.id = m.user_id
where m.project_id = $1 order by m.part desc, u.login

-- name: put_member
-- $1 project, $2 user, $3 part
insert into project_members (project_id, user_id, part) values ($1, $2, $3)
on conflict (project_id, user_id) do update set part = excluded.part

-- name: part_of
-- $1 project, $2 user -> owner, member or nothing
select part from project_members where project_id = $1 and user_id = $2

-- name: other_owners
-- $1 project, $2 user -> how many others own it
select count(*) from project_members where project_id = $1 and user_id <> $2 and part = 'owner'

-- name: remove_member
-- $1 project, $2 user -> the user, where they belonged to it
delete from project_members where project_id = $1 and user_id = $2 returning user_id

-- ── limits ──

-- name: take_turns
-- $1 bucket, $2 capacity, $3 a second, $4 wanted -> how many were granted, and what remains
select granted, remaining from take_turns($1::text, $2::double precision, $3::double precision, $4::integer)

-- name: trim_buckets
-- $1 before -> how many were forgotten: they are full by then
with gone as (delete from rate_buckets where at < $1 returning 1) select count(*) from gone
