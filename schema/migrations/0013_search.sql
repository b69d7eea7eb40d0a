-- Search: where trials take place, filters that are compared row by row, and the words and names that a searcher may mean.

-- forward

-- A search visits a thousand rows and shows twenty: what is long lies beside the row, so that rows of 500,000 trials stay in memory. Words
-- are not compressed: they are read to rank.
alter table trials set (toast_tuple_target = 512);
alter table trials alter words set storage external;

-- Conditions and interventions have a weight each, so that a word can be asked of one of them: B and C; all else that is
-- no title has D.
create or replace function trial_words(title text, official_title text, acronym text, conditions text[],
                                       interventions text[], keywords text[], summary text)
returns tsvector language sql immutable parallel safe
return setweight(to_tsvector('english', fold(left(concat_ws(' . ', title, acronym, official_title), 20000))), 'A')
    || setweight(to_tsvector('english', fold(left(array_to_string(conditions, ' . '), 60000))), 'B')
    || setweight(to_tsvector('english', fold(left(array_to_string(interventions, ' . '), 60000))), 'C')
    || setweight(to_tsvector('english', fold(left(concat_ws(' . ', array_to_string(keywords, ' . '), summary), 60000))), 'D');

update trials set title = title;                         -- makes their words anew

-- The different sites of a record that tells where they are: latitude and longitude in turn, in 1/100,000 degrees. 0, 0
-- stands in records for a place that is not known.
create function trial_points(record jsonb) returns integer[] language sql immutable parallel safe
return (
    select array_agg(one order by place, which) from (
        select distinct round(lat * 100000)::integer as north, round(lon * 100000)::integer as east
        from (
            select (site ->> 'latitude')::double precision as lat, (site ->> 'longitude')::double precision as lon
            from jsonb_path_query(record, '$.sites[*] ? (@.latitude.type() == "number" && @.longitude.type() == "number")') as site
        ) sites
        where lat between -90 and 90 and lon between -180 and 180 and not (lat = 0 and lon = 0)
    ) different cross join lateral (values (1, north), (2, east)) as pair (which, one)
      cross join lateral (select north::bigint * 100000000 + east as place) ordered
);

alter table trials add column points integer[] generated always as (trial_points(record)) stored;
alter table trials alter points set storage main;        -- in the row: thousands of them are measured for a search by distance
-- What a list shows, beside the row: taking it out of the record costs ten times as much.
alter table trials add column brief text generated always as (left(record ->> 'summary', 1000)) stored;

-- From the place `near` (latitude, longitude, …) to the site that is nearest, along the great circle on a sphere of 6371.0088 km
-- (mean radius, IUGG); null where none is within the km that `near` has at its third place. The haversine formula, with (1 - cos x) / 2 for the square of
-- sin(x / 2), which at a metre is still right to a hundredth of it.
create function nearest_km(points integer[], near double precision[]) returns double precision language plpgsql immutable parallel safe
as $$
begin
    return (
        select 2 * 6371.0088::double precision * asin(sqrt(least(1.0::double precision, min(
            (1 - cos(radians(near[1]) - points[at] * 1.7453292519943295e-7::double precision)
             + cos(radians(near[1])) * cos(points[at] * 1.7453292519943295e-7::double precision)
               * (1 - cos(radians(near[2]) - points[at + 1] * 1.7453292519943295e-7::double precision))) / 2))))
        from generate_series(1, array_length(points, 1), 2) as at
        where abs(points[at] - near[1] * 100000) <= near[3] * 899.33 + 10);   -- a degree is 111.1949 km
end $$;

-- What is compared row by row. `days`: start, completion and last update, each from and to. `numbers`: an age in days, and
-- 1 for trials that are gone at the source too. `near`: latitude, longitude and km; trials with one of the words `inside`
-- lie within them for sure. null asks nothing; an age limit that is not stated keeps nobody out.
create function trial_fits(start_on date, completion_on date, updated_on date, removed_at timestamptz, min_age bigint,
                           max_age bigint, words tsvector, points integer[],
                           days date[], numbers bigint[], near double precision[], inside tsquery)
returns boolean language sql immutable parallel safe
as $$
    select (days[1] is null or start_on >= days[1]) and (days[2] is null or start_on <= days[2])
       and (days[3] is null or completion_on >= days[3]) and (days[4] is null or completion_on <= days[4])
       and (days[5] is null or updated_on >= days[5]) and (days[6] is null or updated_on <= days[6])
       and (numbers[2] = 1 or removed_at is null)
       and (numbers[1] is null or (coalesce(min_age, 0) <= numbers[1] and coalesce(max_age, numbers[1]) >= numbers[1]))
       and (near is null or words @@ inside or nearest_km(points, near) <= near[3])
$$;

-- Words as trials write them, to correct typing errors and to know which are rare. `near` are the word and what it becomes
-- when one letter is left out: two words that have one of these in common differ by a typing error or two.
create function without_a_letter(word text) returns text[] language sql immutable strict parallel safe
return (select array_agg(distinct left(word, at - 1) || substr(word, at + 1)) || word from generate_series(1, length(word)) as at);

create table search_words (
    word text primary key check (length(word) between 1 and 40),
    stem text not null,
    seen bigint not null,                                -- trials, a version that changed counted again
    near text[] generated always as (case when length(word) between 4 and 30 then without_a_letter(word) end) stored
) with (fillfactor = 60);
create index search_words_stem on search_words (stem);
create index search_words_near on search_words using gin (near);

-- What is offered while somebody types.
create table search_names (
    kind   text not null check (kind in ('condition', 'intervention', 'sponsor')),
    folded text not null,
    shown  text not null,
    seen   bigint not null,
    primary key (kind, folded)
) with (fillfactor = 60);
create index search_names_prefix on search_names (folded text_pattern_ops);

-- Where the sites of each city lie, as registries state it.
create table search_places (
    city    text not null,                               -- folded
    country text not null,
    lat     real not null,
    lon     real not null,
    shown   text not null,
    seen    bigint not null,
    primary key (city, country, lat, lon)
) with (fillfactor = 60);

create table search_seen (
    only_row boolean primary key default true check (only_row),
    trials   bigint not null                             -- those that search_words counts
);
insert into search_seen (trials) values (0);

insert into trial_followers (name) values ('search');

-- back

delete from trial_followers where name = 'search';
drop table search_seen;
drop table search_places;
drop table search_names;
drop table search_words;
drop function without_a_letter(text);
drop function trial_fits(date, date, date, timestamptz, bigint, bigint, tsvector, integer[], date[], bigint[],
                         double precision[], tsquery);
alter table trials drop column brief, drop column points;
alter table trials alter words set storage extended;
alter table trials set (
    toast_tuple_target = 4080, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
drop function nearest_km(integer[], double precision[]);
drop function trial_points(jsonb);
create or replace function trial_words(title text, official_title text, acronym text, conditions text[],
                                       interventions text[], keywords text[], summary text)
returns tsvector language sql immutable parallel safe
return setweight(to_tsvector('english', fold(left(concat_ws(' . ', title, acronym, official_title), 20000))), 'A')
    || setweight(to_tsvector('english', fold(left(concat_ws(' . ', array_to_string(conditions, ' . '),
                                                            array_to_string(interventions, ' . ')), 60000))), 'B')
    || setweight(to_tsvector('english', fold(left(array_to_string(keywords, ' . '), 20000))), 'C')
    || setweight(to_tsvector('english', fold(left(coalesce(summary, ''), 60000))), 'D');
update trials set title = title;
