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

-- The searches. A question holds the words of the text and of the filters, and is asked of the index; it is materialised so
-- that the plan never depends on the words. Dates are compared row by row, a partial one by its first day. A trial whose
-- update has no date comes last, as if it had been endlessly long ago.

-- name: search_hits
-- $1 text, $2 facets (a tsquery as text), $3 $4 start from and to, $5 $6 completion, $7 $8 last update, $9 removed ones too,
-- $10 cursor date, $11 cursor id, $12 rows, $13 most hits -> the newest of the first so many hits, and how many these are
-- (one row without an id where none is left)
with asked as materialized (
    select case when $2::text = '' then words else words && $2::tsquery end as question
    from (select websearch_to_tsquery('english', fold($1::text)) as words) given
), hits as materialized (
    select t.id, coalesce(t.last_updated_on, '-infinity') as updated
    from asked a join trials t on t.words @@ a.question
    where ($3::date is null or t.start_on >= $3) and ($4::date is null or t.start_on <= $4)
      and ($5::date is null or t.completion_on >= $5) and ($6::date is null or t.completion_on <= $6)
      and ($7::date is null or t.last_updated_on >= $7) and ($8::date is null or t.last_updated_on <= $8)
      and ($9::boolean or t.removed_at is null)
    limit $13::bigint
)
select found.id, found.updated, counted.hits
from (select count(*) as hits from hits) counted left join lateral (
    select id, updated from hits where (updated, id) < ($10::date, $11::bigint)
    order by updated desc, id desc limit $12::integer
) found on true
order by found.updated desc, found.id desc;

-- name: search_newest
-- $1 text, $2 facets (a tsquery as text), $3 $4 start from and to, $5 $6 completion, $7 $8 last update, $9 removed ones too,
-- $10 cursor date, $11 cursor id, $12 rows, $13 most to look at -> the hits among the newest trials after the cursor
with asked as materialized (
    select case when $2::text = '' then words else words && $2::tsquery end as question
    from (select websearch_to_tsquery('english', fold($1::text)) as words) given
)
select id, updated
from asked a cross join (
    select id, coalesce(last_updated_on, '-infinity') as updated, words, start_on, completion_on, last_updated_on, removed_at
    from trials
    where (coalesce(last_updated_on, '-infinity'), id) < ($10::date, $11::bigint)
      and coalesce(last_updated_on, '-infinity') >= coalesce($7::date, '-infinity')
    order by coalesce(last_updated_on, '-infinity') desc, id desc limit $13::bigint
) newest
where words @@ a.question
      and ($3::date is null or start_on >= $3) and ($4::date is null or start_on <= $4)
      and ($5::date is null or completion_on >= $5) and ($6::date is null or completion_on <= $6)
      and ($7::date is null or last_updated_on >= $7) and ($8::date is null or last_updated_on <= $8)
      and ($9::boolean or removed_at is null)
order by updated desc, id desc limit $12::integer;

-- name: search_all
-- $1 $2 start from and to, $3 $4 completion, $5 $6 last update, $7 removed ones too,
-- $8 cursor date, $9 cursor id, $10 rows, $11 most to count -> the newest trials, and how many there are, if not more
select id, coalesce(last_updated_on, '-infinity') as updated, (
    select count(*) from (
        select from trials
        where coalesce(last_updated_on, '-infinity') between coalesce($5::date, '-infinity') and coalesce($6::date, 'infinity')
          and ($1::date is null or start_on >= $1) and ($2::date is null or start_on <= $2)
      and ($3::date is null or completion_on >= $3) and ($4::date is null or completion_on <= $4)
      and ($5::date is null or last_updated_on >= $5) and ($6::date is null or last_updated_on <= $6)
      and ($7::boolean or removed_at is null)
        limit $11::bigint) counted) as hits
from trials
where (coalesce(last_updated_on, '-infinity'), id) < ($8::date, $9::bigint)
      and coalesce(last_updated_on, '-infinity') >= coalesce($5::date, '-infinity')
      and ($1::date is null or start_on >= $1) and ($2::date is null or start_on <= $2)
      and ($3::date is null or completion_on >= $3) and ($4::date is null or completion_on <= $4)
      and ($5::date is null or last_updated_on >= $5) and ($6::date is null or last_updated_on <= $6)
      and ($7::boolean or removed_at is null)
order by coalesce(last_updated_on, '-infinity') desc, id desc limit $10::integer;

-- name: search_relevant
-- $1 text, $2 facets (a tsquery as text), $3 $4 start from and to, $5 $6 completion, $7 $8 last update, $9 removed ones too,
-- $10 cursor rank, $11 cursor id, $12 rows, $13 most hits, $14 latest id
-- -> how many hits there are, to one more than most; the best of them, unless there are more; the latest id that was looked
-- at (one row without an id where there is none to show). `is true` keeps a condition away from the index of ids.
with asked as materialized (
    select case when $2::text = '' then words else words && $2::tsquery end as question, words
    from (select websearch_to_tsquery('english', fold($1::text)) as words) given
), hits as materialized (
    select t.id, ts_rank(t.words, a.words) as rank
    from asked a join trials t on t.words @@ a.question
    where (t.id <= $14::bigint) is true
      and ($3::date is null or t.start_on >= $3) and ($4::date is null or t.start_on <= $4)
      and ($5::date is null or t.completion_on >= $5) and ($6::date is null or t.completion_on <= $6)
      and ($7::date is null or t.last_updated_on >= $7) and ($8::date is null or t.last_updated_on <= $8)
      and ($9::boolean or t.removed_at is null)
    limit $13::bigint + 1
)
select found.id, found.rank, counted.hits, least($14, (select max(id) from trials)) as latest_id
from (select count(*) as hits from hits) counted left join lateral (
    select id, rank from hits where counted.hits <= $13::bigint and (rank, id) < ($10::real, $11::bigint)
    order by rank desc, id desc limit $12::integer
) found on true
order by found.rank desc, found.id desc;

-- name: search_titled
-- As search_relevant, for a question with more hits than that: $13 most titles, $14 latest id, $15 newest trials to look at,
-- $16 titles that are enough
-- -> the best of the hits that have the words in their title and of those among the newest trials; the latest id. Where
-- the newest trials hold enough such titles, no others are looked for.
with asked as materialized (
    select case when $2::text = '' then words else words && $2::tsquery end as question, words
    from (select websearch_to_tsquery('english', fold($1::text)) as words) given
), newest as materialized (
    select n.id, ts_rank(n.words, a.words) as rank, (ts_filter(n.words, '{a}') || n.facets || n.mesh) @@ a.question as in_title
    from asked a cross join (
        select id, words, facets, mesh, start_on, completion_on, last_updated_on, removed_at from trials
        where (id <= $14::bigint) is true
          and coalesce(last_updated_on, '-infinity') between coalesce($7::date, '-infinity') and coalesce($8::date, 'infinity')
        order by coalesce(last_updated_on, '-infinity') desc, id desc limit $15::bigint
    ) n
    where n.words @@ a.question
      and ($3::date is null or n.start_on >= $3) and ($4::date is null or n.start_on <= $4)
      and ($5::date is null or n.completion_on >= $5) and ($6::date is null or n.completion_on <= $6)
      and ($7::date is null or n.last_updated_on >= $7) and ($8::date is null or n.last_updated_on <= $8)
      and ($9::boolean or n.removed_at is null)
), titled as materialized (
    select t.id, ts_rank(t.words, a.words) as rank
    from asked a join trials t on (ts_filter(t.words, '{a}') || t.facets || t.mesh) @@ a.question
    where (select count(*) from newest where in_title) < $16::bigint
      and (t.words @@ a.question) is true   -- -word is meant of the whole trial
      and (t.id <= $14::bigint) is true
      and ($3::date is null or t.start_on >= $3) and ($4::date is null or t.start_on <= $4)
      and ($5::date is null or t.completion_on >= $5) and ($6::date is null or t.completion_on <= $6)
      and ($7::date is null or t.last_updated_on >= $7) and ($8::date is null or t.last_updated_on <= $8)
      and ($9::boolean or t.removed_at is null)
    limit $13::bigint
)
select id, rank, least($14, (select max(id) from trials)) as latest_id
from (select id, rank from newest union select id, rank from titled) ranked
where (rank, id) < ($10::real, $11::bigint)
order by rank desc, id desc limit $12::integer;

-- name: beside
-- $1 trial ids bigint[], $2 text, $3 facets (a tsquery as text), $4 $5 start from and to, $6 $7 completion, $8 $9 last update,
-- $10 removed ones too -> how many of these trials the question does not find
with asked as materialized (
    select case when $3::text = '' then words else words && $3::tsquery end as question
    from (select websearch_to_tsquery('english', fold($2::text)) as words) given
)
select count(*) from asked a cross join trials t
where t.id = any($1::bigint[]) and not coalesce(
      t.words @@ a.question
      and ($4::date is null or t.start_on >= $4) and ($5::date is null or t.start_on <= $5)
      and ($6::date is null or t.completion_on >= $6) and ($7::date is null or t.completion_on <= $7)
      and ($8::date is null or t.last_updated_on >= $8) and ($9::date is null or t.last_updated_on <= $9)
      and ($10::boolean or t.removed_at is null), false);

-- name: rows
-- $1 trial ids bigint[], $2 text -> what a list shows; the marks stand around the words of the text, in copies that are
-- folded letter for letter. Conditions are joined to one text by the letter 1e, and so are interventions.
with asked as materialized (select websearch_to_tsquery('english', fold($2::text)) as words)
select t.id, t.registry, t.registry_id, t.url, t.title, t.official_title, t.acronym, t.status, t.study_type, t.phases, t.sponsor,
       t.enrolment, t.start_on, t.start_precision, t.completion_on, t.completion_precision, t.last_updated_on,
       t.last_updated_precision, t.conditions, t.interventions, t.countries, t.has_results, t.removed_at, p.summary,
       m.title as marked_title, m.summary as marked_summary, m.conditions as marked_conditions,
       m.interventions as marked_interventions
from asked a cross join trials t
cross join lateral (
    select left(t.record ->> 'summary', 3000) as summary, left(array_to_string(t.conditions, E'\x1e'), 3000) as conditions,
           left(array_to_string(t.interventions, E'\x1e'), 3000) as interventions
) p
left join lateral (
    select max(marked) filter (where part = 1) as title, max(marked) filter (where part = 2) as summary,
           max(marked) filter (where part = 3) as conditions, max(marked) filter (where part = 4) as interventions
    from (
        select part, ts_headline('english', translate(fold(text), E'<&\x02\x03', '    '), a.words,
                                 E'HighlightAll=true, StartSel="\x02", StopSel="\x03"') as marked
        from unnest(array[t.title, p.summary, p.conditions, p.interventions]) with ordinality as parts (text, part)
    ) marks
) m on numnode(a.words) > 0
where t.id = any($1::bigint[]);
