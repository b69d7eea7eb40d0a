-- Which records are the same trial. Migration 0012 has the tables.

-- name: lock
-- -> waits until nobody else compares or decides; let go when the transaction ends
select pg_advisory_xact_lock(1685091440, 0);

-- name: state
-- -> what was counted and when, how much changed since, and the whole-database run under way
select shape, counted, changed, counted_at, run, decisions, heard_at > now() - interval '60 seconds' as run_lives from duplicate_state;

-- name: count_records
-- $1 most -> how many records there are, counted up to that many
select count(*) from (select from duplicate_records limit $1::bigint) as few;

-- name: bodies
-- $1 trial ids bigint[] -> of each what is compared, as the trial states it; long texts that are not compared left out
select id, (record - '{results,sites,outcomes,arms,eligibility,contacts,officials,references,sharing,design,mesh,keywords}'::text[])::text
    as record
from trials where id = any($1::bigint[]);

-- name: records_of
-- $1 trial ids bigint[] -> all that was read of each, as JSON
select id, record::text as record from trials where id = any($1::bigint[]) order by id;

-- name: keep
-- $1 trial ids, $2 registries, $3 registry ids, $4 registers, $5 trials, $6 bodies -> those that are new or state something else now, which wait
with written as (
    insert into duplicate_records (trial_id, registry, registry_id, register, trial, body)
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
    on conflict (trial_id) do update set
        registry = excluded.registry, registry_id = excluded.registry_id, register = excluded.register, trial = excluded.trial,
        body = excluded.body
    where duplicate_records.body <> excluded.body
    returning trial_id
), waits as (insert into duplicate_waiting select trial_id from written on conflict do nothing)
select trial_id from written;

-- name: set_shape
-- $1 shape -> bodies are packed so from now on
update duplicate_state set shape = $1::integer;

-- name: add_changed
-- $1 how many -> so many more records changed since the words were counted
update duplicate_state set changed = changed + $1::bigint;

-- name: waiting
-- $1 most -> records that wait to be compared
select trial_id from duplicate_waiting order by trial_id limit $1::bigint;

-- name: waiting_count
-- $1 most -> how many wait, counted up to that many
select count(*) from (select from duplicate_waiting limit $1::bigint) as few;

-- name: compared
-- $1 trial ids bigint[] -> these wait no more
delete from duplicate_waiting where trial_id = any($1::bigint[]);

-- name: known
-- $1 trial ids bigint[] -> what is compared of each, and by what it is looked for, if ever it was compared
select r.trial_id, r.register, k.words, k.numbers, k.codes, r.body
from duplicate_records r left join duplicate_keys k using (trial_id) where r.trial_id = any($1::bigint[]) order by r.trial_id;

-- name: set_keys
-- $1 trial ids, then for each, as text of an array: $2 words, $3 numbers, $4 codes -> by these they are looked for from now on
insert into duplicate_keys as k (trial_id, register, trial, words, numbers, codes)
select r.trial_id, r.register, r.trial, g.words::integer[], g.numbers::text[], g.codes::text[]
from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as g (trial_id, words, numbers, codes) join duplicate_records r using (trial_id)
on conflict (trial_id) do update set
    register = excluded.register, trial = excluded.trial, words = excluded.words, numbers = excluded.numbers, codes = excluded.codes;

-- name: with_numbers
-- $1 numbers text[] -> who bears or claims one of them
select n.key, k.trial_id, k.trial
from unnest($1::text[]) as n (key) join duplicate_keys k on k.numbers @> array[n.key];

-- name: with_codes
-- $1 codes text[], $2 most of each -> who holds one of them
select n.key, k.trial_id, k.register from unnest($1::text[]) as n (key)
cross join lateral (select trial_id, register from duplicate_keys where codes @> array[n.key] limit $2::bigint) k;

-- name: with_words
-- $1 and $2 hashes of words integer[], two and two, $3 most of each two -> whose titles have both
select n.first, n.second, k.trial_id, k.register from unnest($1::integer[], $2::integer[]) as n (first, second)
cross join lateral (
    select trial_id, register from duplicate_keys where words @> array[n.first, n.second] limit $3::bigint) k;

-- name: count_of_words
-- $1 words of titles text[], $2 of sponsors text[] -> in how many records each is, where that is more than one
select about, word, records from duplicate_words where about = 'titles' and word = any($1::text[])
union all select about, word, records from duplicate_words where about = 'sponsors' and word = any($2::text[]);

-- name: decided
-- $1 trial ids bigint[] -> what holds of pairs with one of them
select id, at, a, b, verdict, by, note from duplicate_decisions
where undone_at is null and (a = any($1::bigint[]) or b = any($1::bigint[])) order by id;

-- name: decided_all
-- -> what holds
select id, at, a, b, verdict, by, note from duplicate_decisions where undone_at is null order by id;

-- name: unlink
-- $1 trial ids bigint[] -> the links of these are taken away; whom they led to
with gone as (delete from duplicate_links where a = any($1::bigint[]) or b = any($1::bigint[]) returning a, b)
select a as trial_id from gone union select b from gone;

-- name: link
-- $1 a, $2 b, $3 values, $4 kinds, $5 types, $6 decisions, $7 becauses, $8 parts as JSON -> these pairs are kept
insert into duplicate_links (a, b, value, kind, type, decision, because, parts)
select * from unnest($1::bigint[], $2::bigint[], $3::double precision[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[]);

-- name: strong_links
-- $1 trial ids bigint[] -> their links that can make a cluster
select a, b, kind, value, type, decision from duplicate_links
where (a = any($1::bigint[]) or b = any($1::bigint[])) and (type <> 'possible' or decision in ('automatic', 'confirmed'))
order by a, b;

-- name: members
-- $1 trial ids bigint[] -> as clusters know them
select trial_id, registry, registry_id, register, trial from duplicate_records where trial_id = any($1::bigint[]) order by trial_id;

-- name: clusters_of
-- $1 trial ids bigint[] -> the whole of each cluster that one of them is in
select id, cluster_id from trials
where cluster_id = any(array(select cluster_id from trials where id = any($1::bigint[]) and cluster_id is not null));

-- name: lock_registries
-- $1 trial ids bigint[] -> no page of their registries is written until the transaction ends: as trials.lock_registry
select pg_advisory_xact_lock(1953655148, hashtext(registry)) from (
    select distinct registry from duplicate_records where trial_id = any($1::bigint[]) order by registry) named;

-- name: set_clusters
-- $1 trial ids, $2 clusters of each or null -> they are in these clusters
update trials t set cluster_id = g.cluster_id from unnest($1::bigint[], $2::bigint[]) as g (id, cluster_id)
where t.id = g.id and t.cluster_id is distinct from g.cluster_id;

-- name: set_proposed
-- $1 trial ids, $2 what a reviewer would find with each, or null
update duplicate_records r set proposed_id = g.proposed_id from unnest($1::bigint[], $2::bigint[]) as g (id, proposed_id)
where r.trial_id = g.id and r.proposed_id is distinct from g.proposed_id;

-- name: hold
-- $1 trial ids bigint[], then of links among them $2 a, $3 b, $4 why -> these wait although they would merge, the others do not
update duplicate_links l set held = g.because
from duplicate_links k left join unnest($2::bigint[], $3::bigint[], $4::text[]) as g (a, b, because) using (a, b)
where l.a = k.a and l.b = k.b and (k.a = any($1::bigint[]) or k.b = any($1::bigint[]))
  and l.held is distinct from g.because;

-- name: set_waits
-- $1 trial ids bigint[] -> their links wait for a reviewer, or do not, as the clusters are now; looked up one by one, as they are few
with now as (
    select l.a, l.b, case
        when l.decision in ('confirmed', 'split') then 0
        when (select cluster_id from trials where id = l.a) = (select cluster_id from trials where id = l.b) then 0
        when l.held is not null then 3
        when (select proposed_id from duplicate_records where trial_id = l.a) = (select proposed_id from duplicate_records where trial_id = l.b)
        then 2 else 1 end as waits
    from duplicate_links l where l.a = any($1::bigint[]) or l.b = any($1::bigint[])
)
update duplicate_links l set waits = n.waits from now n where l.a = n.a and l.b = n.b and l.waits <> n.waits;

-- name: tell
-- $1 events, $2 by, $3 decision id, $4 trial ids as JSON, $5 parts as JSON -> the history of clusters has these
insert into duplicate_events (event, by, decision_id, trial_ids, parts)
select g.event, $2::text, $3::bigint, array(select jsonb_array_elements_text(g.ids)::bigint), g.parts
from unnest($1::text[], $4::jsonb[], $5::jsonb[]) as g (event, ids, parts);

-- name: decide
-- $1 a, $2 b, $3 verdict, $4 by, $5 note -> the decision's id; what was said of the two before was released
with counted as (update duplicate_state set decisions = decisions + 1)
insert into duplicate_decisions (a, b, verdict, by, note) select $1::bigint, $2::bigint, $3::text, $4::text, $5::text returning id;

-- name: undo
-- $1 decision id, $2 by -> its two records, or nothing where it does not hold any more
with counted as (update duplicate_state set decisions = decisions + 1)
update duplicate_decisions set undone_at = now(), undone_by = $2::text
where id = $1::bigint and undone_at is null returning a, b;

-- name: release
-- $1 a, $2 b, $3 by -> what was said of the two holds no more
with counted as (update duplicate_state set decisions = decisions + 1)
update duplicate_decisions set undone_at = now(), undone_by = $3::text
where a = $1::bigint and b = $2::bigint and undone_at is null returning id;

-- name: find
-- $1 a number as its registry writes it, $2 the same as scheme:VALUE -> whose own it is, records of that spelling first
select r.trial_id from duplicate_records r where r.registry_id = $1::text
    or r.trial_id in (select k.trial_id from duplicate_keys k where k.trial = $2::text and k.numbers @> array[$2::text])
order by r.registry_id <> $1::text, r.trial_id limit 100;

-- name: find_trials
-- $1 a number as its registry writes it -> trials that bear it, compared yet or not
select id from trials where registry_id = $1::text order by id limit 100;

-- name: pair
-- $1 a, $2 b -> what is kept of the two
select a, b, waits, value, kind, type, decision, because, held, parts from duplicate_links where a = $1::bigint and b = $2::bigint;

-- name: all_links
-- $1 a and $2 b of the last one seen, $3 most -> links in order
select a, b, kind, value, type, decision from duplicate_links
where (a, b) > ($1::bigint, $2::bigint) order by a, b limit $3::bigint;

-- name: all_members
-- $1 the last one seen, $2 most -> records that are in a link, with their groups
select r.trial_id, r.registry, r.registry_id, t.cluster_id, r.proposed_id
from duplicate_records r join trials t on t.id = r.trial_id
where r.trial_id > $1::bigint and (exists (select from duplicate_links where a = r.trial_id) or exists (select from duplicate_links where b = r.trial_id))
order by r.trial_id limit $2::bigint;

-- name: queue
-- $1 types text[] or empty, $2 least and $3 most waits, then the last one seen: $4 waits, $5 value, $6 a, $7 b, $8 most rows
-- -> pairs that wait for a reviewer, those held first, then those proposed, the most alike first
select l.a, l.b, l.waits, l.value, l.kind, l.type, l.decision, l.because, l.held, l.parts,
       t.registry as a_registry, t.registry_id as a_registry_id, coalesce(t.title, t.official_title) as a_title,
       t.sponsor as a_sponsor, t.enrolment as a_enrolment, t.start_on as a_start, t.cluster_id as a_cluster,
       u.registry as b_registry, u.registry_id as b_registry_id, coalesce(u.title, u.official_title) as b_title,
       u.sponsor as b_sponsor, u.enrolment as b_enrolment, u.start_on as b_start, u.cluster_id as b_cluster
from duplicate_links l join trials t on t.id = l.a join trials u on u.id = l.b
where l.waits > 0 and l.waits between $2::smallint and $3::smallint
  and (cardinality($1::text[]) = 0 or l.type = any($1::text[]))
  and (l.waits, l.value, -l.a, -l.b) < ($4::smallint, $5::double precision, -$6::bigint, -$7::bigint)
order by l.waits desc, l.value desc, l.a, l.b limit $8::bigint;

-- name: waiting_pairs
-- $1 a, $2 b -> those of these pairs that wait for a reviewer, as `queue` has them
select l.a, l.b, l.waits, l.value, l.kind, l.type, l.decision, l.because, l.held, l.parts,
       t.registry as a_registry, t.registry_id as a_registry_id, coalesce(t.title, t.official_title) as a_title,
       t.sponsor as a_sponsor, t.enrolment as a_enrolment, t.start_on as a_start, t.cluster_id as a_cluster,
       u.registry as b_registry, u.registry_id as b_registry_id, coalesce(u.title, u.official_title) as b_title,
       u.sponsor as b_sponsor, u.enrolment as b_enrolment, u.start_on as b_start, u.cluster_id as b_cluster
from unnest($1::bigint[], $2::bigint[]) as g (a, b) join duplicate_links l on l.a = g.a and l.b = g.b
join trials t on t.id = l.a join trials u on u.id = l.b
where l.waits > 0 order by l.waits desc, l.value desc, l.a, l.b;

-- name: hanging
-- $1 trial ids, $2 waits, $3 types text[] or empty -> pairs with one of them that wait so
select a, b, waits, value from duplicate_links
where (a = any($1::bigint[]) or b = any($1::bigint[])) and waits = $2::smallint
  and (cardinality($3::text[]) = 0 or type = any($3::text[]));

-- name: records_shown
-- $1 clusters, or records that are alone -> all their records, as a reviewer sees them
select t.id, t.registry, t.registry_id, coalesce(t.title, t.official_title) as title, t.sponsor, t.enrolment,
       t.start_on as start, t.cluster_id as cluster
from trials t where t.id = any($1::bigint[]) or t.cluster_id = any($1::bigint[]) order by t.registry, t.registry_id;

-- name: reviews
-- $1 most -> how many pairs are held for a reviewer, and how many proposed to one, each counted up to that many
select (select count(*) from (select from duplicate_links where waits = 3 limit $1::bigint) as held) as held,
       (select count(*) from (select from duplicate_links where waits = 2 limit $1::bigint) as proposed) as proposed;

-- name: decisions
-- $1 before, $2 most -> what people decided, the newest first, also what was undone
select d.id, d.at, d.a, d.b, d.verdict, d.by, d.note, d.undone_at, d.undone_by, t.registry_id as a_registry_id, u.registry_id as b_registry_id
from duplicate_decisions d join trials t on t.id = d.a join trials u on u.id = d.b
where ($1::bigint is null or d.id < $1::bigint) order by d.id desc limit $2::bigint;

-- name: decisions_of
-- $1 a, $2 b -> what people decided of the two, the newest first
select id, at, a, b, verdict, by, note, undone_at, undone_by from duplicate_decisions
where a = $1::bigint and b = $2::bigint order by id desc;

-- name: events
-- $1 trial ids bigint[] or null for all, $2 before, $3 most -> what became of clusters, the newest first
select id, at, event, by, decision_id, trial_ids, parts from duplicate_events
where ($1::bigint[] is null or trial_ids && $1::bigint[]) and ($2::bigint is null or id < $2::bigint) order by id desc limit $3::bigint;

-- name: cluster
-- $1 trial id -> the records of its cluster, itself among them, also alone
select t.id, t.registry, t.registry_id, t.url, t.status, t.last_updated_on, t.removed_at, t.cluster_id
from trials t where t.id = $1::bigint
   or t.cluster_id = (select cluster_id from trials where id = $1::bigint)
order by t.registry, t.registry_id;

-- name: counts
-- -> how many pairs there are of each type and by what became of them, and how many wait
select type, case when decision in ('confirmed', 'split') then decision when waits = 0 then 'merged' when waits = 3 then 'held'
    when waits = 2 then 'proposed' else 'possible' end as state, count(*) as pairs
from duplicate_links group by 1, 2 order by 1, 2;

-- name: totals
-- -> how many records are in how many clusters
select count(*) as records, count(distinct cluster_id) as clusters from trials where cluster_id is not null;

-- name: begin_run
-- $1 run uuid -> nobody else compares while it is heard of
update duplicate_state set run = $1::uuid, heard_at = now(),
    began_at = case when run = $1::uuid then began_at else now() end;

-- name: hear_run
-- $1 run uuid -> true while it is the one under way
update duplicate_state set heard_at = now() where run = $1::uuid returning true;

-- name: forget_run
-- -> none is under way
update duplicate_state set run = null, heard_at = null where run is not null;

-- name: snapshot
-- $1 the last one seen, $2 most -> what is compared of each record, in order
select trial_id, body from duplicate_records where trial_id > $1::bigint order by trial_id limit $2::bigint;

-- name: empty_keys
-- -> none waits to be taken over
truncate duplicate_incoming_records;

-- name: look_at_keys
-- -> the planner knows how many wait
analyze duplicate_incoming_records;

-- name: empty_words
-- -> none waits to be taken over
truncate duplicate_incoming_words;

-- name: look_at_words
-- -> the planner knows how many wait
analyze duplicate_incoming_words;

-- name: empty_links
-- -> none waits to be taken over
truncate duplicate_incoming_links;

-- name: look_at_links
-- -> the planner knows how many wait
analyze duplicate_incoming_links;

-- name: empty_clusters
-- -> none waits to be taken over
truncate duplicate_incoming_clusters;

-- name: look_at_clusters
-- -> the planner knows how many wait
analyze duplicate_incoming_clusters;

-- name: empty_held
-- -> none waits to be taken over
truncate duplicate_incoming_held;

-- name: look_at_held
-- -> the planner knows how many wait
analyze duplicate_incoming_held;

-- name: spoil
-- -> no record can be compared alone until a whole-database run has ended: it is changing by what they are looked for
update duplicate_state set changed = greatest(changed, counted, 1000000);

-- name: step
-- $1 after, $2 most -> the last of the next so many records
select max(trial_id) from (
    select trial_id from duplicate_records where trial_id > $1::bigint order by trial_id limit $2::bigint) as few;

-- name: take_records
-- $1 after, $2 to -> by what records are looked for is what the run found, and they wait no more; how many changed
with taken as (
    insert into duplicate_keys as k (trial_id, register, trial, words, numbers, codes)
    select g.trial_id, r.register, r.trial, g.words, g.numbers, g.codes
    from duplicate_incoming_records g join duplicate_records r using (trial_id) left join duplicate_keys h using (trial_id)
    where g.trial_id > $1::bigint and g.trial_id <= $2::bigint
      and (h.register, h.trial, h.words, h.numbers, h.codes) is distinct from (r.register, r.trial, g.words, g.numbers, g.codes)
    on conflict (trial_id) do update set
        register = excluded.register, trial = excluded.trial, words = excluded.words, numbers = excluded.numbers, codes = excluded.codes
    returning 1
), gone as (
    delete from duplicate_waiting w using duplicate_incoming_records g
    where w.trial_id > $1::bigint and w.trial_id <= $2::bigint and g.trial_id = w.trial_id)
select count(*) from taken;

-- name: forget_words
-- -> no word is counted
truncate duplicate_words;

-- name: take_words
-- -> the words as the run counted them
insert into duplicate_words (about, word, records) select about, word, records from duplicate_incoming_words;

-- name: drop_links
-- -> how many links the run has not found again
with gone as (
    delete from duplicate_links l where not exists (select from duplicate_incoming_links n where n.a = l.a and n.b = l.b) returning 1)
select count(*) from gone;

-- name: take_links
-- -> how many links are new, and how many differ
with taken as (
    insert into duplicate_links as l (a, b, value, kind, type, decision, because, parts)
    select a, b, value, kind, type, decision, because, parts from duplicate_incoming_links
    on conflict (a, b) do update set value = excluded.value, kind = excluded.kind, type = excluded.type,
        decision = excluded.decision, because = excluded.because, parts = excluded.parts
    where (l.value, l.kind, l.type, l.decision, l.because, l.parts)
        is distinct from (excluded.value, excluded.kind, excluded.type, excluded.decision, excluded.because, excluded.parts)
    returning xmax = 0 as is_new)
select count(*) filter (where is_new) as new, count(*) filter (where not is_new) as changed from taken;

-- name: clusters_now
-- -> every record in a cluster
select id, cluster_id from trials where cluster_id is not null;

-- name: incoming_clusters
-- -> every record in a cluster, as the run found them
select trial_id, cluster_id from duplicate_incoming_clusters where cluster_id is not null;

-- name: take_proposed
-- -> what a reviewer would find together is what the run found
update duplicate_records r set proposed_id = g.proposed_id
from (select r.trial_id, n.proposed_id from duplicate_records r left join duplicate_incoming_clusters n using (trial_id)) g
where r.trial_id = g.trial_id and r.proposed_id is distinct from g.proposed_id;

-- name: take_held
-- -> what waits although it would merge is what the run found
update duplicate_links l set held = g.because
from (select l.a, l.b, n.because from duplicate_links l left join duplicate_incoming_held n using (a, b)) g
where l.a = g.a and l.b = g.b and l.held is distinct from g.because;

-- name: set_all_waits
-- -> all links wait for a reviewer, or do not, as the clusters are now
with clustered as materialized (select id, cluster_id from trials where cluster_id is not null), now as (
    select l.a, l.b, case
        when l.decision in ('confirmed', 'split') or t.cluster_id = u.cluster_id then 0
        when l.held is not null then 3 when r.proposed_id = s.proposed_id then 2 else 1 end as waits
    from duplicate_links l left join clustered t on t.id = l.a left join clustered u on u.id = l.b
    join duplicate_records r on r.trial_id = l.a join duplicate_records s on s.trial_id = l.b
)
update duplicate_links l set waits = n.waits from now n where l.a = n.a and l.b = n.b and l.waits <> n.waits;

-- name: decided_meanwhile
-- -> records of which people decided since the run began wait to be compared again
insert into duplicate_waiting
select r.trial_id from duplicate_records r where r.trial_id in (
    select unnest(array[a, b]) from duplicate_decisions d join duplicate_state s on d.at >= s.began_at or d.undone_at >= s.began_at)
on conflict do nothing;

-- name: end_run
-- $1 run uuid, $2 records counted -> true where it was the one under way; every record is compared
update duplicate_state set run = null, heard_at = null, counted = $2::bigint, changed = 0, counted_at = now()
where run = $1::uuid returning true;

-- name: trim_events
-- $1 before -> how many events of clusters were older
with gone as (delete from duplicate_events where at < $1::timestamptz and decision_id is null returning 1) select count(*) from gone;
