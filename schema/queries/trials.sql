-- Trials as they are mirrored, found and shown. Migration 0002 has the tables.

-- name: lock_registry
-- $1 registry text -> waits until no other page of the registry is being written; let go when the transaction ends
select pg_advisory_xact_lock(1953655148, hashtext($1));

-- name: stored
-- $1 registry text, $2 registry ids text[] -> what is known of those that are there
select id, registry_id, version, adapter_version, content_sha256, last_updated_on, changed_at, removed_at is not null as removed
from trials where registry = $1 and registry_id = any($2::text[]);

-- name: same
-- $1 registry, $2 registry ids text[], $3 days date[] -> those that are there, as of the day of their last update at the source
select t.registry_id from unnest($2::text[], $3::date[]) as given (registry_id, updated)
join trials t on t.registry = $1 and t.registry_id = given.registry_id
where t.removed_at is null and t.last_updated_on = given.updated;

-- name: new_ids
-- $1 how many -> that many fresh ids
select array_agg(nextval('trials_id_seq')) from generate_series(1, $1::integer);

-- name: records
-- $1 trial ids bigint[] -> what was read of each, as JSON
select id, record::text from trials where id = any($1::bigint[]);

-- name: take_over
-- $1 trial ids bigint[] -> their rows become what stands in trials_incoming, which is emptied of them; one that keeps its
-- version was only read better, and did not change
with incoming as (delete from trials_incoming where id = any($1::bigint[]) returning *)
update trials t set
    version = i.version, adapter_version = i.adapter_version, removed_at = null,
    changed_at = case when i.version = t.version then t.changed_at else i.changed_at end,
    content_sha256 = i.content_sha256, url = i.url, title = i.title, official_title = i.official_title,
    acronym = i.acronym, status = i.status, status_raw = i.status_raw, study_type = i.study_type, phases = i.phases,
    start_on = i.start_on, start_precision = i.start_precision,
    completion_on = i.completion_on, completion_precision = i.completion_precision,
    first_posted_on = i.first_posted_on, first_posted_precision = i.first_posted_precision,
    last_updated_on = i.last_updated_on, last_updated_precision = i.last_updated_precision,
    has_results = i.has_results, enrolment = i.enrolment, sponsor = i.sponsor, sponsor_class = i.sponsor_class,
    conditions = i.conditions, keywords = i.keywords, interventions = i.interventions, countries = i.countries,
    sex = i.sex, min_age_days = i.min_age_days, max_age_days = i.max_age_days, facets = i.facets, record = i.record
from incoming i where t.id = i.id;

-- name: forget_ids
-- $1 trial ids bigint[] -> their numbers are taken away, before those of the new version come
delete from trial_ids where trial_id = any($1::bigint[]);

-- name: forget_raw
-- $1 trial ids bigint[], $2 versions integer[] -> the bytes of these are taken away, before those come that were read anew
delete from trial_raw where (trial_id, version) in (select * from unnest($1::bigint[], $2::integer[]));

-- name: index_now
-- -> the words of the rows just written go from the waiting lists into the indexes, all at once
select gin_clean_pending_list('trials_words'), gin_clean_pending_list('trials_title_words');

-- name: refuse
-- $1 registry, $2 scrape id, $3 url, $4 at, then per record: $5 registry ids, $6 reasons, $7 sizes, $8 hashes, $9 bodies
insert into refused_records (registry, scrape_id, url, first_at, last_at, registry_id, reason, size_bytes, sha256, body)
select distinct on (r.registry_id, r.sha256) $1, $2, $3, $4, $4, r.registry_id, r.reason, r.size_bytes, r.sha256, r.body
from unnest($5::text[], $6::text[], $7::bigint[], $8::bytea[], $9::bytea[])
    as r (registry_id, reason, size_bytes, sha256, body)
on conflict (registry, registry_id, sha256) do update set
    last_at = excluded.last_at, times = refused_records.times + 1, resolved_at = null,
    reason = excluded.reason, scrape_id = excluded.scrape_id, url = excluded.url;

-- name: resolve
-- $1 registry text, $2 at, $3 registry ids text[] -> these could be read after all
update refused_records set resolved_at = $2
where registry = $1 and resolved_at is null and registry_id = any($3::text[]);

-- name: refusals
-- $1 registry text or null, $2 before id or null, $3 limit -> records that wait aside, the newest first
select id, registry, registry_id, reason, url, size_bytes, times, first_at, last_at, scrape_id
from refused_records
where resolved_at is null and ($1::text is null or registry = $1) and id < coalesce($2, 9223372036854775807)
order by id desc limit $3;

-- name: refusal_body
-- $1 id -> the record as it came, compressed
select body from refused_records where id = $1;

-- name: open_scrape
-- $1 registry, $2 mode, $3 since, $4 job id, $5 at -> the scrape's id
insert into scrapes (registry, mode, since, job_id, started_at) values ($1, $2, $3, $4, $5) returning id;

-- name: add_page
-- $1 scrape id, $2 at, $3 new, $4 changed, $5 unchanged, $6 refused, $7 total or null, $8 reached or null -> its mode
update scrapes set
    pages = pages + 1, page_at = $2, records = records + $3 + $4 + $5 + $6,
    new = new + $3, changed = changed + $4, unchanged = unchanged + $5, refused = refused + $6,
    total = coalesce($7, total), reached_on = greatest(reached_on, $8), error = null
where id = $1 and state = 'running' returning mode;

-- name: note_error
-- $1 scrape id, $2 error: why its last attempt ended; the next page that is written takes it away
update scrapes set error = $2 where id = $1 and state = 'running';

-- name: add_requests
-- $1 scrape id, $2 how many
update scrapes set requests = requests + $2 where id = $1;

-- name: see
-- $1 scrape id, $2 query, $3 registry ids text[], $4 how many refused records have none -> a scrape has met these
insert into scrape_seen (scrape_id, query, registry_ids, unnamed) values ($1, $2, $3, $4);

-- name: met
-- $1 scrape id, $2 query or null (all of them) -> how many different records it has met, and how many of them have no number
with seen as materialized (
    select registry_ids, unnamed from scrape_seen where scrape_id = $1 and ($2::text is null or query = $2)
), unnamed as (
    select coalesce(sum(unnamed), 0) as records from seen
)
select (select count(*) from (select distinct unnest(registry_ids) from seen) as different) + unnamed.records as records,
       unnamed.records as unnamed
from unnamed;

-- name: met_before
-- $1 scrape id, $2 registry ids text[] -> those that it has met already
select distinct id from scrape_seen, unnest(registry_ids) as id where scrape_id = $1 and id = any($2::text[]);

-- name: miss
-- $1 scrape id, $2 how many records the source counted and did not give
update scrapes set missed = missed + $2 where id = $1;

-- name: close_scrape
-- $1 scrape id, $2 state, $3 at, $4 error or null, $5 day that it covers to, or null -> true when it was still running
with closed as (
    update scrapes set state = $2, ended_at = $3, error = $4, covers_to = $5 where id = $1 and state = 'running' returning id
), forgotten as (
    delete from scrape_seen where scrape_id in (select id from closed)
)
select exists (select from closed);

-- Of everything that there is, everything that was met is taken away, rather than joined: that takes a second for 600,000 trials
-- even where nothing is known of the tables yet, as after a first scrape.

-- name: vanishing
-- $1 scrape id -> how many trials of its registry it has not met, and how many there are
with gone as (
    select t.registry_id from scrapes c join trials t on t.registry = c.registry
    where c.id = $1 and t.removed_at is null and t.changed_at < c.started_at
    except
    select unnest(registry_ids) from scrape_seen where scrape_id = $1
)
select (select count(*) from gone) as vanished,
       (select count(*) from scrapes c join trials t on t.registry = c.registry
        where c.id = $1 and t.removed_at is null) as present;

-- name: remove_vanished
-- $1 scrape id, $2 at -> how many trials were marked as removed; each gets a version that says so. Under the lock of the
-- registry, like a page
with missed as (
    select t.registry_id from scrapes c join trials t on t.registry = c.registry
    where c.id = $1 and t.removed_at is null and t.changed_at < c.started_at
    except
    select unnest(registry_ids) from scrape_seen where scrape_id = $1
), gone as (
    update trials t set removed_at = $2, version = t.version + 1
    where t.registry = (select registry from scrapes where id = $1)
      and t.registry_id = any(array(select registry_id from missed))
    returning t.id, t.version, t.registry
), told as (
    insert into trial_versions (trial_id, version, scrape_id, seen_at, registry, event, changes)
    select id, version, $1, $2, registry, 'removed', '[]' from gone
), counted as (
    update scrapes set removed = removed + (select count(*) from gone) where id = $1
), fewer as (
    update registry_counts c set present = present - g.n, removed = removed + g.n
    from (select registry, count(*) as n from gone group by registry) g where c.registry = g.registry
)
select count(*) from gone;

-- name: scrapes
-- $1 registry text or null, $2 before id or null, $3 limit -> scrapes, the newest first
select id, registry, mode, since, state, job_id, started_at, ended_at, page_at, pages, requests, total, records,
       new, changed, unchanged, refused, removed, reached_on, error, missed, covers_to
from scrapes
where ($1::text is null or registry = $1) and id < coalesce($2, 9223372036854775807)
order by id desc limit $3;

-- name: scrape
-- $1 id -> one scrape
select id, registry, mode, since, state, job_id, started_at, ended_at, page_at, pages, requests, total, records,
       new, changed, unchanged, refused, removed, reached_on, error, missed, covers_to
from scrapes where id = $1;

-- name: last_success
-- $1 registry -> the scrape that ended well most recently
select id, registry, mode, since, state, job_id, started_at, ended_at, page_at, pages, requests, total, records,
       new, changed, unchanged, refused, removed, reached_on, error, missed, covers_to
from scrapes where registry = $1 and state = 'done' order by id desc limit 1;

-- name: covered_to
-- $1 registry -> the day before which every update at the source is here, or null
select max(covers_to) from scrapes where registry = $1 and state = 'done';

-- name: take_turn
-- $1 registry, $2 job id, $3 fence -> true where the registry is this attempt's now; else another one is at it. After
-- lock_registry, so that it sees what the others have taken
insert into scrape_turns as t (registry, job_id, fence) values ($1, $2, $3)
on conflict (registry) do update set job_id = excluded.job_id, fence = excluded.fence
where t.job_id = excluded.job_id
   or not exists (select from jobs j where j.id = t.job_id and j.fence = t.fence and j.state = 'running')
returning true;

-- name: turn
-- $1 registry -> the job whose turn it is, or was last
select job_id from scrape_turns where registry = $1;

-- name: count
-- $1 registry, $2 how many are new, $3 how many have returned, $4 latest update that was read, $5 at
insert into registry_counts as c (registry, present, removed, newest_on, changed_at)
values ($1, $2::bigint + $3::bigint, 0, $4, $5)
on conflict (registry) do update set
    present = c.present + excluded.present, removed = c.removed - $3::bigint,
    newest_on = greatest(c.newest_on, excluded.newest_on), changed_at = greatest(c.changed_at, excluded.changed_at);

-- name: counts
-- -> per registry how many trials are there, how many were removed at the source, and what was updated last
select registry, present, removed, newest_on, changed_at from registry_counts order by registry;

-- name: by_id
-- $1 id -> one trial
select id, registry, registry_id, version, adapter_version, url, first_seen_at, changed_at, removed_at, record::text
from trials where id = $1;

-- name: find_ids
-- $1 numbers text[] -> the trials that state one of them, those whose own number it is first
select distinct on (trial_id) trial_id, place, value,
       array_position('{main,alias,secondary,organisation,text}', place) as nearness
from (
    select id as trial_id, 'main' as place, registry_id as value from trials where registry_id = any($1::text[])
    union all
    select trial_id, place, value from trial_ids where value = any($1::text[])
) found
order by trial_id, nearness limit 200;

-- name: raw
-- $1 trial id, $2 version or null -> the record of that version as it came, compressed; a removal shows the one before it
select version, sha256, media_type, url, fetched_at, adapter_version, size_bytes, body
from trial_raw where trial_id = $1 and version <= coalesce($2, 2147483647)
order by version desc limit 1;

-- name: versions
-- $1 trial id -> its versions, the newest first
select v.version, v.event, v.seen_at, v.scrape_id, v.changes::text, r.sha256, r.size_bytes, r.fetched_at, r.url
from trial_versions v left join trial_raw r using (trial_id, version)
where trial_id = $1 order by version desc;
