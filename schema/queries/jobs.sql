-- The queue: enqueue, claim, settle, rescue, and what an operator asks of it.

-- name: enqueue
-- $1 … $14 arrays of equal length -> the new jobs in order; a job whose unique key is taken is not inserted
insert into jobs (kind, queue, payload, priority, run_at, state, max_attempts, timeout_s, unique_key, tenant, trace_id,
                  parent_id, schedule_id, waits_for)
select kind, queue, payload::json, priority, now() + make_interval(secs => delay_s),
       case when held then 'held' when waits_for > 0 then 'blocked' when delay_s > 0 then 'scheduled' else 'ready' end,
       max_attempts, timeout_s, unique_key, tenant, trace_id, parent_id, schedule_id, waits_for
from unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::double precision[], $6::boolean[], $7::smallint[],
            $8::real[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::smallint[])
  with ordinality as j(kind, queue, payload, priority, delay_s, held, max_attempts, timeout_s, unique_key, tenant, trace_id,
                       parent_id, schedule_id, waits_for, n)
order by n
on conflict (kind, unique_key) where unique_key is not null and state <> 'dead' do nothing
returning id, kind, unique_key

-- name: enqueue_one
-- $1 … $14 as enqueue, for one job: a third of the time -> its id, or nothing when its unique key is taken
insert into jobs (kind, queue, payload, priority, run_at, state, max_attempts, timeout_s, unique_key, tenant, trace_id,
                  parent_id, schedule_id, waits_for)
values ($1::text, $2::text, $3::json, $4::smallint, now() + make_interval(secs => $5::double precision),
        case when $6::boolean then 'held' when $14::smallint > 0 then 'blocked' when $5 > 0 then 'scheduled' else 'ready' end,
        $7::smallint, $8::real, $9::text, $10::text, $11::text, $12::bigint, $13::bigint, $14)
on conflict (kind, unique_key) where unique_key is not null and state <> 'dead' do nothing
returning id

-- name: enqueue_alike
-- $1 kind text, $2 queue text, $3 priority smallint, $4 max_attempts smallint, $5 timeout_s real, $6 tenant text,
-- $7 trace_id text, $8 payloads text[] -> number of jobs: many jobs that differ in their payload alone
with fresh as (
    insert into jobs (kind, queue, priority, max_attempts, timeout_s, tenant, trace_id, payload)
    select $1, $2, $3, $4, $5, $6, $7, p::json from unnest($8::text[]) p
    returning 1
)
select count(*) from fresh

-- name: by_unique_key
-- $1 kind text, $2 keys text[] -> id and key of the jobs that hold them
select id, unique_key from jobs where kind = $1 and unique_key = any($2) and state <> 'dead'

-- name: take_dependencies
-- $1 ids bigint[] -> those of them that have not ended; they are told that somebody waits
update jobs set has_dependents = true where id = any($1) returning id

-- name: known
-- $1 ids bigint[] -> those that exist, ended or not, and whether they were given up
select id, false as given_up from jobs where id = any($1)
union
select id, state in ('cancelled', 'discarded') from job_history where id = any($1)

-- name: add_dependencies
-- $1 job bigint, $2 parents bigint[]
insert into job_dependencies (job_id, depends_on) select $1, unnest($2::bigint[])

-- name: claim
-- $1 queue text, $2 limit integer, $3 worker uuid, $4 grace_s real -> claimed jobs, unordered
-- Answers nothing while the queue is paused, unknown or has rules: for rules claim_within_limits is the one to use. The commit does not
-- wait for the disk: a claim that a crash of the server forgets leaves the job ready, and its worker holds a fence of nobody.
with picked as materialized (
    select ctid from jobs where queue = $1 and state = 'ready' order by priority desc, id
    limit coalesce((
        select case when not paused and most_running is null and per_minute is null and not fair then $2::integer else 0 end
        from queues, (select set_config('synchronous_commit', 'off', true)) as quick where name = $1), 0)
    for update skip locked
)
update jobs j set state = 'running', worker = $3, fence = fence + 1, attempts = attempts + 1, claimed_at = now(),
    deadline_at = now() + make_interval(secs => timeout_s + $4::real), rev = rev + 1
where j.ctid = any(array(select ctid from picked))
returning j.id, j.kind, j.queue, j.payload, j.fence, j.attempts, j.max_attempts, j.timeout_s, j.priority, j.trace_id, j.tenant,
    j.checkpoint, j.lost, j.cancel_asked

-- name: claim_from
-- $1 queue text, $2 limit integer, $3 worker uuid, $4 grace_s real, $5 priority smallint, $6 id bigint
-- -> as claim, of one priority and from an id on: spares the walk over what was claimed but cannot be vacuumed yet
with picked as materialized (
    select ctid from jobs where queue = $1 and state = 'ready' and priority = $5 and id >= $6 order by priority desc, id
    limit coalesce((
        select case when not paused and most_running is null and per_minute is null and not fair then $2::integer else 0 end
        from queues, (select set_config('synchronous_commit', 'off', true)) as quick where name = $1), 0)
    for update skip locked
)
update jobs j set state = 'running', worker = $3, fence = fence + 1, attempts = attempts + 1, claimed_at = now(),
    deadline_at = now() + make_interval(secs => timeout_s + $4::real), rev = rev + 1
where j.ctid = any(array(select ctid from picked))
returning j.id, j.kind, j.queue, j.payload, j.fence, j.attempts, j.max_attempts, j.timeout_s, j.priority, j.trace_id, j.tenant,
    j.checkpoint, j.lost, j.cancel_asked

-- name: claim_within_limits
-- $1 queue text, $2 limit integer, $3 worker uuid, $4 grace_s real, $5 priority smallint or null, $6 id bigint
-- -> as claim, under the queue's rules; with a priority as claim_from
select id, kind, queue, payload, fence, attempts, max_attempts, timeout_s, priority, trace_id, tenant, checkpoint, lost, cancel_asked
from jobs_claim_within_limits($1, $2, $3, $4, $5, $6)

-- name: stage
-- $1 limit integer -> number of jobs that came due
with due as (
    select id from jobs where state = 'scheduled' and run_at <= now() order by run_at limit $1 for update skip locked
), moved as (
    update jobs j set state = 'ready', rev = rev + 1 from due where j.id = due.id returning 1
)
select count(*) from moved

-- name: next_due_s
-- -> seconds until the next scheduled job, null when there is none
select extract(epoch from min(run_at) - now())::double precision from jobs where state = 'scheduled'

-- name: held_by
-- $1 worker uuid, $2 queues text[] -> id and fence of the jobs that it holds, by a scan
select id, fence from jobs where state = 'running' and worker = $1 and queue = any($2)

-- name: begin_attempt
-- $1 id bigint, $2 fence integer, $3 worker uuid -> id while the job is still held: its attempt is known to begin
update jobs set begun = fence where id = $1 and fence = $2 and worker = $3 returning id

-- name: still_held
-- $1 ids bigint[], $2 fences integer[], $3 worker uuid -> those of them that this worker still holds
select j.id from jobs j join unnest($1::bigint[], $2::integer[]) as d(id, fence) on j.id = d.id and j.fence = d.fence
where j.worker = $3

-- name: finish
-- $1 ids text, $2 fences text, $3 results text[] or null, $4 worker uuid -> ids that were ended, as an array
-- The numbers come as text of arrays: a driver takes longer to encode them one by one than the server to read them.
select jobs_finish($1::text::bigint[], $2::text::integer[], $3, $4)

-- name: put_off
-- $1 ids bigint[], $2 fences integer[], $3 delays_s double precision[], $4 errors text[] (json object or null),
-- $5 gives_back boolean[] (the attempt is not spent), $6 worker uuid -> ids that were put off. What is handed back at once is
-- as old as it was; whose cancelling was asked for is not put off: whoever claims it next cancels it.
with mine as materialized (
    select d.*, $6::uuid as held_by
    from unnest($1::bigint[], $2::integer[], $3::double precision[], $4::text[], $5::boolean[])
      as d(id, fence, delay_s, error, gives_back)
)
, moved as (
    update jobs j set
        state = case when d.delay_s > 0 and not cancel_asked then 'scheduled' else 'ready' end,
        run_at = case when d.delay_s > 0 or not d.gives_back then now() + make_interval(secs => d.delay_s) else run_at end,
        attempts = attempts - case when d.gives_back then 1 else 0 end,
        errors = case when d.error is null then errors else errors || d.error::jsonb end,
        worker = null, deadline_at = null, rev = rev + 1
    from mine d where j.id = d.id and j.fence = d.fence and j.worker = d.held_by
    returning j.id, j.queue, j.state
), woken as (
    select count(jobs_wake_queue(queue)) from (select distinct queue from moved where state = 'ready') as q
)
select id from moved, woken

-- name: bury
-- $1 ids bigint[], $2 fences integer[], $3 errors text[], $4 worker uuid -> ids that are dead letters now
with mine as materialized (
    select d.*, $4::uuid as held_by from unnest($1::bigint[], $2::integer[], $3::text[]) as d(id, fence, error)
)
update jobs j set state = 'dead', errors = errors || d.error::jsonb, worker = null, deadline_at = null, rev = rev + 1
from mine d where j.id = d.id and j.fence = d.fence and j.worker = d.held_by
returning j.id

-- name: drop_claimed
-- $1 ids bigint[], $2 fences integer[], $3 reasons text[], $4 worker uuid -> ids of running jobs that are cancelled now, with
-- all that waited for them
with recursive dropped as materialized (
    select j.id, d.reason from jobs j join unnest($1::bigint[], $2::integer[], $3::text[]) as d(id, fence, reason)
        on j.id = d.id and j.fence = d.fence and j.worker = $4
    for update of j
), doomed(id, reason) as (
    select id, reason from dropped
    union
    select d.job_id, 'what it waited for was cancelled' from job_dependencies d join doomed on d.depends_on = doomed.id
), locked as materialized (
    select id from jobs where id in (select id from doomed) order by id for update
), gone as (
    delete from jobs j using doomed, locked
    where j.id = doomed.id and j.id = locked.id and (j.state <> 'running' or j.id in (select id from dropped))
    returning j.*, doomed.reason
), free as (
    delete from job_dependencies d using gone where d.job_id = gone.id or d.depends_on = gone.id
), kept as (
    insert into job_history (id, created_at, claimed_at, state, queue, kind, priority, attempts, payload, result, worker,
                             tenant, trace_id, parent_id, schedule_id, unique_key, errors)
    select id, created_at, claimed_at, 'cancelled', queue, kind, priority, attempts, payload,
           json_build_object('reason', reason), worker, tenant, trace_id, parent_id, schedule_id, unique_key, nullif(errors, '[]')
    from gone
), told as (
    insert into job_events (job_id, event, detail) select id, 'cancelled', jsonb_build_object('reason', reason) from gone
    where id not in (select id from dropped)
)
select id, has_dependents from gone where id in (select id from dropped)

-- name: save_checkpoint
-- $1 id bigint, $2 fence integer, $3 worker uuid, $4 checkpoint text -> id while the job is still held
-- A checkpoint is progress: the attempts that came before it are forgiven.
update jobs set checkpoint = $4::jsonb, attempts = 1, rev = rev + 1 where id = $1 and fence = $2 and worker = $3 returning id

-- name: save_progress
-- $1 ids bigint[], $2 fences integer[], $3 progress text[], $4 worker uuid -> id and revision of each that is still held
with mine as materialized (
    select d.*, $4::uuid as held_by from unnest($1::bigint[], $2::integer[], $3::text[]) as d(id, fence, progress)
)
update jobs j set progress = d.progress::jsonb, rev = rev + 1
from mine d where j.id = d.id and j.fence = d.fence and j.worker = d.held_by
returning j.id, j.rev

-- name: tell
-- $1 channel text, $2 payload text
select pg_notify($1, $2)

-- name: asked_to_stop
-- $1 ids bigint[] -> those of them whose cancelling was asked for
select id from jobs where id = any($1) and cancel_asked

-- name: add_events
-- $1 jobs bigint[], $2 events text[], $3 details text[]
insert into job_events (job_id, event, detail) select * from unnest($1::bigint[], $2::text[], $3::jsonb[])

-- name: register
-- $1 id uuid, $2 host text, $3 pid integer, $4 version text, $5 lag_s real, $6 slots integer, $7 running integer,
-- $8 draining boolean, $9 actors text, $10 lately text, $11 queues text[] -> the number of beats
insert into workers as w (id, host, pid, version, lag_s, slots, running, draining, actors, lately, queues)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11)
on conflict (id) do update set beats = w.beats + 1, beat_at = now(), lag_s = excluded.lag_s, slots = excluded.slots,
    running = excluded.running, draining = excluded.draining, actors = excluded.actors, lately = excluded.lately,
    queues = excluded.queues
returning beats

-- name: unregister
-- $1 id uuid: one that holds jobs yet stays, so that its silence is noticed and they are taken back
delete from workers where id = $1 and not exists (select from jobs where worker = $1 and state = 'running')

-- name: beats
-- -> every process with its count of beats
select id, beats from workers

-- name: strays
-- -> processes that hold jobs and are not registered
select distinct worker from jobs j where state = 'running' and not exists (select from workers w where w.id = j.worker)

-- name: processes
-- -> the processes that work
select id, host, pid, version, started_at, beat_at, extract(epoch from now() - beat_at)::double precision as beat_age_s,
       lag_s, slots, running, draining, actors, lately from workers order by started_at

-- name: end_when_idle
-- $1 within_s integer: this session, should it stay idle in a transaction for so long
select set_config('idle_in_transaction_session_timeout', $1::integer || 's', false)

-- name: cut_off
-- $1 dead workers uuid[] -> how many of their connections were in the midst of a transaction: those are closed, and what they
-- had locked is free. A process that is frozen holds on for as long as it is; one whose machine is gone until TCP notices.
select count(*) filter (where pg_terminate_backend(pid, 5000)) from pg_stat_activity
where datname = current_database() and usename = current_user and pid <> pg_backend_pid() and xact_start is not null
  and right(application_name, 36) = any($1::uuid[]::text[])

-- name: rescue
-- $1 dead workers uuid[] -> id, queue, state and attempts of the jobs taken back from them. An attempt counts that is known to
-- have begun; others may have waited in the memory of a process that something else brought down.
with gone as materialized (
    select id, worker as holder, fence, begun is not distinct from fence as had_begun
    from jobs where state = 'running' and worker = any($1) for update skip locked
), moved as (
    update jobs j set
        state = case when not had_begun or cancel_asked or attempts < max_attempts then 'ready' else 'dead' end,
        attempts = attempts - case when had_begun then 0 else 1 end,
        lost = least(j.lost + 1, 32000),
        worker = null, deadline_at = null, rev = rev + 1,
        errors = errors || jsonb_build_object('attempt', attempts, 'at', now(), 'error', 'its worker stopped beating')
    from gone where j.id = gone.id
    returning j.id, j.queue, j.state, j.attempts, j.trace_id, gone.holder, gone.fence
), told as (
    insert into job_events (job_id, event, detail)
    select id, 'rescued', jsonb_build_object('from', holder, 'fence', fence, 'state', state, 'reason', 'worker') from moved
    union all
    select id, 'dead', jsonb_build_object('error', 'its worker stopped beating', 'attempt', attempts) from moved
    where state = 'dead'
), woken as (
    select count(jobs_wake_queue(queue)) from (select distinct queue from moved where state = 'ready') as q
)
select id, queue, state, attempts, trace_id from moved, woken

-- name: take_back
-- $1 ids bigint[], $2 fences integer[], $3 worker uuid -> those taken back from attempts that ran past their deadline
with moved as (
    update jobs j set
        state = case when cancel_asked or attempts < max_attempts then 'ready' else 'dead' end,
        worker = null, deadline_at = null, rev = rev + 1,
        errors = errors || jsonb_build_object('attempt', attempts, 'at', now(), 'error', 'it ran past its deadline')
    from unnest($1::bigint[], $2::integer[]) as d(id, fence)
    where j.id = d.id and j.fence = d.fence and j.worker = $3
    returning j.id, j.queue, j.state, j.attempts, j.trace_id, j.fence
), told as (
    insert into job_events (job_id, event, detail)
    select id, 'rescued', jsonb_build_object('from', $3::uuid, 'fence', fence, 'state', state, 'reason', 'deadline') from moved
    union all
    select id, 'dead', jsonb_build_object('error', 'it ran past its deadline', 'attempt', attempts) from moved
    where state = 'dead'
)
select id, queue, state, attempts, trace_id from moved

-- name: forget_workers
-- $1 ids uuid[] -> processes that have been silent for an hour and hold nothing are forgotten; till then they show as lost
delete from workers w where id = any($1) and beat_at < now() - interval '1 hour'
  and not exists (select from jobs where worker = w.id and state = 'running')

-- name: queue_rules
-- -> every queue with its rules
select name, paused, most_running, per_minute, fair from queues order by name

-- name: ensure_queues
-- $1 names text[]
insert into queues (name) select unnest($1::text[]) on conflict do nothing

-- name: set_paused
-- $1 queue text, $2 paused boolean -> the name when there is such a queue
update queues set paused = $2 where name = $1 returning name

-- name: set_limits
-- $1 queue text, $2 most_running integer, $3 per_minute double precision, $4 fair boolean -> the name when there is such a queue
-- What runs already counts from now on.
with changed as (
    update queues set most_running = $2, per_minute = $3, fair = $4, tokens = 0, tokens_at = now() where name = $1 returning name
), counted as (
    update jobs set counted = true where queue = $1 and state = 'running' and not counted
)
select name from changed

-- name: load
-- -> per queue: ready, running, scheduled, blocked, held, dead and the age of the oldest ready job
select q.name as queue, q.paused,
    count(*) filter (where j.state = 'ready') as ready,
    count(*) filter (where j.state = 'running') as running,
    count(*) filter (where j.state = 'scheduled') as scheduled,
    count(*) filter (where j.state = 'blocked') as blocked,
    count(*) filter (where j.state = 'held') as held,
    count(*) filter (where j.state = 'dead') as dead,
    coalesce(extract(epoch from now() - min(greatest(j.created_at, j.run_at)) filter (where j.state = 'ready')), 0)::double precision
        as oldest_age_s
from queues q left join jobs j on j.queue = q.name
group by q.name, q.paused order by q.name

-- name: worker_load
-- -> how many jobs wait for workers or run at them: what outside autoscalers scale worker processes by
select count(*) from jobs j join queues q on q.name = j.queue
where j.state in ('ready', 'running') and not q.paused and j.queue <> 'importing'

-- name: list
-- $1 states text[] or null, $2 queue text, $3 kind text, $4 before id bigint, $5 limit integer, $6 tenant text or null -> jobs that have not ended
select id, state, queue, kind, priority, attempts, max_attempts, run_at, created_at, claimed_at, worker, tenant, trace_id,
    parent_id, unique_key, progress, errors -> -1 as last_error, cancel_asked, rev
from jobs
where ($1::text[] is null or state = any($1)) and ($2::text is null or queue = $2) and ($3::text is null or kind = $3)
  and ($4::bigint is null or id < $4)
  and ($6::text is null or tenant = $6)
order by id desc limit $5

-- name: list_ended
-- $1 states text[] or null, $2 queue text, $3 kind text, $4 before id bigint, $5 limit integer, $6 tenant text or null -> jobs that have ended
select id, state, queue, kind, priority, attempts, created_at, claimed_at, ended_at, worker, tenant, trace_id, parent_id,
    unique_key, errors -> -1 as last_error
from job_history
where ($1::text[] is null or state = any($1)) and ($2::text is null or queue = $2) and ($3::text is null or kind = $3)
  and ($4::bigint is null or id < $4)
  and ($6::text is null or tenant = $6)
order by id desc limit $5

-- name: show
-- $1 id bigint -> one job that has not ended
select id, state, queue, kind, priority, attempts, max_attempts, timeout_s, run_at, created_at, claimed_at, deadline_at, worker,
    tenant, trace_id, parent_id, schedule_id, unique_key, payload, progress, checkpoint, errors, cancel_asked, waits_for, fence, rev
from jobs where id = $1

-- name: show_ended
-- $1 id bigint -> one job that has ended
select id, state, queue, kind, priority, attempts, created_at, claimed_at, ended_at, worker, tenant, trace_id, parent_id,
    schedule_id, unique_key, payload, result, errors
from job_history where id = $1 order by ended_at desc limit 1

-- name: events
-- $1 job bigint -> what happened to it
select id, at, event, detail from job_events where job_id = $1 order by id

-- name: facts
-- $1 id bigint -> what decides whether the job may run
select j.id, j.state, j.queue, j.kind, j.priority, j.attempts, j.max_attempts, j.cancel_asked, j.tenant,
    extract(epoch from j.run_at - now())::double precision as due_in_s,
    q.name is not null as queue_exists, coalesce(q.paused, false) as paused, q.most_running, q.per_minute, coalesce(q.fair, false) as fair,
    least(greatest(1, q.per_minute / 60), q.tokens + extract(epoch from now() - q.tokens_at) * q.per_minute / 60)::double precision
        as starts_left,
    (select count(*) from jobs r where r.queue = j.queue and r.state = 'running') as running_in_queue,
    (select count(*) from jobs r where r.queue = j.queue and r.state = 'running' and r.counted) as counted_in_queue,
    (select count(*) from jobs r where r.queue = j.queue and r.state = 'ready'
        and (r.priority > j.priority or r.priority = j.priority and r.id < j.id)) as ahead,
    (select count(*) from workers w where w.beat_at > now() - interval '30 seconds' and not w.draining and j.queue = any(w.queues))
        as workers,
    j.worker, extract(epoch from now() - j.claimed_at)::double precision as running_s,
    extract(epoch from now() - (select beat_at from workers w where w.id = j.worker))::double precision as beat_age_s,
    array(select d.depends_on from job_dependencies d where d.job_id = j.id order by 1) as waits_for,
    array(select p.id || ' (' || p.state || ')' from job_dependencies d join jobs p on p.id = d.depends_on
          where d.job_id = j.id order by p.id) as waits_for_states,
    j.errors -> -1 as last_error
from jobs j left join queues q on q.name = j.queue where j.id = $1

-- name: cancel_waiting
-- $1 id bigint, $2 reason text -> the jobs that are cancelled: it, and all that waited for it
with recursive root as materialized (
    select id from jobs where id = $1 and state in ('held', 'blocked', 'scheduled', 'ready', 'dead') for update
), doomed(id) as (
    select id from root
    union
    select d.job_id from job_dependencies d join doomed on d.depends_on = doomed.id
), locked as materialized (
    select id from jobs where id in (select id from doomed) order by id for update
), gone as (
    delete from jobs j using locked where j.id = locked.id and j.state <> 'running' returning j.*
), free as (
    delete from job_dependencies d using gone where d.job_id = gone.id or d.depends_on = gone.id
), kept as (
    insert into job_history (id, created_at, claimed_at, state, queue, kind, priority, attempts, payload, result, worker,
                             tenant, trace_id, parent_id, schedule_id, unique_key, errors)
    select id, created_at, claimed_at, case when state = 'dead' then 'discarded' else 'cancelled' end, queue, kind, priority, attempts,
           payload, json_build_object('reason', $2::text), worker, tenant, trace_id, parent_id, schedule_id, unique_key,
           nullif(errors, '[]')
    from gone
), told as (
    insert into job_events (job_id, event, detail) select id, 'cancelled', jsonb_build_object('reason', $2::text) from gone
)
select id, has_dependents from gone

-- name: cancel_dependents
-- $1 parents bigint[], $2 reason text -> the ids that waited for them and are cancelled
with recursive doomed(id) as (
    select job_id from job_dependencies where depends_on = any($1)
    union
    select d.job_id from job_dependencies d join doomed on d.depends_on = doomed.id
), locked as materialized (
    select id from jobs where id in (select id from doomed) order by id for update
), gone as (
    delete from jobs j using locked where j.id = locked.id and j.state <> 'running' returning j.*
), free as (
    delete from job_dependencies d using gone where d.job_id = gone.id or d.depends_on = gone.id
), kept as (
    insert into job_history (id, created_at, claimed_at, state, queue, kind, priority, attempts, payload, result, worker,
                             tenant, trace_id, parent_id, schedule_id, unique_key, errors)
    select id, created_at, claimed_at, 'cancelled', queue, kind, priority, attempts, payload,
           json_build_object('reason', $2::text), worker, tenant, trace_id, parent_id, schedule_id, unique_key, nullif(errors, '[]')
    from gone
), told as (
    insert into job_events (job_id, event, detail) select id, 'cancelled', jsonb_build_object('reason', $2::text) from gone
)
select id from gone

-- name: ask_to_stop
-- $1 id bigint, $2 reason text -> the id when the job is running; its worker hears of it
with asked as (
    update jobs set cancel_asked = true, rev = rev + 1 where id = $1 and state = 'running' returning id
), told as (
    insert into job_events (job_id, event, detail) select id, 'cancel_asked', jsonb_build_object('reason', $2::text) from asked
)
select id from asked

-- name: revive
-- $1 ids bigint[] or null (all), $2 since timestamptz or null, $3 kind text or null -> dead letters that are ready again,
-- attempts at zero; of those that share a unique key the latest, unless a living job has it
with chosen as (
    select distinct on (kind, unique_key, case when unique_key is null then id end) id from jobs
    where state = 'dead' and ($1::bigint[] is null or id = any($1)) and ($3::text is null or kind = $3)
      and ($2::timestamptz is null or (errors -> -1 ->> 'at')::timestamptz >= $2)
      and not exists (select from jobs o where o.kind = jobs.kind and o.unique_key = jobs.unique_key and o.state <> 'dead')
    order by kind, unique_key, case when unique_key is null then id end, id desc
), again as (
    select id, queue from jobs_revive(array(select id from chosen))
), told as (
    insert into job_events (job_id, event) select id, 'requeued' from again
)
select id, queue from again

-- name: release
-- $1 id bigint -> id, queue and state when a held job waits for nothing more but its dependencies and its time
update jobs set rev = rev + 1,
    state = case when waits_for > 0 then 'blocked' when run_at > now() then 'scheduled' else 'ready' end
where id = $1 and state = 'held' returning id, queue, state

-- name: run_now
-- $1 id bigint -> the id when a scheduled job is ready now
update jobs set state = 'ready', run_at = now(), rev = rev + 1 where id = $1 and state = 'scheduled' returning id, queue

-- name: wake
-- $1 queue text
select jobs_wake_queue($1)

-- name: discard
-- $1 ids bigint[] or null, $2 since timestamptz or null, $3 kind text or null -> dead letters, as for revive, that are in the
-- history now; what waited for them is cancelled
with recursive roots as materialized (
    select id from jobs where state = 'dead' and ($1::bigint[] is null or id = any($1)) and ($3::text is null or kind = $3)
      and ($2::timestamptz is null or (errors -> -1 ->> 'at')::timestamptz >= $2)
    order by id for update
), doomed(id) as (
    select id from roots
    union
    select d.job_id from job_dependencies d join doomed on d.depends_on = doomed.id
), locked as materialized (
    select id from jobs where id in (select id from doomed) order by id for update
), gone as (
    delete from jobs j using locked where j.id = locked.id and j.state <> 'running'
    returning j.*, case when j.id in (select id from roots) then 'discarded' else 'cancelled' end as ended
), free as (
    delete from job_dependencies d using gone where d.job_id = gone.id or d.depends_on = gone.id
), kept as (
    insert into job_history (id, created_at, claimed_at, state, queue, kind, priority, attempts, payload, worker, tenant,
                             trace_id, parent_id, schedule_id, unique_key, errors)
    select id, created_at, claimed_at, ended, queue, kind, priority, attempts, payload, worker, tenant, trace_id, parent_id,
           schedule_id, unique_key, nullif(errors, '[]')
    from gone
), told as (
    insert into job_events (job_id, event) select id, ended from gone
)
select id, has_dependents from gone where id in (select id from roots)

-- name: ended_since
-- $1 since timestamptz -> per queue and state: how many ended, and their mean run in seconds
select queue, state, count(*) as n, avg(extract(epoch from ended_at - claimed_at))::double precision as mean_run_s
from job_history where ended_at >= $1 group by queue, state

-- name: failures_since
-- $1 since timestamptz -> how many attempts failed for good, and how many jobs ended well
select (select count(*) from job_events where at >= $1 and event = 'dead') as dead,
       (select count(*) from job_history where ended_at >= $1 and state = 'done') as done

-- name: add_partition
-- $1 first day date -> makes the partition of a day, where it is missing and the default one holds nothing of it
select job_history_add_day($1)

-- name: drop_partitions
-- $1 before date -> names of the day partitions that were dropped
select job_history_drop_before($1)

-- name: trim_default
-- $1 before timestamptz -> rows removed from the catch-all partition
with gone as (delete from job_history_default where ended_at < $1 returning 1) select count(*) from gone

-- name: trim_events
-- $1 before timestamptz -> events removed
with gone as (delete from job_events where at < $1 returning 1) select count(*) from gone

-- name: trim_idempotency
-- $1 before timestamptz -> keys removed
with gone as (delete from idempotency_keys where created_at < $1 returning 1) select count(*) from gone

-- name: schedules
-- -> every schedule
select id, name, cron, zone, kind, payload, enabled, missed, overlap, next_due_at from schedules order by name

-- name: due_schedules
-- $1 now timestamptz or null (the database's own clock) -> schedules that are due
select id, name, cron, zone, kind, payload, enabled, missed, overlap, next_due_at, coalesce($1, now()) as now
from schedules where enabled and next_due_at <= coalesce($1, now()) order by next_due_at

-- name: put_schedule
-- $1 name text, $2 cron text, $3 zone text, $4 kind text, $5 payload text, $6 missed text, $7 overlap text, $8 next_due_at timestamptz
-- -> id; a schedule that is there already keeps what an operator changed, and its next due time unless cron or zone change
insert into schedules as s (name, cron, zone, kind, payload, missed, overlap, next_due_at)
values ($1, $2, $3, $4, $5::json, $6, $7, $8)
on conflict (name) do update set kind = excluded.kind, payload = excluded.payload, missed = excluded.missed,
    overlap = excluded.overlap, cron = excluded.cron, zone = excluded.zone, updated_at = now(),
    next_due_at = case when s.cron = excluded.cron and s.zone = excluded.zone then s.next_due_at else excluded.next_due_at end
returning id

-- name: drop_schedules
-- $1 prefix text, $2 names that stay text[] -> names of the schedules that are gone
delete from schedules where starts_with(name, $1) and name <> all($2) returning name

-- name: enable_schedule
-- $1 name text, $2 enabled boolean, $3 next_due_at timestamptz -> the name when there is such a schedule
update schedules set enabled = $2, next_due_at = $3, updated_at = now() where name = $1 returning name

-- name: tick
-- $1 schedule bigint, $2 due_at timestamptz, $3 outcome text -> a row for the one scheduler that fires it
insert into schedule_ticks (schedule_id, due_at, outcome) values ($1, $2, $3) on conflict do nothing returning due_at

-- name: tick_enqueued
-- $1 schedule bigint, $2 due_at timestamptz, $3 job bigint
update schedule_ticks set job_id = $3 where schedule_id = $1 and due_at = $2

-- name: still_running
-- $1 schedule bigint -> id of a job of this schedule that has not ended
select id from jobs where schedule_id = $1 and state <> 'dead' limit 1

-- name: advance
-- $1 schedule bigint, $2 next_due_at timestamptz: never back
update schedules set next_due_at = $2 where id = $1 and next_due_at < $2

-- name: ticks
-- $1 schedule bigint, $2 limit integer -> the latest firings
select due_at, fired_at, outcome, job_id from schedule_ticks where schedule_id = $1 order by due_at desc limit $2

-- name: trim_ticks
-- $1 before timestamptz -> ticks removed
with gone as (delete from schedule_ticks where due_at < $1 returning 1) select count(*) from gone

-- name: begin_once
-- $1 route text, $2 key text, $3 request_sha bytea -> a row when this call is the first with its key
insert into idempotency_keys (route, key, request_sha) values ($1, $2, $3) on conflict do nothing returning key

-- name: once
-- $1 route text, $2 key text -> what is known of the first call; locks it, so that a twin waits for its end
select request_sha, status, answer from idempotency_keys where route = $1 and key = $2 for update

-- name: end_once
-- $1 route text, $2 key text, $3 status integer, $4 answer text
update idempotency_keys set status = $3, answer = $4::jsonb where route = $1 and key = $2
