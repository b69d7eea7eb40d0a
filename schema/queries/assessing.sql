-- What rules say of trials. Migration 0014 has the tables.

-- name: looked_at
-- $1 trial ids bigint[] -> these as the rules look at them: `record` holds the dates, of texts only whether there is any
select t.id, t.registry, t.version, (t.removed_at at time zone 'UTC')::date as removed_on, jsonb_strip_nulls(jsonb_build_object(
    'status', t.status, 'study_type', t.study_type, 'phases', to_jsonb(t.phases), 'has_results', t.has_results,
    'enrolment', t.enrolment, 'enrolment_actual', record -> 'enrolment_actual',
    'start', record -> 'start', 'completion', record -> 'completion', 'primary_completion', record -> 'primary_completion',
    'primary_completion_actual', record -> 'primary_completion_actual', 'last_updated', record -> 'last_updated',
    'results_posted', record -> 'results_posted', 'last_known_status', record -> 'last_known_status',
    'official_title', substring(t.official_title from '\S'), 'summary', substring(record ->> 'summary' from '\S'),
    'eligibility', jsonb_build_object('criteria', substring(record #>> '{eligibility,criteria}' from '\S')),
    'sites', case when jsonb_typeof(record #> '{sites,0}') is not null then '[{}]'::jsonb end,
    'outcomes', case when jsonb_path_exists(record, '$.outcomes[*] ? (@.kind == "primary")') then '[{"kind": "primary"}]'::jsonb
        end))::text as record
from trials t where t.id = any($1::bigint[]) order by t.id;

-- name: steps
-- $1 trial ids bigint[] -> their versions, oldest first, with what changed in the fields that rules and notices look at
select v.trial_id, v.version, v.event, (v.seen_at at time zone 'UTC')::date as seen_on, coalesce((
    select jsonb_agg(c) from jsonb_array_elements(v.changes) c
    where c ->> 'field' in ('outcomes', 'start', 'status', 'last_updated', 'completion', 'primary_completion', 'results_posted',
                            'has_results')), '[]')::text as changes
from trial_versions v where v.trial_id = any($1::bigint[]) order by v.trial_id, v.version;

-- name: due
-- $1 today, $2 limit -> trials of which a date alone says more by now
select trial_id from trial_assessments where next_look_on <= $1::date
order by next_look_on, trial_id limit $2::integer for update skip locked;

-- name: put
-- $1 at, then of each: $2 trial ids, $3 versions, $4 next looks, $5 registries, $6 urgencies, $7 their reasons, $8 qualities,
-- $9 missing parts with commas between
insert into trial_assessments (trial_id, version, assessed_at, next_look_on, registry, urgency, urgency_reason, quality, missing)
select a.id, a.version, $1::timestamptz, a.next_look_on, a.registry, a.urgency, a.reason, a.quality,
       coalesce(string_to_array(nullif(a.missing, ''), ','), '{}')
from unnest($2::bigint[], $3::integer[], $4::date[], $5::text[], $6::text[], $7::text[], $8::double precision[], $9::text[])
    as a (id, version, next_look_on, registry, urgency, reason, quality, missing)
on conflict (trial_id) do update set
    version = excluded.version, assessed_at = excluded.assessed_at, next_look_on = excluded.next_look_on,
    registry = excluded.registry, urgency = excluded.urgency, urgency_reason = excluded.urgency_reason,
    quality = excluded.quality, missing = excluded.missing;

-- name: lower_flags
-- $1 trial ids bigint[], then the flags that hold: $2 trial ids, $3 names -> of these trials all others are taken down
delete from trial_flags f where f.trial_id = any($1::bigint[]) and not exists (
    select from unnest($2::bigint[], $3::text[]) as k (trial_id, name) where k.trial_id = f.trial_id and k.name = f.name);

-- name: raise_flags
-- $1 at, then of each: $2 trial ids, $3 versions, $4 since, $5 registries, $6 names, $7 reasons, $8 what they rest on, as text
-- -> how many are new; one that holds already keeps when it was raised
with raised as (
    insert into trial_flags (trial_id, version, since_on, raised_at, registry, name, reason, rests_on)
    select f.trial_id, f.version, f.since_on, $1::timestamptz, f.registry, f.name, f.reason, f.rests_on::jsonb
    from unnest($2::bigint[], $3::integer[], $4::date[], $5::text[], $6::text[], $7::text[], $8::text[])
        as f (trial_id, version, since_on, registry, name, reason, rests_on)
    on conflict (trial_id, name) do update set
        version = excluded.version, since_on = excluded.since_on, registry = excluded.registry, reason = excluded.reason,
        rests_on = excluded.rests_on
    returning xmax = 0 as is_new
)
select count(*) filter (where is_new) from raised;

-- name: assessment
-- $1 trial id -> what the rules say of it
select trial_id, version, assessed_at, next_look_on, urgency, urgency_reason, quality, missing
from trial_assessments where trial_id = $1;

-- name: flags
-- $1 trial id -> the flags that it bears
select name, reason, since_on, version, raised_at, rests_on::text from trial_flags where trial_id = $1 order by raised_at, name;

-- name: flagged
-- $1 flag, $2 registry or null, $3 before trial id or null, $4 limit -> trials that bear it, the newest first
select f.trial_id as id, f.registry, t.registry_id, coalesce(t.title, t.official_title, t.acronym) as title, t.status,
       f.reason, f.since_on, f.version, f.raised_at
from trial_flags f join trials t on t.id = f.trial_id
where f.name = $1 and ($2::text is null or f.registry = $2) and f.trial_id < coalesce($3::bigint, 9223372036854775807)
order by f.trial_id desc limit $4::integer;

-- name: counted
-- -> how many trials bear each flag, by registry
select registry, name, count(*) as trials from trial_flags group by registry, name order by registry, name;

-- name: stale
-- $1 the last day that is too long ago -> how many active records were not updated at their source since
select count(*) from trials where removed_at is null and last_updated_on is not null and last_updated_on <= $1::date
  and status in ('recruiting', 'enrolling_by_invitation', 'not_yet_recruiting', 'active_not_recruiting');
