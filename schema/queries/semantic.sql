-- Semantic search. What needs pgvector is made by open_semantic (migration 16) where the extension is there; statements over
-- trial_vectors are run only after semantic_state said so.

-- name: open
-- $1 embedder, $2 dimensions -> null, or why there is no semantic search here
select open_semantic($1::text, $2::integer);

-- name: close
-- $1 why there is no semantic search
select close_semantic($1::text);

-- name: standing
-- -> whose vectors there are, why there are none, since when, and how many trials are still to be embedded
select s.embedder, s.refused, s.since,
       (select coalesce(sum(cardinality(trial_ids)), 0) from trial_due where follower = 'embed')::bigint as due
from semantic_state s;

-- name: embedder
-- -> whose vectors are to be made; it stays so to the end of the transaction
select embedder from semantic_state where refused is null for share;

-- name: others_due
-- -> for how many trials another follower is due; of the one with most
select coalesce(max(trials), 0)::bigint from (
    select sum(cardinality(trial_ids)) as trials from trial_due where follower <> 'embed' group by follower) behind;

-- name: wording
-- $1 trial ids bigint[] -> what is embedded of each: title, conditions, interventions, the beginning of the summary
select id, concat_ws(E'\n', coalesce(title, official_title, acronym), array_to_string(conditions[1:40], E'\n'),
                     array_to_string(interventions[1:40], E'\n'), brief) as wording
from trials where id = any($1::bigint[]) order by id;

-- name: put
-- $1 trial ids bigint[], $2 their vectors as text[]; one that is as it was is not written again
insert into trial_vectors as v (trial_id, vector)
select given.id, given.vector::halfvec from unnest($1::bigint[], $2::text[]) as given (id, vector)
on conflict (trial_id) do update set vector = excluded.vector where v.vector <> excluded.vector;

-- name: forget
-- $1 trial ids bigint[] whose texts say nothing
delete from trial_vectors where trial_id = any($1::bigint[]);

-- name: nearest
-- $1 vector as text, $2 question or null, $3 days, $4 numbers, $5 near, $6 inside (as in search.hits), $7 rows -> the nearest by
-- the index, each with its cluster
select id, distance, cluster_id from nearest_trials($1::text, $2::tsquery, $3::date[], $4::bigint[], $5::float8[], $6::tsquery, $7::integer);

-- name: nearest_of_few
-- as nearest, $8 how many are few -> the nearest of all that the question finds, with how many these are; one row without an id where they
-- are more than that
with few as materialized (
    select t.id, t.cluster_id from trials t
    where t.words @@ $2::tsquery
      and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words, t.points,
                     $3::date[], $4::bigint[], $5::float8[], $6::tsquery)
    limit $8::integer + 1
), found as materialized (
    select count(*) as trials from few
)
select f.trials, n.id, n.distance, n.cluster_id
from found f left join lateral (
    select few.id, v.vector <=> $1::text::halfvec as distance, few.cluster_id
    from few join trial_vectors v on v.trial_id = few.id
    where f.trials <= $8::integer
    order by 2, 1 limit $7::integer
) n on true
order by n.distance, n.id;

-- name: like_trial
-- $1 trial id, $2 rows -> the nearest to this trial that are at their sources and are not the same trial
select n.id, n.distance, n.cluster_id
from trial_vectors v join trials t on t.id = v.trial_id
cross join lateral nearest_trials(v.vector::text, null, array[null, null, null, null, null, null]::date[], array[null, 0]::bigint[], null, null,
                                  $2::integer + 30) n
where v.trial_id = $1::bigint and n.id <> t.id and n.cluster_id is distinct from coalesce(t.cluster_id, -1)
order by n.distance, n.id;

-- name: clusters
-- $1 trial ids bigint[] -> the cluster of those that are in one
select id, cluster_id from trials where id = any($1::bigint[]) and cluster_id is not null;
