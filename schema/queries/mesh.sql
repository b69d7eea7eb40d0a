-- MeSH: read in, looked up, browsed; trials coded with it. Migration 0011 has the tables.

-- ── the import ──

-- name: try_lock
-- -> whether this session may import; until it ends, no other may
select pg_try_advisory_lock(hashtext('triald_mesh_import'));

-- name: unlock
-- -> gives it back
select pg_advisory_unlock(hashtext('triald_mesh_import'));

-- name: latest
-- $1 kind -> the last import of this kind
select id, at, kind, year, reading, sha256, size_bytes, file, counts, changes
from mesh_imports where kind = $1 order by id desc limit 1;

-- name: imports
-- $1 most rows -> the imports, the last first
select id, at, kind, year, reading, sha256, size_bytes, file, counts, changes from mesh_imports order by id desc limit $1;

-- name: empty_staging
truncate mesh_staged_records, mesh_staged_concepts, mesh_staged_terms, mesh_staged_places, mesh_staged_actions, mesh_staged_headings,
    mesh_staged_words;

-- name: weigh_records
analyze mesh_staged_records;

-- name: weigh_terms
analyze mesh_staged_terms;

-- name: weigh_places
analyze mesh_staged_places;

-- name: names_before
-- $1 D or C -> the names that records have now, gone ones left out
select ui, name from mesh_records where left(ui, 1) = $1::text and not gone;

-- name: added
-- $1 D or C -> how many records are new, $2 and at most so many of them
select count(*) over () as number, s.ui, s.name from mesh_staged_records s
left join mesh_records r on r.ui = s.ui and not r.gone
where left(s.ui, 1) = $1::text and r.ui is null order by s.ui limit $2::bigint;

-- name: renamed
-- $1 D or C, $2 at most -> records that have another name now
select count(*) over () as number, s.ui, r.name as before, s.name as after from mesh_staged_records s
join mesh_records r on r.ui = s.ui and not r.gone
where left(s.ui, 1) = $1::text and r.name <> s.name order by s.ui limit $2::bigint;

-- name: removed
-- $1 D or C, $2 at most -> records that are no longer there, and which has their name for a term now
select count(*) over () as number, r.ui, r.name,
       (select t.ui from mesh_staged_terms t where lower(t.text) = lower(r.name) order by t.is_name desc, t.ui limit 1) as now
from mesh_records r where left(r.ui, 1) = $1::text and not r.gone
  and not exists (select from mesh_staged_records s where s.ui = r.ui) order by r.ui limit $2::bigint;

-- name: take_records
-- $1 D or C -> the staged records as they are now
insert into mesh_records (ui, kind, year, created_on, gone, now_ui, name, note, numbers)
select ui, kind, year, created_on, false, null, name, note, numbers from mesh_staged_records where left(ui, 1) = $1::text
on conflict (ui) do update set kind = excluded.kind, year = excluded.year, created_on = excluded.created_on, gone = false,
    now_ui = null, name = excluded.name, note = excluded.note, numbers = excluded.numbers
where (mesh_records.kind, mesh_records.year, mesh_records.created_on, mesh_records.gone, mesh_records.name, mesh_records.note, mesh_records.numbers)
    is distinct from (excluded.kind, excluded.year, excluded.created_on, false, excluded.name, excluded.note, excluded.numbers);

-- name: forget_records
-- $1 D or C -> records that are no longer there stay by name, with what stands for them
update mesh_records r set gone = true, numbers = '{}', now_ui = (
    select t.ui from mesh_staged_terms t where lower(t.text) = lower(r.name) order by t.is_name desc, t.ui limit 1)
where left(r.ui, 1) = $1::text and not r.gone and not exists (select from mesh_staged_records s where s.ui = r.ui);

-- name: follow_gone
-- -> what stood for a gone record and is gone itself is followed to what stands for that
update mesh_records r set now_ui = n.now_ui from mesh_records n where r.gone and n.ui = r.now_ui and n.gone;

-- name: forget_concepts
-- $1 D or C
delete from mesh_concepts m where left(m.ui, 1) = $1::text and not exists (
    select from mesh_staged_concepts s where (s.ui, s.concept, s.preferred, s.name, s.note, s.numbers) = (m.ui, m.concept, m.preferred, m.name, m.note, m.numbers));

-- name: take_concepts
insert into mesh_concepts select * from mesh_staged_concepts on conflict do nothing;

-- name: forget_terms
-- $1 D or C
delete from mesh_terms m where left(m.ui, 1) = $1::text and not exists (
    select from mesh_staged_terms s where (s.ui, s.term, s.text, s.concept, s.tag, s.preferred, s.permuted, s.is_name, s.spelled, s.bag, s.kin)
                                        = (m.ui, m.term, m.text, m.concept, m.tag, m.preferred, m.permuted, m.is_name, m.spelled, m.bag, m.kin));

-- name: take_terms
insert into mesh_terms select * from mesh_staged_terms order by ui on conflict do nothing;

-- name: forget_places
-- $1 D or C
delete from mesh_places m where left(m.ui, 1) = $1::text and not exists (select from mesh_staged_places s where (s.number, s.ui) = (m.number, m.ui));

-- name: take_places
insert into mesh_places select * from mesh_staged_places on conflict do nothing;

-- name: forget_actions
-- $1 D or C
delete from mesh_actions m where left(m.ui, 1) = $1::text and not exists (
    select from mesh_staged_actions s where (s.ui, s.action, s.name) = (m.ui, m.action, m.name));

-- name: take_actions
insert into mesh_actions select * from mesh_staged_actions on conflict do nothing;

-- name: forget_headings
-- $1 D or C
delete from mesh_headings m where left(m.ui, 1) = $1::text and not exists (
    select from mesh_staged_headings s where (s.ui, s.heading, s.qualifier, s.major) = (m.ui, m.heading, m.qualifier, m.major));

-- name: take_headings
insert into mesh_headings select * from mesh_staged_headings on conflict do nothing;

-- name: forget_words
-- $1 D or C
delete from mesh_words where letter = $1::text;

-- name: take_words
insert into mesh_words (word, letter, conditions, procedures)
select word, letter, sum(conditions), sum(procedures) from mesh_staged_words group by word, letter order by word;

-- name: weigh
-- -> the planner gets to know what there is
analyze mesh_records, mesh_terms, mesh_places, mesh_words;

-- name: is_filled
-- -> whether the view holds anything yet
select exists (select from mv_mesh_with_synonyms);

-- name: fill_view
-- -> for the first time: there is nothing to compare with
refresh materialized view mv_mesh_with_synonyms;

-- name: refresh_view
refresh materialized view concurrently mv_mesh_with_synonyms;

-- name: note_import
-- $1 kind, $2 year, $3 reading, $4 sha256, $5 size, $6 file, $7 counts jsonb, $8 changes jsonb -> its id
insert into mesh_imports (kind, year, reading, sha256, size_bytes, file, counts, changes)
values ($1::text, $2::smallint, $3::smallint, $4::bytea, $5::bigint, $6::text, $7::jsonb, $8::jsonb) returning id;

-- name: without_parent
-- -> places whose parent is missing, and at most 20 of them
select count(*) over () as number, p.number as place from mesh_staged_places p
where p.parent is not null and not exists (select from mesh_staged_places a where a.number = p.parent) order by p.number limit 20;

-- name: held
-- -> how much of MeSH is held
select count(*) filter (where ui like 'D%' and not gone) as descriptors,
       count(*) filter (where ui like 'C%' and not gone) as supplementary,
       count(*) filter (where gone) as gone
from mesh_records;

-- ── texts, looked up ──

-- name: terms_of
-- $1 keys as spelled, $2 keys as bags or kin -> the terms that have one of these, each with all of its keys
select distinct ui, is_name, spelled, bag, kin from (
    select t.ui, t.is_name, t.spelled, t.bag, t.kin from unnest($1::text[]) k join mesh_terms t on t.spelled = k
    union all
    select t.ui, t.is_name, t.spelled, t.bag, t.kin from unnest($2::text[]) k join mesh_terms t on t.bag = k
    union all
    select t.ui, t.is_name, t.spelled, t.bag, t.kin from unnest($2::text[]) k join mesh_terms t on t.kin = k and t.kin <> t.bag
) found;

-- name: records_of
-- $1 ids, $2 lower names -> the records of these ids or names that are not gone
select r.ui, r.name, r.kind, r.numbers, array(select h.heading from mesh_headings h where h.ui = r.ui order by h.major desc, h.heading) as headings
from mesh_records r where r.ui = any($1::text[]) and not r.gone
union
select r.ui, r.name, r.kind, r.numbers, array(select h.heading from mesh_headings h where h.ui = r.ui order by h.major desc, h.heading)
from mesh_records r where lower(r.name) collate "C" = any($2::text[]) and not r.gone;

-- name: names_of
-- $1 ids -> what they are called, gone ones too
select ui, name from mesh_records where ui = any($1::text[]);

-- name: words_known
-- $1 words -> those among them that are in a term
select word from mesh_words where word = any($1::text[]);

-- name: words_of_conditions
-- -> the words of terms for conditions, with how many have them
select word, sum(conditions)::bigint as terms from mesh_words group by word having sum(conditions) > 0 order by word;

-- name: words_of_procedures
-- -> the words of terms for procedures, with how many have them
select word, sum(procedures)::bigint as terms from mesh_words group by word having sum(procedures) > 0 order by word;

-- name: now
-- $1 ids -> the record that is meant by each now: itself, or what stands for it
select r.ui, coalesce(n.ui, r.ui) as now, coalesce(n.gone, r.gone) as gone, coalesce(n.name, r.name) as name
from mesh_records r left join mesh_records n on r.gone and n.ui = r.now_ui
where r.ui = any($1::text[]);

-- name: suggest
-- $1 pattern of what terms begin with, as spelled, $2 most rows -> descriptors with a term that begins so, and that term: those with most trials first
select r.ui, r.name, f.text, f.is_name, coalesce(c.trials, 0) as trials
from (
    select distinct on (t.ui) t.ui, t.text, t.is_name
    from (
        select ui, text, is_name, spelled from mesh_terms where spelled like $1::text and left(ui, 1) = 'D' limit 5000
    ) t order by t.ui, t.is_name desc, length(t.spelled), t.text
) f join mesh_records r using (ui) left join mesh_counts c using (ui)
where not r.gone
order by (select 1 where replace($1::text, '\', '') = lower(f.text) || '%') nulls last, coalesce(c.trials, 0) desc, length(f.text), r.name
limit $2::bigint;
