-- Watches, and the notices that come of them. Migration 0014 has the tables.

-- name: lock
-- -> waits until no notices are being made and no watch is being added; let go when the transaction ends
select pg_advisory_xact_lock(1953655148, 14);

-- name: is_early
-- $1 patience in s -> whether the page that waits longest still waits for the codes that searches ask for; not for ever
select exists (
    select from (select at from trial_due where follower = 'watch' order by id limit 1) mine
    where mine.at > now() - make_interval(secs => $1)
      and exists (select from trial_due m where m.follower = 'mesh' and m.at <= mine.at));

-- name: look_again
-- $1 trial ids bigint[] -> what is made of these may have changed what a saved search finds, though no new version tells of it
insert into trial_due (follower, trial_ids)
select 'watch', array_agg(id) from (
    select id, (row_number() over (order by id) - 1) / 1000 as part from unnest($1::bigint[]) as given (id)
) numbered where exists (select from watches where trial_id is null) group by part;

-- name: count_of
-- $1 owner -> how many watches are theirs; null where there is nobody of that login
select (select count(*) from watches w where w.owner = u.login) from users u where u.login = $1::text;

-- name: add_trial
-- $1 owner, $2 trial id, $3 name, $4 at -> the id; of one that is watched already, of that watch
insert into watches (tenant_id, owner, trial_id, name, created_at, seen)
select u.tenant_id, u.login, t.id, $3::text, $4::timestamptz, t.version
from trials t join users u on u.login = $1::text where t.id = $2::bigint
on conflict (trial_id, owner) where trial_id is not null do update set name = watches.name returning id;

-- name: add_search
-- $1 owner, $2 name, $3 query, $4 the same, read, as text, $5 at -> the id, null where it is saved already
insert into watches (tenant_id, owner, name, query, asked, created_at)
select u.tenant_id, u.login, $2::text, $3::text, $4::text::jsonb, $5::timestamptz from users u where u.login = $1::text
on conflict do nothing returning id;

-- name: same_search
-- $1 owner, $2 query -> the watch that they have of it
select id from watches where owner = $1 and query = $2;

-- name: remove
-- $1 owner, $2 id -> the id where there was one
delete from watches where owner = $1 and id = $2 returning id;

-- name: watches
-- $1 owner, $2 before id or null, $3 limit -> theirs, the newest first
select w.id, w.trial_id, w.name, w.query, w.problem, w.created_at, t.registry, t.registry_id,
       coalesce(t.title, t.official_title, t.acronym) as title, t.status,
       case when w.query is not null then (select count(*) from watch_members m where m.watch_id = w.id) end as trials
from watches w left join trials t on t.id = w.trial_id
where w.owner = $1 and w.id < coalesce($2::bigint, 9223372036854775807) order by w.id desc limit $3::integer;

-- name: watch
-- $1 owner, $2 id -> one of theirs
select w.id, w.trial_id, w.name, w.query, w.problem, w.created_at, t.registry, t.registry_id,
       coalesce(t.title, t.official_title, t.acronym) as title, t.status,
       case when w.query is not null then (select count(*) from watch_members m where m.watch_id = w.id) end as trials
from watches w left join trials t on t.id = w.trial_id where w.owner = $1 and w.id = $2;

-- name: watch_of
-- $1 owner, $2 trial id -> their watch of it
select id from watches where owner = $1 and trial_id = $2;

-- name: any_watch
-- -> whether anybody watches anything
select exists (select from watches);

-- name: of_trials
-- $1 trial ids bigint[] -> who watches one of these by itself
select id as watch_id, owner, trial_id, seen from watches where trial_id = any($1::bigint[]) order by id;

-- name: searches
-- -> every saved search that can be run
select id, owner, asked::text from watches where query is not null and problem is null order by id;

-- name: members
-- $1 trial ids bigint[] -> in which saved searches they were found last, and up to which version was told
select watch_id, trial_id, seen from watch_members where trial_id = any($1::bigint[]);

-- name: found
-- $1 question, $2 days, $3 numbers, $4 near, $5 inside (trial_fits has what they mean), $6 most -> what a search finds, and the
-- version of each, no more than that
with asked as materialized (select $1::tsquery as question)
select t.id, t.version from asked a join trials t on t.words @@ a.question
where trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words, t.points,
                 $2::date[], $3::bigint[], $4::float8[], $5::tsquery)
limit $6::integer;

-- name: matching
-- $1 to $5 as of found, $6 trial ids bigint[] -> those of them that it finds
with asked as materialized (select $1::tsquery as question)
select t.id from asked a join trials t on t.id = any($6::bigint[]) and t.words @@ a.question
where trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words, t.points,
                 $2::date[], $3::bigint[], $4::float8[], $5::tsquery);

-- name: numbered
-- $1 numbers text[] -> the trials that state one of them, and the version of each
select id, version from trials where registry_id = any($1::text[])
union
select t.id, t.version from trial_ids i join trials t on t.id = i.trial_id where i.value = any($1::text[]) limit 200;

-- name: versions
-- $1 trial ids bigint[] -> how they stand, and how they are told of
select id, version, registry, registry_id, coalesce(title, official_title, acronym) as title, status,
       record ->> 'start' as start, record ->> 'last_updated' as last_updated
from trials where id = any($1::bigint[]);

-- name: add_members
-- $1 watch ids, $2 trial ids, $3 versions -> these are found now, and were told up to that version
insert into watch_members (watch_id, trial_id, seen, tenant_id)
select g.watch_id, g.trial_id, g.seen, w.tenant_id
from unnest($1::bigint[], $2::bigint[], $3::integer[]) as g (watch_id, trial_id, seen) join watches w on w.id = g.watch_id
on conflict (watch_id, trial_id) do update set seen = greatest(watch_members.seen, excluded.seen);

-- name: remove_members
-- $1 watch ids, $2 trial ids -> these are not found any more
delete from watch_members where (watch_id, trial_id) in (select * from unnest($1::bigint[], $2::bigint[]));

-- name: told
-- $1 watch ids, $2 versions -> of a trial that is watched by itself, its owner has been told up to that version
update watches w set seen = greatest(w.seen, g.seen)
from unnest($1::bigint[], $2::integer[]) as g (id, seen) where w.id = g.id;

-- name: broken
-- $1 watch id, $2 why -> this search cannot be run any more
update watches set problem = $2 where id = $1;

-- name: add_notices
-- $1 at, then of each: $2 owners, $3 trial ids, $4 versions, $5 watch ids, $6 registries, $7 registry ids, $8 titles,
-- $9 kinds with commas between, $10 changes as text -> those that are new; nobody is told the same twice
insert into notices (tenant_id, made_at, owner, trial_id, version, watch_id, registry, registry_id, title, kinds, changes)
select u.tenant_id, $1::timestamptz, n.owner, n.trial_id, n.version, n.watch_id, n.registry, n.registry_id, n.title,
       string_to_array(n.kinds, ','), n.changes::jsonb
from unnest($2::text[], $3::bigint[], $4::integer[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
    as n (owner, trial_id, version, watch_id, registry, registry_id, title, kinds, changes) join users u on u.login = n.owner
order by n.owner, n.trial_id, n.version
on conflict (owner, trial_id, version) do nothing
returning id, owner, kinds;

-- name: notices
-- $1 owner, $2 only unread, $3 before id or null, $4 limit -> theirs, the newest first
select n.id, n.trial_id, n.registry, n.registry_id, n.title, n.version, n.kinds, n.changes::text, n.made_at, n.read_at,
       n.watch_id, w.name as watch
from notices n left join watches w on w.id = n.watch_id
where n.owner = $1 and (not $2::boolean or n.read_at is null) and n.id < coalesce($3::bigint, 9223372036854775807)
order by n.id desc limit $4::integer;

-- name: read
-- $1 owner, $2 ids bigint[] or null (all), $3 at -> how many were unread
with now_read as (
    update notices set read_at = $3::timestamptz
    where owner = $1 and read_at is null and ($2::bigint[] is null or id = any($2::bigint[])) returning 1
)
select count(*) from now_read;

-- name: unread
-- $1 owners text[] -> of each who has any, how many they have not read
select owner, count(*) as unread from notices where owner = any($1::text[]) and read_at is null group by owner;

-- name: latest
-- $1 owners text[], $2 how many -> the newest of those that each has not read, the newest first
select o.owner, n.id, n.trial_id, n.registry, n.registry_id, n.title, n.version, n.kinds, n.changes::text, n.made_at, n.read_at,
       n.watch_id, null::text as watch
from unnest($1::text[]) as o (owner) cross join lateral (
    select * from notices where owner = o.owner and read_at is null order by id desc limit $2::integer) n
order by o.owner, n.id desc;

-- name: trim
-- $1 before timestamptz -> how many notices were removed
with gone as (delete from notices where made_at < $1 returning 1) select count(*) from gone;
