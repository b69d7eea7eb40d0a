-- Files of projects. Whoever asks acts for the tenant whose they are; the sweep and the totals see every tenant's.

-- ── room ──

-- name: lock_room
-- $1 tenant bigint: until the transaction ends nobody else takes room of it -> its own quota in bytes, null for that of the settings
select storage_quota_bytes from tenants where id = $1::bigint for no key update

-- name: room
-- $1 tenant bigint, $2 project bigint -> the bytes that are taken or kept free, of all and of the project
select coalesce(sum(size_bytes), 0)::bigint as tenant_bytes,
       coalesce(sum(size_bytes) filter (where project_id = $2::bigint), 0)::bigint as project_bytes
from stored_files where tenant_id = $1::bigint and (until_at is null or until_at > clock_timestamp())

-- name: quota
-- $1 tenant bigint -> its own quota in bytes, null for that of the settings
select storage_quota_bytes from tenants where id = $1::bigint

-- name: set_quota
-- $1 tenant bigint, $2 bytes bigint or null
update tenants set storage_quota_bytes = $2::bigint where id = $1::bigint

-- ── one comes ──

-- name: reserve
-- $1 project bigint, $2 bytes bigint, $3 name, $4 media type, $5 key, $6 login, $7 for how many seconds -> the id
insert into stored_files (project_id, size_bytes, name, media_type, key, uploaded_by, until_at)
values ($1::bigint, $2::bigint, $3::text, $4::text, $5::text, $6::text, clock_timestamp() + make_interval(secs => $7::double precision))
returning id

-- name: settle
-- $1 id bigint, $2 bytes bigint, $3 sha256 -> the id, where it came in time and nothing in the project has its name
update stored_files f set size_bytes = $2::bigint, sha256 = $3::bytea, until_at = null, created_at = now()
where f.id = $1::bigint and f.until_at > clock_timestamp() and f.size_bytes >= $2::bigint and not exists (
    select from stored_files o where o.project_id = f.project_id and o.name = f.name and o.until_at is null and o.deleted_at is null)
returning f.id

-- name: release
-- $1 id bigint -> the key, where it never arrived
delete from stored_files where id = $1::bigint and until_at is not null returning key

-- ── they are there ──

-- name: named
-- $1 project bigint, $2 name text
select id, project_id, name, media_type, size_bytes, created_at, key, uploaded_by, sha256 from stored_files
where project_id = $1::bigint and name = $2::text and until_at is null and deleted_at is null

-- name: find
-- $1 id bigint
select id, project_id, name, media_type, size_bytes, created_at, key, uploaded_by, sha256 from stored_files
where id = $1::bigint and until_at is null and deleted_at is null

-- name: listed
-- $1 project bigint, $2 before id bigint or null, $3 how many -> the newest first
select id, project_id, name, media_type, size_bytes, created_at, key, uploaded_by, sha256 from stored_files
where project_id = $1::bigint and until_at is null and deleted_at is null and ($2::bigint is null or id < $2::bigint)
order by id desc limit $3::integer

-- name: delete
-- $1 id bigint -> the id, where it was there
update stored_files set deleted_at = now() where id = $1::bigint and until_at is null and deleted_at is null returning id

-- ── they go ──

-- name: going
-- $1 how many -> deleted ones, and those that never arrived; nobody else has them until the transaction ends
select id, key, size_bytes, until_at is not null as never_arrived from stored_files
where deleted_at is not null or until_at < clock_timestamp() - interval '1 minute'
order by id limit $1::integer for update skip locked

-- name: gone
-- $1 ids bigint[]
delete from stored_files where id = any($1::bigint[])

-- name: keys
-- -> the keys of all that are there
select key from stored_files where until_at is null and deleted_at is null

-- name: total
-- -> how many there are, and their bytes
select count(*) as files, coalesce(sum(size_bytes), 0)::bigint as size_bytes from stored_files where until_at is null and deleted_at is null
