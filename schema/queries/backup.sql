-- What backups ask of a database, and write into it.

-- name: begin
-- -> what a backup is told of the snapshot of its transaction, which must be repeatable read
select pg_export_snapshot() as snapshot, now() as at, current_setting('server_version_num')::integer as postgres,
       (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text as lsn

-- name: schema_version
-- -> the number of the last migration; null where there was none
select max(number) from schema_migrations

-- name: is_migrated
select to_regclass('public.schema_migrations') is not null

-- name: keep_sweeps_away
-- waits until no sweep of files is under way; none begins until the session ends
select pg_advisory_lock_shared(1953655140, 1)

-- name: tables
-- -> every table whose rows a set holds, as its name is written in statements; parts are with their whole
select format('%I', c.relname) as name from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
  and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by 1

-- name: count_of
-- $1 table text -> the statement that counts its rows
select format('select count(*) from %s', $1::text::regclass)

-- name: content_of
-- $1 table text -> the statement that gives its rows and the sum of their hashes, in whatever order they lie
select format('select count(*) as rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as content from %s t', $1::text::regclass)

-- name: sequences
-- -> how far each sequence is; null for one that was never asked
select format('%I', sequencename) as name, last_value from pg_sequences where schemaname = 'public' order by 1

-- name: server
-- -> the server's version, and what we may do there
select current_setting('server_version_num')::integer as postgres, rolsuper or rolcreatedb as may_create
from pg_roles where rolname = current_user

-- name: database
-- $1 name text -> whether it is there, and how many others are in it
select (select count(*) from pg_stat_activity a where a.datname = d.datname and a.pid <> pg_backend_pid() and a.backend_type = 'client backend') as sessions
from pg_database d where d.datname = $1::text

-- name: objects
-- -> how many tables, views and sequences there are already
select count(*) from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')

-- name: create_database
-- $1 name text, $2 like text: a database whose order of letters it takes over, or null -> the statement that makes it, empty
select format('create database %I template template0 encoding %L', $1::text, 'UTF8')
       || coalesce((select format(' lc_collate %L lc_ctype %L', datcollate, datctype) from pg_database
                    where datname = $2::text and datlocprovider = 'c'), '')

-- name: rename_database
-- $1 from text, $2 to text -> the statement
select format('alter database %I rename to %I', $1::text, $2::text)

-- name: drop_database
-- $1 name text -> the statement
select format('drop database if exists %I', $1::text)

-- name: keep_drills_away
-- -> whether none is under way; none begins until the session ends
select pg_try_advisory_lock(1953655140, 2)

-- name: databases_like
-- $1 start text -> databases whose name begins so, and that nobody is in
select datname from pg_database d where starts_with(datname, $1::text)
  and not exists (select from pg_stat_activity a where a.datname = d.datname) order by 1

-- name: extensions
-- -> extensions that this server could make
select name from pg_available_extensions

-- name: remark_database
-- $1 name text, $2 remark text -> the statement
select format('comment on database %I is %L', $1::text, $2::text)

-- name: analyze
analyze

-- name: add_run
-- $1 started_at timestamptz, $2 ended_at timestamptz, $3 database_bytes bigint, $4 files_bytes bigint, $5 rows bigint,
-- $6 files integer, $7 kind text, $8 state text, $9 host text, $10 folder text, $11 name text, $12 error text
insert into backup_runs (started_at, ended_at, database_bytes, files_bytes, rows, files, kind, state, host, folder, name, error)
values (least($1::timestamptz, $2::timestamptz), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- name: runs
-- -> of each kind and state the last one
select distinct on (kind, state) started_at, ended_at, database_bytes, files_bytes, rows, files, kind, state, host, folder, name, error
from backup_runs order by kind, state, ended_at desc, id desc

-- name: since
-- -> since when there is anything to back up
select min(applied_at) from schema_migrations

-- name: trim
-- $1 before timestamptz -> runs removed; the last of each kind and state is kept
with gone as (
    delete from backup_runs b where ended_at < $1::timestamptz and exists (
        select from backup_runs n where (n.kind, n.state) = (b.kind, b.state) and (n.ended_at, n.id) > (b.ended_at, b.id))
    returning 1)
select count(*) from gone
