-- Trials found. Migrations 0002 and 0013 have the tables and functions; docs/search.md says what a search means.
-- The question is asked of the index by a join with one row, so that the plan never depends on its words: a plan that
-- walks through the latest trials would read them all where a filter contradicts the words.

-- name: lexemes
-- $1 words and phrases text[] -> each as a tsquery, in the same order
select phraseto_tsquery('english', fold(given))::text as query from unnest($1::text[]) with ordinality as texts (given, at) order by at;

-- name: hits
-- $1 question, $2 days, $3 numbers, $4 near, $5 inside (trial_fits has what they mean), $6 one of each cluster, $7 order,
-- $8 what ranks, $9 most hits, $10 latest id, $11 $12 $13 after this rank, day and id, $14 rows, $15 those whose title and codes
-- answer this are left out, or null, $16 of so many at most words are ranked; of more, those come first whose title and codes answer $17,
-- $18 a box around near: south, north, west and east in 1/100,000 degrees
-- -> how many hits there are, to one more than most, and, unless there are more, the first of them in order (one row without an id where there is none to show); rank is what the order goes by first
with asked as materialized (
    select $1::tsquery as question, $2::date[] as days, $3::bigint[] as numbers, $4::float8[] as near, $5::tsquery as inside,
           $6::boolean as collapsed, $7::text as by, $8::tsquery as ranks, $9::bigint as most, $10::bigint as latest,
           $11::float8 as rank, $12::date as day, $13::bigint as id, $14::integer as shown, $15::tsquery as beside,
           $16::bigint as few, $17::tsquery as titled,
           ($18::integer[])[1] as south, ($18::integer[])[2] as north, ($18::integer[])[3] as west, ($18::integer[])[4] as east
), beside as materialized (
    select t.id from asked a join trials t on (ts_filter(t.words, '{a}') || t.facets || t.mesh) @@ a.beside
), measured as (
    select t.id, coalesce(t.last_updated_on, '-infinity') as updated, t.enrolment, t.words, t.cluster_id,
           a.question, a.days, a.numbers, a.near, a.inside, a.collapsed, a.beside,
           case when a.near is not null then (
               select 2 * 6371.0088::float8 * asin(sqrt(least(1.0::float8, min(                 -- as nearest_km has it
                          (1 - cos(radians(a.near[1]) - t.points[at] * 1.7453292519943295e-7::float8)
                           + cos(radians(a.near[1])) * cos(t.points[at] * 1.7453292519943295e-7::float8)
                             * (1 - cos(radians(a.near[2]) - t.points[at + 1] * 1.7453292519943295e-7::float8))) / 2))))
               from (select generate_series(1, array_length(t.points, 1), 2) as at offset 0) every
               where t.points[at] between a.south and a.north
                 and (t.points[at + 1] between a.west and a.east or t.points[at + 1] + 36000000 between a.west and a.east
                      or t.points[at + 1] - 36000000 between a.west and a.east)
           ) end as km
    from asked a join trials t on t.words @@ a.question
    where (t.id <= a.latest) is true
      and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, a.days, a.numbers, null, null)
    offset 0
), hits as materialized (
    select t.id, t.updated, t.enrolment, t.words, t.km
    from measured t
    where (t.near is null or t.km <= t.near[3])
      and (t.beside is null or t.id not in (select id from beside))
      and (not t.collapsed or t.cluster_id is null or not exists (
          select from trials o
          where o.cluster_id = t.cluster_id and o.id < t.id and o.words @@ t.question
            and trial_fits(o.start_on, o.completion_on, o.last_updated_on, o.removed_at, o.min_age_days, o.max_age_days, o.words,
                           o.points, t.days, t.numbers, t.near, t.inside)))
    limit (select most from asked) + 1
), counted as materialized (
    select count(*) as hits from hits
), titled as materialized (
    select t.id from asked a join trials t on (ts_filter(t.words, '{a}') || t.facets || t.mesh) @@ a.titled
    where (select hits > few and hits <= most and by = 'relevance' from counted, asked)
), ranked as materialized (
    select h.id, h.updated, case a.by
               when 'relevance' then case when (select hits from counted) <= a.few
                   then ts_rank('{0.1, 0.3, 0.6, 1.0}', h.words, a.ranks)
                   else case when h.id in (select id from titled) then 1 else 0 end end
               when 'enrolment' then coalesce(h.enrolment, -1)
               when 'distance' then -coalesce(floor(h.km * 10 + 0.5) / 10, 40000)     -- as it is shown; of as near ones the newest first
               else 0 end::float8 as rank
    from hits h cross join asked a where (select hits <= most from counted, asked)
)
select found.id, found.rank, found.updated, counted.hits,
       least((select latest from asked), (select max(id) from trials)) as latest_id
from counted left join lateral (
    select r.id, r.rank, r.updated from ranked r cross join asked a where (r.rank, r.updated, r.id) < (a.rank, a.day, a.id)
    order by r.rank desc, r.updated desc, r.id desc limit (select shown from asked)
) found on true
order by found.rank desc, found.updated desc, found.id desc;

-- name: titled
-- $1 what title and codes must answer, $2 to $6 as in hits, $7 the whole question, $8 whether it must be asked of each too (-word is meant of the
-- whole trial), $9 latest id, $10 $11 $12 after this rank, day and id, $13 rows, $14 a box around near, as in hits -> as hits, the last update first
with asked as materialized (
    select $1::tsquery as titled, $2::date[] as days, $3::bigint[] as numbers, $4::float8[] as near, $5::tsquery as inside,
           $6::boolean as collapsed, $7::tsquery as question, $8::boolean as is_more, $9::bigint as latest,
           $10::float8 as rank, $11::date as day, $12::bigint as id, $13::integer as shown,
           ($14::integer[])[1] as south, ($14::integer[])[2] as north, ($14::integer[])[3] as west, ($14::integer[])[4] as east
), measured as (
    select t.id, coalesce(t.last_updated_on, '-infinity') as updated, t.cluster_id,
           a.question, a.days, a.numbers, a.near, a.inside, a.collapsed,
           case when a.near is not null then (
               select 2 * 6371.0088::float8 * asin(sqrt(least(1.0::float8, min(
                          (1 - cos(radians(a.near[1]) - t.points[at] * 1.7453292519943295e-7::float8)
                           + cos(radians(a.near[1])) * cos(t.points[at] * 1.7453292519943295e-7::float8)
                             * (1 - cos(radians(a.near[2]) - t.points[at + 1] * 1.7453292519943295e-7::float8))) / 2))))
               from (select generate_series(1, array_length(t.points, 1), 2) as at offset 0) every
               where t.points[at] between a.south and a.north
                 and (t.points[at + 1] between a.west and a.east or t.points[at + 1] + 36000000 between a.west and a.east
                      or t.points[at + 1] - 36000000 between a.west and a.east)
           ) end as km
    from asked a join trials t on (ts_filter(t.words, '{a}') || t.facets || t.mesh) @@ a.titled
    where (not a.is_more or (t.words @@ a.question) is true)
      and (t.id <= a.latest) is true
      and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, a.days, a.numbers, null, null)
    offset 0
), hits as materialized (
    select t.id, t.updated from measured t
    where (t.near is null or t.km <= t.near[3])
      and (not t.collapsed or t.cluster_id is null or not exists (
          select from trials o
          where o.cluster_id = t.cluster_id and o.id < t.id and o.words @@ t.question
            and trial_fits(o.start_on, o.completion_on, o.last_updated_on, o.removed_at, o.min_age_days, o.max_age_days, o.words,
                           o.points, t.days, t.numbers, t.near, t.inside)))
)
select found.id, found.rank, found.updated, (select count(*) from hits) as hits,
       least((select latest from asked), (select max(id) from trials)) as latest_id
from (select 1) one left join lateral (
    select h.id, 0::float8 as rank, h.updated from hits h cross join asked a where (0::float8, h.updated, h.id) < (a.rank, a.day, a.id)
    order by h.updated desc, h.id desc limit (select shown from asked)
) found on true
order by found.updated desc, found.id desc;

-- name: sample
-- $1 question with the parts that are looked at, $2 to $6 as in hits, $7 what title and codes answer, with the parts, or null, $8 whether to count values,
-- $9 most trials, $10 whether to tell how far they are, $11 a box around near, as in hits -> how many trials there are, how many of them have it in their title, their last updates (of these, and of all), their
-- enrolments and distances (with the last updates of those), each the first twenty or forty from the top, and how many of them have each value, as JSON
with asked as materialized (
    select $1::tsquery as question, $2::date[] as days, $3::bigint[] as numbers, $4::float8[] as near, $5::tsquery as inside,
           $6::boolean as collapsed, $7::tsquery as titled, $8::boolean as values, $9::bigint as most, $10::boolean as far,
           ($11::integer[])[1] as south, ($11::integer[])[2] as north, ($11::integer[])[3] as west, ($11::integer[])[4] as east
), titled as materialized (
    select t.id from asked a join trials t on (ts_filter(t.words, '{a}') || t.facets || t.mesh) @@ a.titled
), measured as (
    select t.id, coalesce(t.last_updated_on, '-infinity') as updated, t.enrolment, t.status, t.study_type, t.phases, t.registry,
           t.sponsor_class, t.countries, t.has_results,
           case when a.near is not null then (
               select 2 * 6371.0088::float8 * asin(sqrt(least(1.0::float8, min(
                          (1 - cos(radians(a.near[1]) - t.points[at] * 1.7453292519943295e-7::float8)
                           + cos(radians(a.near[1])) * cos(t.points[at] * 1.7453292519943295e-7::float8)
                             * (1 - cos(radians(a.near[2]) - t.points[at + 1] * 1.7453292519943295e-7::float8))) / 2))))
               from (select generate_series(1, array_length(t.points, 1), 2) as at offset 0) every
               where t.points[at] between a.south and a.north
                 and (t.points[at + 1] between a.west and a.east or t.points[at + 1] + 36000000 between a.west and a.east
                      or t.points[at + 1] - 36000000 between a.west and a.east)
           ) end as km,
           t.cluster_id, a.question, a.days, a.numbers, a.near, a.inside, a.collapsed
    from asked a join trials t on t.words @@ a.question
    where trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, a.days, a.numbers, null, null)
    offset 0
), hits as materialized (
    select t.*, t.id in (select id from titled) as titled from measured t
    where (t.near is null or t.km <= t.near[3])
      and (not t.collapsed or t.cluster_id is null or not exists (
          select from trials o
          where o.cluster_id = t.cluster_id and o.id < t.id and o.words @@ t.question
            and trial_fits(o.start_on, o.completion_on, o.last_updated_on, o.removed_at, o.min_age_days, o.max_age_days, o.words,
                           o.points, t.days, t.numbers, t.near, t.inside)))
    limit (select most from asked)
), near as materialized (
    select floor(km * 10 + 0.5) / 10 as km, updated from hits where km is not null and (select far from asked)
), valued as (
    select 'status' as facet, status as value from hits
    union all select 'type', study_type from hits
    union all select 'registry', registry from hits
    union all select 'class', lower(sponsor_class) from hits
    union all select 'results', case when has_results then 'yes' when not has_results then 'no' end from hits
    union all select 'phase', phase from hits, unnest(phases) as phase
    union all select 'country', country from hits, unnest(countries) as country
    union all select distinct on (h.id, m.ui) 'mesh', m.ui::text from (select id from hits where (select values from asked)) h join trial_mesh m on m.trial_id = h.id and m.about = 'condition'
), values_counted as (
    select facet, value, count(*) as n, row_number() over (partition by facet order by count(*) desc, value) as place
    from valued where (select values from asked) and value is not null group by facet, value
)
select (select count(*) from hits) as trials, (select count(*) from hits where titled) as titled,
       array(select updated from hits where titled order by updated desc limit 20) as titled_days,
       array(select updated from hits order by updated desc limit 20) as days,
       array(select enrolment from hits where enrolment is not null order by enrolment desc limit 20) as enrolments,
       array(select km from near order by km, updated desc limit 40) as kms,
       array(select updated from near order by km, updated desc limit 40) as km_days,
       (select jsonb_object_agg(facet, counts) from (
           select facet, jsonb_agg(jsonb_build_array(value, n) order by place) as counts
           from values_counted where place <= 40 group by facet) facets)::text as facets;

-- name: beside
-- $1 trial ids bigint[], $2 question, $3 to $6 as $2 to $5 of hits -> how many of these trials the question does not find
select count(*) from trials t
where t.id = any($1::bigint[]) and not coalesce(
    ($2::tsquery is null or t.words @@ $2::tsquery)
    and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words, t.points,
                   $3::date[], $4::bigint[], $5::float8[], $6::tsquery), false);

-- name: all
-- $1 days, $2 numbers, $3 one of each cluster, $4 after day, $5 after id, $6 rows, $7 most to count -> the newest trials, and how many there
-- are, if not more
select t.id, 0::float8 as rank, coalesce(t.last_updated_on, '-infinity') as updated, 9223372036854775807 as latest_id, (
    select count(*) from (
        select from trials t
        where coalesce(t.last_updated_on, '-infinity') between coalesce(($1::date[])[5], '-infinity') and coalesce(($1::date[])[6], 'infinity')
          and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words, t.points,
                         $1::date[], $2::bigint[], null, null)
          and (not $3::boolean or t.cluster_id is null or not exists (
              select from trials o where o.cluster_id = t.cluster_id and o.id < t.id))
        limit $7::bigint) counted) as hits
from trials t
where (coalesce(t.last_updated_on, '-infinity'), t.id) < ($4::date, $5::bigint)
  and coalesce(t.last_updated_on, '-infinity') >= coalesce(($1::date[])[5], '-infinity')
  and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words, t.points,
                 $1::date[], $2::bigint[], null, null)
  and (not $3::boolean or t.cluster_id is null or not exists (
      select from trials o where o.cluster_id = t.cluster_id and o.id < t.id and ($2::bigint[])[2] is not distinct from 1
                                 or o.cluster_id = t.cluster_id and o.id < t.id and o.removed_at is null))
order by coalesce(t.last_updated_on, '-infinity') desc, t.id desc limit $6::integer;

-- name: rows
-- $1 trial ids bigint[], $2 near -> what a list shows
select t.id, t.registry, t.registry_id, t.url, t.title, t.official_title, t.acronym, t.status, t.study_type, t.phases, t.sponsor,
       t.enrolment, t.start_on, t.start_precision, t.completion_on, t.completion_precision, t.last_updated_on,
       t.last_updated_precision, t.conditions, t.interventions, t.countries, t.has_results, t.removed_at, t.brief as summary,
       case when $2::float8[] is not null then nearest_km(t.points, $2::float8[]) end as km, t.cluster_id
from trials t where t.id = any($1::bigint[]);

-- name: stems
-- $1 words text[] -> the stem of each, in the same order
select coalesce((ts_lexize('english_stem', word))[1], word) as stem from unnest($1::text[]) with ordinality as given (word, at) order by at;

-- name: others
-- $1 cluster ids bigint[] -> the records of each that are at their sources
select cluster_id, id, registry, registry_id from trials
where cluster_id = any($1::bigint[]) and removed_at is null order by cluster_id, registry, registry_id;

-- name: place
-- $1 folded names of a city text[], $2 folded country or null -> where the sites of cities of these names lie, by country, the one with most trials first
select shown, country, percentile_disc(0.5) within group (order by lat) as lat, percentile_disc(0.5) within group (order by lon) as lon,
       sum(seen)::bigint as seen
from (select country, lat, lon, seen, first_value(shown) over (partition by country order by seen desc, shown) as shown
      from search_places where city = any($1::text[]) and ($2::text is null or lower(country) = $2::text)) places
group by shown, country order by seen desc, country;

-- name: nearer
-- $1 latitude, $2 longitude, $3 km, $4 a box around them, as in hits, $5 most -> cities that have a site within so many km
select distinct city from search_places
where lat between ($4::integer[])[1] / 1e5 and ($4::integer[])[2] / 1e5
  and (lon between ($4::integer[])[3] / 1e5 and ($4::integer[])[4] / 1e5 or lon + 360 between ($4::integer[])[3] / 1e5 and ($4::integer[])[4] / 1e5
       or lon - 360 between ($4::integer[])[3] / 1e5 and ($4::integer[])[4] / 1e5)
  and 2 * 6371.0088 * asin(sqrt(least(1.0::float8,
          (1 - cos(radians($1::float8) - radians(lat))
           + cos(radians($1::float8)) * cos(radians(lat)) * (1 - cos(radians($2::float8) - radians(lon)))) / 2))) < $3::float8
limit $5::integer;

-- name: rarity
-- $1 text -> each of its lexemes, how often it stands there, and in how many trials it was seen; and how many trials there are
select given.lexeme, coalesce(array_length(given.positions, 1), 1) as times, coalesce(w.seen, 0)::bigint as seen, s.trials
from unnest(to_tsvector('english', fold($1::text))) as given cross join search_seen s
left join lateral (select max(seen) as seen from search_words where stem = given.lexeme) w on true;

-- name: known_words
-- $1 words text[] -> those that trials write, in this form or another
select given.word from unnest($1::text[]) as given (word)
where exists (select from search_words w where w.stem = coalesce((ts_lexize('english_stem', given.word))[1], given.word));

-- name: near_words
-- $1 spellings with a letter left out or none text[] -> words that have one in common with these
select word, seen from search_words where near && $1::text[] order by seen desc limit 500;

-- name: suggest_names
-- $1 a pattern for the beginning, $2 limit -> conditions, interventions and sponsors, those seen most first
select kind, shown, seen from search_names where folded like $1::text order by seen desc, folded limit $2::integer;

-- name: suggest_places
-- $1 a pattern for the beginning, $2 limit -> cities
select min(shown) as shown, country, sum(seen)::bigint as seen from search_places where city like $1::text
group by city, country order by seen desc, city limit $2::integer;

-- name: suggest_ids
-- $1 a pattern for the beginning, $2 limit -> numbers of trials
select value as shown, trial_id from trial_ids where value like $1::text and place in ('main', 'alias') order by value limit $2::integer;

-- name: learn_words
-- $1 trial ids bigint[] -> the words of their titles, conditions and interventions are counted; what is made of a word for
-- typing errors is made once, when it is new
with counted as materialized (
    select lexeme, count(*) as n
    from trials t, unnest(to_tsvector('simple', fold(left(concat_ws(' ', t.title, t.official_title, array_to_string(t.conditions, ' '),
                                                          array_to_string(t.interventions, ' ')), 20000)))) as found
    where t.id = any($1::bigint[]) and length(lexeme) between 2 and 40 and lexeme !~ '^[0-9.,-]+$'
    group by lexeme
), known as (
    update search_words w set seen = w.seen + c.n from counted c where w.word = c.lexeme returning w.word
)
insert into search_words as w (word, stem, seen)
select lexeme, coalesce((ts_lexize('english_stem', lexeme))[1], lexeme), n
from counted where lexeme not in (select word from known) order by lexeme
on conflict (word) do update set seen = w.seen + excluded.seen;

-- name: learn_names
-- $1 trial ids bigint[] -> their conditions, interventions and sponsors are offered to who types
insert into search_names as n (kind, folded, shown, seen)
select kind, folded, min(shown), count(*) from (
    select distinct t.id, given.kind, lower(fold(given.shown)) as folded, given.shown
    from trials t cross join lateral (
        select 'condition' as kind, unnest(t.conditions[1:100]) as shown
        union all select 'intervention', unnest(t.interventions[1:100])
        union all select 'sponsor', t.sponsor
    ) given
    where t.id = any($1::bigint[]) and length(given.shown) between 2 and 120
) named group by kind, folded order by kind, folded
on conflict (kind, folded) do update set seen = n.seen + excluded.seen;

-- name: learn_places
-- $1 trial ids bigint[], then one of each: $2 cities folded, $3 countries, $4 $5 latitudes and longitudes, $6 cities as shown, $7 times
insert into search_places as p (city, country, lat, lon, shown, seen)
select * from unnest($1::text[], $2::text[], $3::real[], $4::real[], $5::text[], $6::bigint[])
on conflict (city, country, lat, lon) do update set seen = p.seen + excluded.seen;

-- name: sites_of
-- $1 trial ids bigint[] -> the sites of each that tell where they are: city, country, latitude, longitude
select distinct t.id, site ->> 'city' as city, coalesce(site ->> 'country', '') as country,
       (site ->> 'latitude')::real as lat, (site ->> 'longitude')::real as lon
from trials t, jsonb_path_query(t.record, '$.sites[*] ? (@.latitude.type() == "number" && @.longitude.type() == "number" && @.city.type() == "string")') as site
where t.id = any($1::bigint[]) and not ((site ->> 'latitude')::real = 0 and (site ->> 'longitude')::real = 0);

-- name: learn_seen
-- $1 how many trials the words were counted of
update search_seen set trials = trials + $1::bigint;

-- name: described
-- $1 question, $2 to $6 as in hits, $7 questions that rank text[], $8 what each is worth, $9 most hits, $10 latest id, $11 $12 $13 after this
-- rank, day and id, $14 rows, $15 age in days or null, $16 sex or null, $17 what a trial that does not admit them is still worth
-- -> as hits, of all trials that answer, however many
with asked as materialized (
    select $1::tsquery as question
), hits as materialized (
    select t.id, coalesce(t.last_updated_on, '-infinity') as updated, t.words,
           coalesce($15::bigint between coalesce(t.min_age_days, 0) and coalesce(t.max_age_days, 9223372036854775807), true)
               and ($16::text is null or t.sex is null or t.sex in ('all', $16::text)) as admitted
    from asked a join trials t on t.words @@ a.question
    where (t.id <= $10::bigint) is true
      and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)
      and (not $6::boolean or t.cluster_id is null or not exists (
          select from trials o
          where o.cluster_id = t.cluster_id and o.id < t.id and o.words @@ a.question
            and trial_fits(o.start_on, o.completion_on, o.last_updated_on, o.removed_at, o.min_age_days, o.max_age_days, o.words,
                           o.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)))
    limit $9::bigint
), worth as materialized (
    select part::tsquery as question, worth from unnest($7::text[], $8::float8[]) as parts (part, worth)
), ranked as materialized (
    select h.id, h.updated, r.rank * case when h.admitted then 1 else $17::float8 end as rank
    from hits h cross join lateral (
        select sum(w.worth * ts_rank('{0.3, 0.5, 0.8, 1.0}', h.words, w.question)) as rank from worth w) r
)
select found.id, found.rank, found.updated, (select count(*) from hits) as hits, least($10::bigint, (select max(id) from trials)) as latest_id
from (select 1) one left join lateral (
    select id, rank, updated from ranked where (rank, updated, id) < ($11::float8, $12::date, $13::bigint)
    order by rank desc, updated desc, id desc limit $14::integer
) found on true
order by found.rank desc, found.updated desc, found.id desc;

-- name: files
-- -> the files of what every search reads, below the folder of the cluster, the smallest of use first
select pg_relation_filepath(c.oid) as path
from unnest(array['trials_title_words', 'trials_words', 'trials_pkey', 'trials', 'trial_mesh_pkey']) with ordinality as read (name, at)
join pg_class c on c.relname = read.name and c.relnamespace = 'public'::regnamespace
order by read.at;

-- name: latest
-- $1 trials -> on which days the latest so many were updated, the last day first, and how many on each
select day, count(*)::integer as trials from (
    select coalesce(last_updated_on, '-infinity') as day from trials
    order by coalesce(last_updated_on, '-infinity') desc, id desc limit $1::integer) latest
group by day order by day desc;

-- name: newest
-- -> the day of the latest update of any trial
select max(newest_on) from registry_counts;

-- name: export
-- $1 question or null for all, $2 to $5 as in hits, $6 one of each cluster -> every trial that answers, by id
with asked as materialized (
    select $1::tsquery as question
)
select t.registry_id, t.registry, coalesce(t.title, t.official_title, t.acronym) as title, t.status, t.study_type, t.phases, t.conditions,
       t.interventions, t.sponsor, t.sponsor_class, t.enrolment,
       left(t.start_on::text, case t.start_precision when 'year' then 4 when 'month' then 7 else 10 end) as start,
       left(t.completion_on::text, case t.completion_precision when 'year' then 4 when 'month' then 7 else 10 end) as completion,
       left(t.last_updated_on::text, case t.last_updated_precision when 'year' then 4 when 'month' then 7 else 10 end) as last_updated,
       t.countries, t.sex, t.min_age_days, t.max_age_days, t.has_results, t.url, t.version, t.first_seen_at, t.changed_at, t.removed_at,
       t.id as trial
from trials t
where t.id = any(array(
    select t.id from asked a join trials t on t.words @@ a.question
    where trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)
      and (not $6::boolean or t.cluster_id is null or not exists (
          select from trials o
          where o.cluster_id = t.cluster_id and o.id < t.id and o.words @@ a.question
            and trial_fits(o.start_on, o.completion_on, o.last_updated_on, o.removed_at, o.min_age_days, o.max_age_days, o.words,
                           o.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)))
    union all
    select t.id from trials t
    where $1::tsquery is null
      and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)
      and (not $6::boolean or t.cluster_id is null or not exists (
          select from trials o where o.cluster_id = t.cluster_id and o.id < t.id and o.removed_at is null))
))
order by t.id;

-- name: count_export
-- $1 to $6 as in export -> how many trials that is
with asked as materialized (
    select $1::tsquery as question
)
select count(*) from (
    select t.id from asked a join trials t on t.words @@ a.question
    where trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)
      and (not $6::boolean or t.cluster_id is null or not exists (
          select from trials o
          where o.cluster_id = t.cluster_id and o.id < t.id and o.words @@ a.question
            and trial_fits(o.start_on, o.completion_on, o.last_updated_on, o.removed_at, o.min_age_days, o.max_age_days, o.words,
                           o.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)))
    union all
    select t.id from trials t
    where $1::tsquery is null
      and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words,
                     t.points, $2::date[], $3::bigint[], $4::float8[], $5::tsquery)
      and (not $6::boolean or t.cluster_id is null or not exists (
          select from trials o where o.cluster_id = t.cluster_id and o.id < t.id and o.removed_at is null))
) found;

-- name: has_more_than
-- $1 number -> whether there are more trials than that
select exists (select from trials offset $1::bigint limit 1);
