-- What happened in a day. Migration 0014 has the table.

-- name: last
-- -> the day of the latest report, and when it ended
select day, to_at from daily_reports order by day desc limit 1;

-- name: events
-- $1 from, $2 to -> versions by registry and event, and how many of them changed the status or posted results
select registry, event, count(*) as versions,
       count(*) filter (where changes @> '[{"field": "status"}]') as statuses,
       count(*) filter (where changes @> '[{"field": "results_posted", "before": null}]') as results
from trial_versions where seen_at >= $1 and seen_at < $2 group by registry, event order by registry, event;

-- name: moves
-- $1 from, $2 to, $3 limit -> from which status to which, the most frequent first
select c ->> 'before' as before, c ->> 'after' as after, count(*) as trials
from trial_versions v, jsonb_array_elements(v.changes) c
where v.seen_at >= $1 and v.seen_at < $2 and c ->> 'field' = 'status'
group by 1, 2 order by 3 desc, 1, 2 limit $3::integer;

-- name: notable
-- $1 from, $2 to, $3 limit of each -> trials whose status changed, that posted results, and that were removed, the newest first
select kind, id, registry, registry_id, title, before, after from (
    select k.kind, t.id, t.registry, t.registry_id, coalesce(t.title, t.official_title, t.acronym) as title,
           c.value ->> 'before' as before, c.value ->> 'after' as after,
           row_number() over (partition by k.kind order by v.seen_at desc, t.id desc) as place
    from trial_versions v join trials t on t.id = v.trial_id
    left join lateral (
        select value from jsonb_array_elements(v.changes)
        where value ->> 'field' = 'status' or value ->> 'field' = 'results_posted' and value ->> 'before' is null
    ) c on true
    cross join lateral (select case when v.event = 'removed' then 'removed' when c.value ->> 'field' = 'status' then 'status'
                                    when c.value ->> 'field' = 'results_posted' then 'results_posted' end as kind) k
    where v.seen_at >= $1 and v.seen_at < $2 and k.kind is not null
) found where place <= $3::integer order by kind, place;

-- name: flagged
-- $1 from, $2 to, $3 limit of each -> flags that were raised then, the newest first
select name, id, registry, registry_id, title, reason, raised from (
    select f.name, t.id, t.registry, t.registry_id, coalesce(t.title, t.official_title, t.acronym) as title, f.reason,
           row_number() over (partition by f.name order by f.raised_at desc, t.id desc) as place,
           count(*) over (partition by f.name) as raised
    from trial_flags f join trials t on t.id = f.trial_id where f.raised_at >= $1 and f.raised_at < $2
) found where place <= $3::integer order by name, place;

-- name: refused
-- -> records that wait aside, by registry
select registry, count(*) as records from refused_records where resolved_at is null group by registry order by registry;

-- name: keep
-- $1 day, $2 made at, $3 from, $4 to, $5 zone, $6 the report as text -> true for the first of a day
insert into daily_reports (day, made_at, from_at, to_at, zone, told)
values ($1, $2, $3, $4, $5, $6::text::jsonb) on conflict do nothing returning true;

-- name: report
-- $1 day or null (the latest) -> one report
select day, made_at, from_at, to_at, zone, told::text from daily_reports
where $1::date is null or day = $1::date order by day desc limit 1;

-- name: reports
-- $1 before day or null, $2 limit -> reports, the newest first, each with its figures alone
select day, made_at, from_at, to_at, zone, (told - 'notable' - 'flagged' - 'moves')::text as told from daily_reports
where day < coalesce($1::date, 'infinity') order by day desc limit $2::integer;

-- name: trim
-- $1 before date -> how many reports were removed
with gone as (delete from daily_reports where day < $1 returning 1) select count(*) from gone;
