-- What is told is true: of processes over all of them, of events all or that it is not all, of attempts whether they began.

-- forward

alter table workers add column lately jsonb not null default '{}';    -- jobs ended a second by queue, calls of a minute by registry
alter table workers add column queues text[] not null default '{}';   -- that it claims from

-- Of a job whose process died it is not known whether it had begun or waited in memory. So that one lost with others that crash
-- is not taken for the cause: such an attempt does not count, and from then on each attempt's start is written down.
alter table jobs add column lost smallint not null default 0;         -- attempts that ended with their process
alter table jobs add column begun integer;                            -- the fence of an attempt that is known to have begun

create or replace function job_events_tell() returns trigger language plpgsql as $$
declare
    told text;
begin
    select case when count(*) <= 200 then string_agg(job_id || ':' || event, ' ' order by id) end into told from fresh;
    perform pg_notify('triald_job_events', case when length(told) <= 7000 then told else 'resync' end);
    return null;
end $$;

-- Two that look after the history at once: the second finds what the first has made. Who reads the history for long makes this
-- wait, and whoever ends jobs waits behind it: so it gives up soon, to be tried again.
create or replace function job_history_add_day(day date) returns boolean language plpgsql set lock_timeout = '500ms' as $$
declare
    part text := 'job_history_' || to_char(day, 'YYYYMMDD');
begin
    perform pg_advisory_xact_lock(1953655142);
    if to_regclass(part) is not null then return false; end if;
    if exists (select from job_history_default where ended_at >= day::timestamp at time zone 'UTC'
               and ended_at < (day + 1)::timestamp at time zone 'UTC') then
        return false;    -- the day has begun in the catch-all; it stays there
    end if;
    execute format('create table %I partition of job_history for values from (%L) to (%L)', part,
                   day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    return true;
end $$;

create or replace function job_history_drop_before(day date) returns setof text language plpgsql set lock_timeout = '500ms' as $$
declare
    part text;
begin
    perform pg_advisory_xact_lock(1953655142);
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'job_history'::regclass and c.relname ~ '^job_history_[0-9]{8}$'
          and to_date(right(c.relname, 8), 'YYYYMMDD') < day
        order by 1
    loop
        execute format('drop table %I', part);
        return next part;
    end loop;
end $$;

-- A transaction that enqueued and stays open keeps its lock: it silences the others of its own twentieth of a second, no more.
create or replace function jobs_wake_queue(q text) returns void language sql as $$
    select pg_notify('triald_jobs', q)
    where pg_try_advisory_xact_lock(1953655140, hashtext(q) # (extract(epoch from clock_timestamp()) * 20)::bigint::bit(32)::integer)
$$;

create or replace function jobs_wake() returns trigger language plpgsql as $$
begin
    perform pg_notify('triald_jobs', queue)
    from (select distinct queue from fresh where state = 'ready') as woken
    where pg_try_advisory_xact_lock(1953655140,
        hashtext(queue) # (extract(epoch from clock_timestamp()) * 20)::bigint::bit(32)::integer);
    return null;
end $$;

-- Rows of jobs are locked before those of their dependencies, the older first: as cancelling does.
create or replace function jobs_unblock(parents bigint[]) returns void language plpgsql as $$
declare
    q text;
begin
    perform from jobs where id in (select job_id from job_dependencies where depends_on = any(parents)) order by id for update;
    for q in
        with freed as (
            delete from job_dependencies where depends_on = any(parents) returning job_id
        ), counted as (
            select job_id, count(*) as n from freed group by job_id
        ), moved as (
            update jobs j set
                waits_for = waits_for - n,
                state = case when state <> 'blocked' or waits_for > n then state
                             when run_at > now() then 'scheduled' else 'ready' end,
                rev = rev + 1
            from counted where j.id = counted.job_id
            returning j.queue, j.state
        )
        select distinct queue from moved where state = 'ready'
    loop
        perform jobs_wake_queue(q);
    end loop;
end $$;

drop function jobs_claim_within_limits(text, integer, uuid, real);

-- Claims under a queue's rules: at most so many at once, so many a minute, turns shared between tenants. One claimer of
-- the queue at a time: the queue's row is locked, and written only if something was claimed. A queue without rules is claimed
-- without this. With `at_priority` only jobs of that priority and from an id on are looked at, as in jobs.claim_from.
create function jobs_claim_within_limits(
    q text, most integer, by_worker uuid, grace_s real, at_priority smallint, from_id bigint
) returns setof jobs language plpgsql as $$
declare
    rule  queues;
    n     integer := most;
begin
    select * into rule from queues where name = q and not paused for update;
    if not found then return; end if;
    if rule.most_running is not null then
        n := least(n, rule.most_running - (select count(*) from jobs where queue = q and state = 'running' and counted)::integer);
    end if;
    if rule.per_minute is not null then
        rule.tokens := least(greatest(1, rule.per_minute / 60),    -- the bucket holds a second's worth, or one
            rule.tokens + greatest(0, extract(epoch from clock_timestamp() - rule.tokens_at)) * rule.per_minute / 60);
        n := least(n, floor(rule.tokens)::integer);
    end if;
    if n <= 0 then return; end if;
    return query
    with recursive tenants(tenant) as (
        select null::text
        union all
        (select j.tenant from jobs j where rule.fair and j.queue = q and j.state = 'ready' and j.tenant is not null
         order by j.tenant limit 1)
        union all
        select (select j.tenant from jobs j where j.queue = q and j.state = 'ready' and j.tenant > t.tenant
                order by j.tenant limit 1)
        from tenants t where t.tenant is not null
    ), shares as materialized (
        select t.tenant, count(*) over () as tenants,
               (select count(*) from jobs r where r.queue = q and r.state = 'running' and r.counted and r.tenant = t.tenant) as busy
        from tenants t where rule.fair and t.tenant is not null
    ), candidates as (
        select c.id, c.priority, s.busy + row_number() over (partition by s.tenant order by c.priority desc, c.id) as turn
        from shares s cross join lateral (
            select j.id, j.priority from jobs j where j.queue = q and j.state = 'ready' and j.tenant = s.tenant
            order by j.priority desc, j.id limit (2 * n + s.tenants - 1) / s.tenants) c    -- of many tenants few jobs each will do
        union all
        select c.id, c.priority, row_number() over (order by c.priority desc, c.id)
        from (select j.id, j.priority from jobs j
              where at_priority is null and j.queue = q and j.state = 'ready' and (not rule.fair or j.tenant is null)
              order by j.priority desc, j.id limit n) c
        union all
        select c.id, c.priority, row_number() over (order by c.id)
        from (select j.id, j.priority from jobs j
              where at_priority is not null and j.queue = q and j.state = 'ready' and j.priority = at_priority and j.id >= from_id
                and (not rule.fair or j.tenant is null)
              order by j.priority desc, j.id limit n) c
    ), picked as materialized (
        select j.id from jobs j where j.id = any(array(select c.id from candidates c order by c.turn, c.priority desc, c.id limit n))
        and j.state = 'ready' for update skip locked
    )
    update jobs j set state = 'running', worker = by_worker, fence = j.fence + 1, attempts = j.attempts + 1,
        claimed_at = now(), deadline_at = now() + make_interval(secs => j.timeout_s + grace_s), rev = j.rev + 1, counted = true
    where j.id = any(array(select picked.id from picked))
    returning j.*;
    get diagnostics n = row_count;
    if n > 0 and rule.per_minute is not null then
        update queues set tokens = rule.tokens - n, tokens_at = clock_timestamp() where name = q;
    end if;
end $$;

-- Dead letters become ready again. One whose unique key somebody takes at this moment is left out, the others are not.
create function jobs_revive(ids bigint[]) returns table (id bigint, queue text) language plpgsql as $$
declare
    keyed bigint;
begin
    return query
    update jobs j set state = 'ready', attempts = 0, lost = 0, run_at = now(), cancel_asked = false, rev = rev + 1
    where j.id = any(ids) and j.state = 'dead' and j.unique_key is null returning j.id, j.queue;
    for keyed in select j.id from jobs j where j.id = any(ids) and j.state = 'dead' and j.unique_key is not null order by j.id loop
        begin
            return query
            update jobs j set state = 'ready', attempts = 0, lost = 0, run_at = now(), cancel_asked = false, rev = rev + 1
            where j.id = keyed and j.state = 'dead' returning j.id, j.queue;
        exception when unique_violation then
            null;
        end;
    end loop;
end $$;

-- back

alter table workers drop column lately;
alter table workers drop column queues;
alter table jobs drop column lost;
alter table jobs drop column begun;

create or replace function job_events_tell() returns trigger language plpgsql as $$
begin
    perform pg_notify('triald_job_events', left(string_agg(job_id || ':' || event, ' ' order by id), 7000))
    from (select id, job_id, event from fresh order by id limit 200) as first_ones;
    return null;
end $$;

create or replace function job_history_add_day(day date) returns boolean language plpgsql as $$
declare
    part text := 'job_history_' || to_char(day, 'YYYYMMDD');
begin
    if to_regclass(part) is not null then return false; end if;
    if exists (select from job_history_default where ended_at >= day::timestamp at time zone 'UTC'
               and ended_at < (day + 1)::timestamp at time zone 'UTC') then
        return false;    -- the day has begun in the catch-all; it stays there
    end if;
    execute format('create table %I partition of job_history for values from (%L) to (%L)', part,
                   day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    return true;
end $$;

create or replace function job_history_drop_before(day date) returns setof text language plpgsql as $$
declare
    part text;
begin
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'job_history'::regclass and c.relname ~ '^job_history_[0-9]{8}$'
          and to_date(right(c.relname, 8), 'YYYYMMDD') < day
        order by 1
    loop
        execute format('drop table %I', part);
        return next part;
    end loop;
end $$;

create or replace function jobs_wake_queue(q text) returns void language sql as $$
    select pg_notify('triald_jobs', q) where pg_try_advisory_xact_lock(1953655140, hashtext(q))
$$;

create or replace function jobs_wake() returns trigger language plpgsql as $$
begin
    perform pg_notify('triald_jobs', queue)
    from (select distinct queue from fresh where state = 'ready') as woken
    where pg_try_advisory_xact_lock(1953655140, hashtext(queue));
    return null;
end $$;

create or replace function jobs_unblock(parents bigint[]) returns void language plpgsql as $$
declare
    q text;
begin
    for q in
        with freed as (
            delete from job_dependencies where depends_on = any(parents) returning job_id
        ), counted as (
            select job_id, count(*) as n from freed group by job_id
        ), moved as (
            update jobs j set
                waits_for = waits_for - n,
                state = case when state <> 'blocked' or waits_for > n then state
                             when run_at > now() then 'scheduled' else 'ready' end,
                rev = rev + 1
            from counted where j.id = counted.job_id
            returning j.queue, j.state
        )
        select distinct queue from moved where state = 'ready'
    loop
        perform jobs_wake_queue(q);
    end loop;
end $$;

drop function jobs_claim_within_limits(text, integer, uuid, real, smallint, bigint);

create function jobs_claim_within_limits(q text, most integer, by_worker uuid, grace_s real) returns setof jobs
language plpgsql as $$
declare
    rule  queues;
    n     integer := most;
    full_ double precision;
begin
    select * into rule from queues where name = q and not paused for update;
    if not found then return; end if;
    if rule.most_running is not null then
        n := least(n, rule.most_running - (select count(*) from jobs where queue = q and state = 'running' and counted)::integer);
    end if;
    if rule.per_minute is not null then
        full_ := greatest(1, rule.per_minute / 60);            -- the bucket holds a second's worth, or one
        rule.tokens := least(full_, rule.tokens
            + greatest(0, extract(epoch from clock_timestamp() - rule.tokens_at)) * rule.per_minute / 60);
        n := least(n, floor(rule.tokens)::integer);
        update queues set tokens = rule.tokens, tokens_at = clock_timestamp() where name = q;
    end if;
    if n <= 0 then return; end if;
    return query
    with recursive tenants(tenant) as (
        select null::text
        union all
        (select j.tenant from jobs j where rule.fair and j.queue = q and j.state = 'ready' and j.tenant is not null
         order by j.tenant limit 1)
        union all
        select (select j.tenant from jobs j where j.queue = q and j.state = 'ready' and j.tenant > t.tenant
                order by j.tenant limit 1)
        from tenants t where t.tenant is not null
    ), shares as (
        select t.tenant, (select count(*) from jobs r where r.queue = q and r.state = 'running' and r.counted and r.tenant = t.tenant) as busy
        from tenants t where rule.fair and t.tenant is not null
    ), candidates as (
        select c.id, c.priority, s.busy + row_number() over (partition by s.tenant order by c.priority desc, c.id) as turn
        from shares s cross join lateral (
            select j.id, j.priority from jobs j where j.queue = q and j.state = 'ready' and j.tenant = s.tenant
            order by j.priority desc, j.id limit n) c
        union all
        select c.id, c.priority, row_number() over (order by c.priority desc, c.id)
        from (select j.id, j.priority from jobs j
              where j.queue = q and j.state = 'ready' and (not rule.fair or j.tenant is null)
              order by j.priority desc, j.id limit n) c
    ), picked as materialized (
        select j.id from jobs j where j.id = any(array(select c.id from candidates c order by c.turn, c.priority desc, c.id limit n))
        and j.state = 'ready' for update skip locked
    )
    update jobs j set state = 'running', worker = by_worker, fence = j.fence + 1, attempts = j.attempts + 1,
        claimed_at = now(), deadline_at = now() + make_interval(secs => j.timeout_s + grace_s), rev = j.rev + 1, counted = true
    where j.id = any(array(select picked.id from picked))
    returning j.*;
    if rule.per_minute is not null then
        get diagnostics n = row_count;
        update queues set tokens = tokens - n where name = q;
    end if;
end $$;

drop function jobs_revive(bigint[]);
