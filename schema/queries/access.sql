-- Tokens: what programs show.

-- name: add_token
-- $1 user, $2 name text, $3 role text, $4 sha256 bytea, $5 scopes text[], $6 expires at or null -> the id, when no token in use of that user has that name
insert into access_tokens (user_id, tenant_id, name, role, sha256, scopes, expires_at)
select u.id, u.tenant_id, $2::text, $3::text, $4::bytea, $5::text[], $6::timestamptz from users u where u.id = $1::bigint
on conflict (user_id, name) where revoked_at is null do nothing returning id

-- name: by_hash
-- $1 sha256 bytea -> the token, also one that was revoked, and whose it is
select t.id, t.name, t.role, t.sha256, t.created_at, t.used_at, t.revoked_at, t.expires_at, t.scopes, t.user_id, t.tenant_id,
       u.login, u.seen_at as user_seen_at, u.role as user_role, u.disabled_at is null and o.disabled_at is null as is_on
from access_tokens t join users u on u.id = t.user_id join tenants o on o.id = t.tenant_id where t.sha256 = $1

-- name: note_use
-- $1 id bigint: written once an hour at most
update access_tokens set used_at = now() where id = $1 and (used_at is null or used_at < now() - interval '1 hour')

-- name: tokens
-- $1 user or null -> tokens, those in use first
select t.id, t.name, t.role, t.sha256, t.created_at, t.used_at, t.revoked_at, t.expires_at, t.scopes, t.user_id, t.tenant_id,
       u.login, u.seen_at as user_seen_at, u.role as user_role, u.disabled_at is null as is_on
from access_tokens t join users u on u.id = t.user_id where $1::bigint is null or t.user_id = $1
order by t.revoked_at is not null, u.login, t.name, t.id

-- name: revoke_token
-- $1 login text, $2 name text -> the id, when a token of that name was in use
update access_tokens set revoked_at = now()
where name = $2 and revoked_at is null and user_id in (select id from users where login = $1) returning id

-- name: revoke_by_id
-- $1 user or null, $2 id -> the id, when it was in use
update access_tokens set revoked_at = now() where id = $2 and revoked_at is null and ($1::bigint is null or user_id = $1) returning id
