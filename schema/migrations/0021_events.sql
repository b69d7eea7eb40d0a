-- The log of events: what happened, numbered in the order in which everybody hears of it.

-- forward

-- Whoever does something adds an event here, in the transaction of what it did. Events get their numbers a moment later, in
-- batches, from one at a time: so numbers are in the order of commits, and who has heard all up to one has missed none before it,
-- however long somebody's transaction stays open. docs/decisions/0019-event-numbers.md
create table event_inbox (
    id        bigint generated always as identity primary key,
    at        timestamptz not null default clock_timestamp(),
    of_tenant bigint,                                    -- null: of the service; no reference and no policy: it is worked off at once
    is_final  boolean not null default false,            -- told at once, not gathered with others
    room      text not null check (length(room) between 1 and 120),
    kind      text not null check (kind ~ '^[a-z][a-z0-9_.-]{0,63}$'),
    key       text check (length(key) <= 120),           -- of events with the same one only the newest matters to who is behind
    payload   jsonb not null default '{}' check (octet_length(payload::text) <= 4096)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

create table events (
    id        bigint generated always as identity primary key,
    at        timestamptz not null,
    tenant_id bigint references tenants on delete cascade,
    is_final  boolean not null,
    room      text not null,
    kind      text not null,
    key       text,
    payload   jsonb not null
);
create index events_by_time on events using brin (at) with (pages_per_range = 16);
select guard_tenant('events');

-- Numbers what has been committed, unless another is at it, who then tells us; answers with how many there were. The lock goes once all
-- that was numbered under it can be seen. What is of a tenant that is gone goes too.
create function events_number(most integer) returns integer language plpgsql as $$
declare
    taken integer;
begin
    if not exists (select from event_inbox) or not pg_try_advisory_xact_lock(1953655150, 21) then return 0; end if;
    with gone as (
        delete from event_inbox where id = any(array(select id from event_inbox order by id limit most)) returning *
    ), kept as (
        insert into events (at, tenant_id, is_final, room, kind, key, payload)
        select at, of_tenant, is_final, room, kind, key, payload from gone
        where of_tenant is null or exists (select from tenants t where t.id = of_tenant) order by gone.id
    )
    select count(*) into taken from gone;
    if taken > 0 then perform pg_notify('triald_events', ''); end if;
    return taken;
end $$;

create function events_after(last bigint, most integer) returns setof events language plpgsql as $$
begin
    perform events_number(most);
    return query select * from events where id > last order by id limit most;
end $$;

-- NOTIFY is a hint, and dear at commit: of transactions side by side one does it for all (as for jobs, 0001 and 0007).
create function events_hint() returns void language sql as $$
    select pg_notify('triald_events', 'new')
    where pg_try_advisory_xact_lock(1953655149, (extract(epoch from clock_timestamp()) * 20)::bigint::bit(32)::integer)
$$;

-- ── what is told without anybody saying so; those that have a channel of their own need no hint ──

-- Whose a job is: its tenant's, where it names one by its number.
create function events_job_tenant(tenant text) returns bigint language sql immutable parallel safe as $$
    select case when tenant ~ '^[0-9]{1,18}$' then tenant::bigint end
$$;

-- A kind that the log takes, whatever the word: no transaction of a job fails for what is told of it.
create function events_kind(word text) returns text language sql immutable parallel safe as $$
    select left(regexp_replace(lower(word), '[^a-z0-9_.-]', '_', 'g'), 64)
$$;

-- Of many jobs at once it is told how many, and which the first are.
create function events_of_jobs() returns trigger language plpgsql as $$
begin
    if (select count(*) from (select from fresh limit 21) few) <= 20 then
        insert into event_inbox (of_tenant, is_final, room, kind, key, payload)
        select events_job_tenant(coalesce((select j.tenant from jobs j where j.id = job_id),
                                          (select h.tenant from job_history h where h.id = job_id limit 1))),
               event in ('dead', 'cancelled', 'discarded'), 'job:' || job_id, events_kind('job.' || event), 'job:' || job_id,
               jsonb_build_object('job', job_id, 'event', left(event, 200))
        from fresh order by id;
    else
        insert into event_inbox (of_tenant, room, kind, payload)
        select events_job_tenant(j.tenant), 'jobs', events_kind('jobs.' || event),
               jsonb_build_object('event', left(event, 200), 'number', count(*),
               'jobs', to_jsonb((array_agg(job_id order by job_id))[1:100]))
        from fresh left join jobs j on j.id = job_id group by 1, event order by event;
    end if;
    return null;
end $$;
create trigger events_of_jobs after insert on job_events referencing new table as fresh
for each statement execute function events_of_jobs();

create function events_of_ends() returns trigger language plpgsql as $$
declare
    number integer;
begin
    select count(*) into number from fresh where state = 'done';
    if number between 1 and 20 then
        insert into event_inbox (of_tenant, is_final, room, kind, key, payload)
        select events_job_tenant(tenant), true, 'job:' || id, 'job.done', 'job:' || id, jsonb_build_object('job', id, 'event', 'done')
        from fresh where state = 'done' order by id;
    elsif number > 20 then
        insert into event_inbox (of_tenant, room, kind, payload)
        select events_job_tenant(tenant), 'jobs', 'jobs.done', jsonb_build_object('event', 'done', 'number', count(*),
               'jobs', to_jsonb((array_agg(id order by id))[1:100]))
        from fresh where state = 'done' group by 1 order by 1;
    end if;
    return null;
end $$;
create trigger events_of_ends after insert on job_history referencing new table as fresh
for each statement execute function events_of_ends();

create function events_of_alerts() returns trigger language plpgsql as $$
begin
    insert into event_inbox (is_final, room, kind, key, payload)
    values (true, 'alerts', case
        when tg_op = 'INSERT' then 'alert.opened'
        when new.closed_at is not null then 'alert.closed'
        else 'alert.acknowledged' end, 'alert:' || new.id,
        jsonb_build_object('alert', new.id, 'name', new.name, 'subject', left(new.subject, 200), 'severity', new.severity,
                           'message', left(new.message, 500)));
    return null;
end $$;
create trigger events_of_alerts_opened after insert on alerts for each row execute function events_of_alerts();
create trigger events_of_alerts_changed after update of closed_at, acknowledged_at on alerts for each row
when (new.closed_at is distinct from old.closed_at or new.acknowledged_at is distinct from old.acknowledged_at)
execute function events_of_alerts();

create function events_of_scrapes() returns trigger language plpgsql as $$
begin
    insert into event_inbox (is_final, room, kind, key, payload)
    values (new.state <> 'running', 'registries', case when new.state = 'running' then 'scrape.started' else 'scrape.ended' end,
        'scrape:' || new.id,
        jsonb_build_object('scrape', new.id, 'registry', new.registry, 'mode', new.mode, 'state', new.state, 'records', new.records,
                           'new', new.new, 'changed', new.changed, 'removed', new.removed));
    perform events_hint();
    return null;
end $$;
create trigger events_of_scrapes_started after insert on scrapes for each row execute function events_of_scrapes();
create trigger events_of_scrapes_ended after update of state on scrapes for each row
when (new.state <> old.state) execute function events_of_scrapes();

create function events_of_notices() returns trigger language plpgsql as $$
begin
    insert into event_inbox (is_final, room, kind, payload)
    select true, 'user:' || owner, 'notices.made', jsonb_build_object('number', count(*), 'latest', max(id))
    from fresh group by owner order by owner;
    return null;
end $$;
create trigger events_of_notices after insert on notices referencing new table as fresh
for each statement execute function events_of_notices();

create function events_of_mode() returns trigger language plpgsql as $$
begin
    insert into event_inbox (is_final, room, kind, key, payload)
    values (true, 'service', 'mode.changed', 'mode', jsonb_build_object('mode', new.mode, 'version', new.version));
    return null;
end $$;
create trigger events_of_mode after update of mode on service_mode for each row
when (new.mode <> old.mode) execute function events_of_mode();

create function events_of_approvals() returns trigger language plpgsql as $$
declare
    told jsonb := jsonb_build_object('approval', new.id, 'gate', new.gate, 'state', new.state, 'job', new.job_id);
    kind_ text := case when tg_op = 'INSERT' then 'approval.asked' else 'approval.decided' end;
begin
    insert into event_inbox (of_tenant, is_final, room, kind, key, payload)
    values (new.tenant_id, true, 'approvals', kind_, 'approval:' || new.id, told);
    if tg_op = 'UPDATE' and new.requested_by is not null then
        insert into event_inbox (of_tenant, is_final, room, kind, key, payload)
        values (new.tenant_id, true, 'user:' || new.requested_by, kind_, 'approval:' || new.id, told);
    end if;
    perform events_hint();
    return null;
end $$;
create trigger events_of_approvals_asked after insert on approvals for each row execute function events_of_approvals();
create trigger events_of_approvals_decided after update of state on approvals for each row
when (new.state <> old.state) execute function events_of_approvals();

-- back

drop trigger events_of_jobs on job_events;
drop trigger events_of_ends on job_history;
drop trigger events_of_alerts_opened on alerts;
drop trigger events_of_alerts_changed on alerts;
drop trigger events_of_scrapes_started on scrapes;
drop trigger events_of_scrapes_ended on scrapes;
drop trigger events_of_notices on notices;
drop trigger events_of_mode on service_mode;
drop trigger events_of_approvals_asked on approvals;
drop trigger events_of_approvals_decided on approvals;
drop function events_of_jobs();
drop function events_of_ends();
drop function events_job_tenant(text);
drop function events_kind(text);
drop function events_of_alerts();
drop function events_of_scrapes();
drop function events_of_notices();
drop function events_of_mode();
drop function events_of_approvals();
drop function events_hint();
drop function events_after(bigint, integer);
drop function events_number(integer);
drop table events;
drop table event_inbox;
