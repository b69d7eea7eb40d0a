-- What followers of the trials have not seen yet. Migration 0010 has the tables.

-- name: take
-- $1 follower, $2 most rows -> trials that are due to it, a row of which no other transaction takes; taken away with what is
-- committed. None while a scrape brings more than a hundred new or changed records a second: the machine is its
delete from trial_due where id in (
    select id from trial_due where follower = $1 and not exists (
        select from scrapes s
        where s.state = 'running' and s.page_at > now() - interval '1 minute'
          and s.new + s.changed > 100 * extract(epoch from now() - s.started_at))
    order by id limit $2 for update skip locked)
returning trial_ids;

-- name: again
-- $1 trial ids bigint[] -> they are due to every follower: their record was read anew, and no new version tells of it
select follow_trials($1::bigint[]);

-- name: everything
-- $1 follower -> every trial is due to it; what was due before is forgotten
with forgotten as (delete from trial_due where follower = $1)
insert into trial_due (follower, trial_ids)
select $1, array_agg(id) from (
    select id, (row_number() over (order by id) - 1) / 1000 as part from trials
) numbered group by part order by part;

-- name: waiting
-- -> per follower how many trials are due to it, and since when
select f.name as follower, coalesce(sum(cardinality(d.trial_ids)), 0)::bigint as trials, min(d.at) as since
from trial_followers f left join trial_due d on d.follower = f.name group by f.name order by f.name;
