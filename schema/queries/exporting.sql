-- The mirror as files.

-- name: blocks
-- $1 ids in a block, $2 registries text[] or null -> blocks of trials by registry, year of first posting (0: not stated) and
-- range of ids, each with how many there are and a fingerprint of their versions
select registry, coalesce(extract(year from first_posted_on)::integer, 0) as year, (id / $1::bigint)::bigint as block,
       count(*) as rows,
       sum(hashtextextended(concat_ws(':', id, version, adapter_version, removed_at, cluster_id), 0))::text as fingerprint
from trials where $2::text[] is null or registry = any($2::text[])
group by 1, 2, 3 order by 1, 2, 3;

-- name: rows
-- $1 registry, $2 year, $3 first id, $4 id after the last -> the trials of a block, each as a line of JSON
select json_build_object(
    'trial', id, 'registry_id', registry_id, 'url', url, 'title', title, 'official_title', official_title, 'acronym', acronym,
    'status', status, 'status_raw', status_raw, 'study_type', study_type, 'phases', to_json(phases),
    'start_on', start_on, 'start_precision', start_precision, 'completion_on', completion_on,
    'completion_precision', completion_precision, 'first_posted_on', first_posted_on,
    'first_posted_precision', first_posted_precision, 'last_updated_on', last_updated_on,
    'last_updated_precision', last_updated_precision, 'has_results', has_results, 'enrolment', enrolment, 'sponsor', sponsor,
    'sponsor_class', sponsor_class, 'conditions', to_json(conditions), 'keywords', to_json(keywords),
    'interventions', to_json(interventions), 'countries', to_json(countries), 'sex', sex, 'min_age_days', min_age_days,
    'max_age_days', max_age_days, 'cluster', cluster_id, 'version', version, 'adapter_version', adapter_version,
    'first_seen_at', to_char(first_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'changed_at', to_char(changed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'removed_at', to_char(removed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'content_sha256', encode(content_sha256, 'hex'), 'record', record::text)::text as line
from trials
where registry = $1::text and coalesce(extract(year from first_posted_on)::integer, 0) = $2::integer
  and id >= $3::bigint and id < $4::bigint order by id;
