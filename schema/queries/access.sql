-- Who may use the service.

-- name: add_token
-- $1 name text, $2 role text, $3 sha256 bytea -> the id, when no token in use has that name
insert into access_tokens (name, role, sha256) values ($1, $2, $3)
on conflict (name) where revoked_at is null do nothing returning id

-- name: add_first_token
-- $1 name text, $2 role text, $3 sha256 bytea -> the id, when there was no token yet, in use or revoked
insert into access_tokens (name, role, sha256) select $1::text, $2::text, $3::bytea where not exists (select from access_tokens)
on conflict (name) where revoked_at is null do nothing returning id

-- name: by_hash
-- $1 sha256 bytea -> the token, also one that was revoked
select id, name, role, sha256, created_at, used_at, revoked_at from access_tokens where sha256 = $1

-- name: note_use
-- $1 id bigint: written once an hour at most
update access_tokens set used_at = now() where id = $1 and (used_at is null or used_at < now() - interval '1 hour')

-- name: tokens
-- -> every token, those in use first
select id, name, role, sha256, created_at, used_at, revoked_at from access_tokens order by revoked_at is not null, name, id

-- name: revoke_token
-- $1 name text -> the id, when a token of that name was in use
update access_tokens set revoked_at = now() where name = $1 and revoked_at is null returning id
