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

-- name: mend_parents
-- -> a place whose parent is missing stands under the nearest that is there
update mesh_staged_places p set parent = (
    select a.number from generate_series(3, length(p.number) - 1) cut join mesh_staged_places a on a.number = left(p.number, cut)
    where substr(p.number, cut + 1, 1) = '.' order by cut desc limit 1)
where p.parent is not null and not exists (select from mesh_staged_places a where a.number = p.parent);

-- name: held
-- -> how much of MeSH is held
select count(*) filter (where ui like 'D%' and not gone) as descriptors,
       count(*) filter (where ui like 'C%' and not gone) as supplementary,
       count(*) filter (where gone) as gone
from mesh_records;

-- ── texts, looked up ──

-- name: terms_and_records_of
-- $1 keys as spelled, $2 keys as bags or kin, $3 ids, $4 lower names -> the terms that have one of these keys, each with all of its keys, and
-- (with their name) the records of these terms, ids and names that are not gone
with asked as materialized (                             -- so that the plan does not depend on how many there are, and is made once
    select $1::text[] as spelled, $2::text[] as bags, $3::text[] as uis, $4::text[] as names
), terms as materialized (
    select distinct ui, is_name, spelled, bag, kin from (
        select t.ui, t.is_name, t.spelled, t.bag, t.kin from asked a, unnest(a.spelled) k join mesh_terms t on t.spelled = k
        union all
        select t.ui, t.is_name, t.spelled, t.bag, t.kin from asked a, unnest(a.bags) k join mesh_terms t on t.bag = k
        union all
        select t.ui, t.is_name, t.spelled, t.bag, t.kin from asked a, unnest(a.bags) k join mesh_terms t on t.kin = k and t.kin <> t.bag
    ) found
), records as materialized (
    select r.ui, r.name, r.kind, r.numbers from mesh_records r
    where r.ui = any(array(select ui from terms union select unnest(uis) from asked)) and not r.gone
    union
    select r.ui, r.name, r.kind, r.numbers from mesh_records r
    where lower(r.name) collate "C" = any(array(select unnest(names) from asked)) and not r.gone
)
select ui, is_name, spelled, bag, kin, null as name, null as kind, null as numbers, null as headings from terms
union all
select r.ui, null, null, null, null, r.name, r.kind, r.numbers,
       array(select h.heading from mesh_headings h where h.ui = r.ui order by h.major desc, h.heading)
from records r;

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

-- ── trials, coded ──

-- name: state
-- -> what codes depend on: the last import, and the last decision
select (select max(id) from mesh_imports) as import, (select coalesce(max(id), 0) from mesh_decisions) as decision;

-- name: decisions
-- -> what people have decided, with what stands today for records that are gone
select c.about, c.key, array(
    select distinct coalesce(n.ui, r.ui) from unnest(c.uis) u join mesh_records r on r.ui = u
    left join mesh_records n on r.gone and n.ui = r.now_ui where not coalesce(n.gone, r.gone) order by 1) as uis
from mesh_curated c;

-- name: lock_coding
select pg_advisory_xact_lock(hashtext('triald_mesh_coding'));

-- name: trials
-- $1 ids -> what of them is read
select id, removed_at is null as present, conditions, keywords, record -> 'interventions' as interventions, title, official_title,
       record ->> 'summary' as summary, record -> 'mesh' as mesh
from trials where id = any($1::bigint[]) order by id;

-- name: given
-- $1 ids, $2 lower names -> each with the record that it means today
select r.ui as word, coalesce(n.ui, r.ui) as ui from mesh_records r left join mesh_records n on r.gone and n.ui = r.now_ui
where r.ui = any($1::text[]) and not coalesce(n.gone, r.gone)
union all
select word, min(ui) from (
    select lower(r.name) as word, r.ui from mesh_records r where lower(r.name) collate "C" = any($2::text[]) and not r.gone
) named group by word;

-- name: forget_codes
-- $1 trials, and the codes that stay: $2 trial, $3 about, $4 id, $5 field of each
delete from trial_mesh m where m.trial_id = any($1::bigint[]) and not exists (
    select from unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) k (trial_id, about, ui, field)
    where (k.trial_id, k.about, k.ui, k.field) = (m.trial_id, m.about, m.ui, m.field));

-- name: put_codes
-- $1 trial, $2 about, $3 id, $4 field, $5 how, $6 score, $7 start, $8 end, $9 found with, $10 key, $11 text, of each
insert into trial_mesh (trial_id, about, ui, field, how, score, start_at, end_at, of_ui, key, text)
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::real[], $7::int[], $8::int[], $9::text[],
                     $10::text[], $11::text[])
on conflict (trial_id, about, ui, field) do update set how = excluded.how, score = excluded.score, start_at = excluded.start_at,
    end_at = excluded.end_at, of_ui = excluded.of_ui, key = excluded.key, text = excluded.text
where (trial_mesh.how, trial_mesh.score, trial_mesh.start_at, trial_mesh.end_at, trial_mesh.of_ui, trial_mesh.text)
   <> (excluded.how, excluded.score, excluded.start_at, excluded.end_at, excluded.of_ui, excluded.text);

-- name: index_codes
-- $1 those of the trials that are counted, $2 all of them -> their codes with all above as words, and the counts that follow
with recursive direct as (
    select distinct trial_id, ui from trial_mesh where trial_id = any($2::bigint[])
), heading as (
    select d.ui, d.ui as of from (select distinct ui from direct) d
    union
    select h.heading, d.ui from (select distinct ui from direct) d join mesh_headings h on h.ui = d.ui
), up as (
    select h.of, p.ui, p.number, p.parent from heading h join mesh_places p on p.ui = h.ui
    union
    select u.of, p.ui, p.number, p.parent from up u join mesh_places p on p.number = u.parent
), wide as (
    select of, ui from heading union select of, ui from up
), after as (
    select d.trial_id, array_agg(distinct w.ui) as uis, array_to_tsvector(array_agg(distinct '=mesh:' || lower(w.ui))) as words
    from direct d join wide w on w.of = d.ui group by d.trial_id
), now as (
    select t.id, c.id is not null as counted, coalesce(m.counted, false) as was_counted, t.mesh as before,
           coalesce(a.uis, '{}') as uis, coalesce(a.words, '') as words
    from unnest($2::bigint[]) given (id) join trials t using (id) left join unnest($1::bigint[]) c (id) using (id)
    left join mesh_coded m on m.trial_id = t.id left join after a on a.trial_id = t.id
), written as (
    update trials t set mesh = n.words from now n where t.id = n.id and n.before <> n.words
), marked as (
    insert into mesh_coded (trial_id, counted) select id, counted from now
    on conflict (trial_id) do update set counted = excluded.counted where mesh_coded.counted <> excluded.counted
)
insert into mesh_counts (ui, trials)
select ui, sum(more) from (
    select ui, 1 as more from now, unnest(uis) ui where counted
    union all
    select upper(substr(word, 7)), -1 from now, unnest(tsvector_to_array(before)) word where was_counted
) change group by ui having sum(more) <> 0 order by ui
on conflict (ui) do update set trials = mesh_counts.trials + excluded.trials;

-- name: forget_texts
-- $1 trials -> none of their texts is told of; those that were unmatched are counted less
with gone as (
    delete from trial_mesh_texts where trial_id = any($1::bigint[]) returning about, key, decided
), fewer as (
    select about, key, count(*) as trials from gone where not decided group by about, key order by about, key
)
update mesh_unmatched u set trials = u.trials - f.trials from fewer f where (u.about, u.key) = (f.about, f.key);

-- name: put_texts
-- $1 trial, $2 about, $3 key, $4 text, $5 decided, of each
with come as (
    insert into trial_mesh_texts (trial_id, about, key, text, decided)
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::boolean[])
    returning about, key, text, decided
)
insert into mesh_unmatched (about, key, sample, trials)
select about, key, min(text), count(*) from come where not decided group by about, key order by about, key
on conflict (about, key) do update set trials = mesh_unmatched.trials + excluded.trials;

-- name: forget_matched
-- -> what no trial says any more
delete from mesh_unmatched where trials <= 0;

-- ── to look at ──

-- name: status
-- -> how much of everything there is
select count(*) filter (where left(ui, 1) = 'D' and not gone) as descriptors,
       count(*) filter (where left(ui, 1) = 'C' and not gone) as supplementary, count(*) filter (where gone) as gone,
       (select count(*) from mesh_coded) as coded, (select count(*) from mesh_unmatched) as unmatched,
       (select count(*) from mesh_curated) as curated
from mesh_records;

-- name: codes
-- $1 trial -> what it is coded with; what a text says goes before what the registry gave for the same term
select about, ui, name, score, how, field, text, start_at as start, end_at as "end", of_ui as of, given from (
    select distinct on (m.about, m.ui) m.*, r.name, exists (
        select from trial_mesh g where (g.trial_id, g.about, g.ui) = (m.trial_id, m.about, m.ui) and g.field = 'registry') as given
    from trial_mesh m join mesh_records r using (ui) where m.trial_id = $1::bigint
    order by m.about, m.ui, m.field = 'registry'
) each order by about, score desc, name;

-- name: top
-- $1 category -> its places right below
select p.number, p.ui, r.name, (select count(*) from mesh_places b where b.parent = p.number) as below, coalesce(c.trials, 0) as trials
from mesh_places p join mesh_records r using (ui) left join mesh_counts c using (ui)
where p.parent is null and p.number like $1::text || '%' order by p.number;

-- name: below
-- $1 places, $2 most rows -> the places right below, by name
select p.number, p.ui, r.name, (select count(*) from mesh_places b where b.parent = p.number) as below, coalesce(c.trials, 0) as trials
from mesh_places p join mesh_records r using (ui) left join mesh_counts c using (ui)
where p.parent = any($1::text[]) order by lower(r.name), p.number limit $2::bigint;

-- name: way
-- $1 place -> from the top to it
with recursive up as (
    select number, ui, parent from mesh_places where number = $1::text
    union
    select p.number, p.ui, p.parent from up u join mesh_places p on p.number = u.parent
)
select u.number, u.ui, r.name from up u join mesh_records r using (ui) order by length(u.number);

-- name: record
-- $1 id
select r.ui, r.name, r.kind, r.year, r.note, r.gone, r.numbers, n.ui as now_ui, n.name as now_name, coalesce(c.trials, 0) as trials
from mesh_records r left join mesh_records n on n.ui = r.now_ui left join mesh_counts c on c.ui = r.ui where r.ui = $1::text;

-- name: entry_terms
-- $1 id -> its other terms, permuted ones left out
select distinct text, lower(text) from mesh_terms where ui = $1::text and not is_name and not permuted order by lower(text), text limit 500;

-- name: headings
-- $1 id of a supplementary record -> the headings that stand for it
select distinct r.ui, r.name from mesh_headings h join mesh_records r on r.ui = h.heading where h.ui = $1::text order by r.name;

-- name: actions
-- $1 id -> the pharmacological actions of a substance
select a.action as ui, coalesce(r.name, a.name) as name from mesh_actions a left join mesh_records r on r.ui = a.action
where a.ui = $1::text order by 2;

-- name: has_action
-- $1 id, $2 most rows -> the substances that have this action
select r.ui, r.name from mesh_actions a join mesh_records r using (ui) where a.action = $1::text and not r.gone order by r.name limit $2::bigint;

-- name: unmatched
-- $1 about or null, $2 most rows, $3 rows to pass over -> those of most trials first
select about, key, sample, trials, first_at from mesh_unmatched where $1::text is null or about = $1::text
order by trials desc, about, key limit $2::bigint offset $3::bigint;

-- name: unmatched_count
-- $1 about or null
select count(*) from mesh_unmatched where $1::text is null or about = $1::text;

-- name: unsure
-- $1 about or null, $2 most rows, $3 rows to pass over -> texts that were read with little confidence, those of most trials first
select m.about, m.key, min(m.text) as sample, m.ui, r.name, min(m.how) as how, max(m.score) as score, count(*) as trials
from trial_mesh m join mesh_records r using (ui)
where m.score < 0.7 and m.key <> '' and ($1::text is null or m.about = $1::text)
group by m.about, m.key, m.ui, r.name order by count(*) desc, m.about, m.key, m.ui limit $2::bigint offset $3::bigint;

-- ── decisions ──

-- name: not_gone
-- $1 ids -> those that are there
select ui from mesh_records where ui = any($1::text[]) and not gone;

-- name: decide
-- $1 about, $2 key, $3 text, $4 by, $5 note, $6 ids
with kept as (
    insert into mesh_decisions (about, key, sample, by, note, uis)
    values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text[])
)
insert into mesh_curated (about, key, sample, by, note, uis) values ($1::text, $2::text, $3::text, $4::text, $5::text, $6::text[])
on conflict (about, key) do update set at = now(), sample = excluded.sample, by = excluded.by, note = excluded.note, uis = excluded.uis;

-- name: undo
-- $1 about, $2 key, $3 by -> whether there was a decision
with gone as (
    delete from mesh_curated where (about, key) = ($1::text, $2::text) returning sample
), kept as (
    insert into mesh_decisions (about, key, sample, by, uis) select $1::text, $2::text, sample, $3::text, null from gone
)
select exists (select from gone);

-- name: curated
-- $1 about or null, $2 most rows, $3 rows to pass over -> decisions, the last first
select c.about, c.key, c.sample, c.uis, c.by, c.at, c.note,
       array(select coalesce(r.name, u) from unnest(c.uis) with ordinality each (u, place) left join mesh_records r on r.ui = u order by place) as names
from mesh_curated c where $1::text is null or c.about = $1::text order by c.at desc, c.about, c.key limit $2::bigint offset $3::bigint;

-- name: trials_with
-- $1 about, $2 key -> trials that have a text with this key
select trial_id from trial_mesh_texts where (about, key) = ($1::text, $2::text)
union
select trial_id from trial_mesh where (about, key) = ($1::text, $2::text) and key <> '';
