-- What processes tell of themselves sums up over all of them; what is told by NOTIFY says when it is not all.

-- forward

alter table workers add column lately jsonb not null default '{}';    -- jobs ended a second by queue, calls of a minute by registry

create or replace function job_events_tell() returns trigger language plpgsql as $$
declare
    told text;
begin
    select case when count(*) <= 200 then string_agg(job_id || ':' || event, ' ' order by id) end into told from fresh;
    perform pg_notify('triald_job_events', case when length(told) <= 7000 then told else 'resync' end);
    return null;
end $$;

-- Two that look after the history at once: the second finds what the first has made.
create or replace function job_history_add_day(day date) returns boolean language plpgsql as $$
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

create or replace function job_history_drop_before(day date) returns setof text language plpgsql as $$
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

-- back

alter table workers drop column lately;

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
