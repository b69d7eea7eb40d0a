-- Governance: what was done and by whom, in one chain; the mode of the service; flags; what somebody else must agree to.

-- forward

-- ── the audit: rows that are only ever added, and a chain of hashes over them ──
-- Whoever acts adds an entry in the transaction of what it did. The chain is made a moment later, in batches, by whoever
-- holds the lock of it: so nobody's transaction waits for another's. docs/decisions/0015-audit-chain.md

-- Who acted, by a number: the entries bear that alone, so that a login can be blanked without touching the chain.
create table audit_actors (
    id        bigint generated always as identity primary key,
    since_at  timestamptz not null default now(),
    erased_at timestamptz,
    login     text unique check (length(login) between 1 and 200),
    constraint audit_actors_erased_has_no_login check ((login is null) = (erased_at is not null))
);

create table audit_entries (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default clock_timestamp(),
    of_tenant  bigint not null,                          -- no reference: an entry outlives whom it tells of
    actor_id   bigint not null references audit_actors,
    role       text not null check (length(role) between 1 and 40),
    action     text not null check (action ~ '^[a-z][a-z0-9_.]{0,99}$'),
    subject    text not null check (length(subject) <= 500),
    outcome    text not null check (outcome in ('done', 'refused', 'failed')),
    request_id text check (length(request_id) <= 100),
    details    jsonb not null default '{}' check (jsonb_typeof(details) = 'object' and octet_length(details::text) <= 8192)
);
create index audit_entries_of_a_tenant on audit_entries (of_tenant, id);
create index audit_entries_of_an_actor on audit_entries (actor_id, id);
create index audit_entries_by_action on audit_entries (action, id);

create table audit_chain (
    seq      bigint primary key check (seq > 0),
    entry_id bigint not null unique references audit_entries,
    previous bytea not null check (length(previous) = 32),
    hash     bytea not null check (length(hash) = 32)
);

-- Entries that wait for their place in the chain; a list to work off, and nothing is proved by it.
create table audit_unsealed (entry_id bigint primary key) with (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000
);

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception '% is only ever added to: % is refused', tg_table_name, lower(tg_op) using errcode = 'insufficient_privilege';
end $$;
create trigger audit_entries_stay before update or delete or truncate on audit_entries execute function audit_refuse();
create trigger audit_chain_stays before update or delete or truncate on audit_chain execute function audit_refuse();
create trigger audit_actors_stay before delete or truncate on audit_actors execute function audit_refuse();
create trigger audit_actors_keep_their_number before update of id on audit_actors execute function audit_refuse();

create function audit_actor(who text) returns bigint language plpgsql as $$
declare
    known bigint;
begin
    select id into known from audit_actors where login = who;
    if known is null then
        insert into audit_actors (login) values (who) on conflict (login) do update set login = excluded.login
        returning id into known;
    end if;
    return known;
end $$;

create function audit_append(
    tenant bigint, who text, role text, action text, subject text, outcome text, request_id text, details jsonb
) returns bigint language plpgsql as $$
declare
    added bigint;
begin
    insert into audit_entries (of_tenant, actor_id, role, action, subject, outcome, request_id, details)
    values (tenant, audit_actor(who), role, action, subject, outcome, request_id, details)
    returning id into added;
    insert into audit_unsealed (entry_id) values (added);
    return added;
end $$;

-- ── the mode: one row, which every process obeys ──

create table service_mode (
    one        boolean primary key default true check (one),
    mode       text not null check (mode in ('LIVE', 'DEMO', 'STANDBY')),
    version    bigint not null default 0,                -- 0: nobody has chosen one yet
    changed_at timestamptz not null default now(),
    changed_by text,                                     -- a login; none for the first start
    because    text check (length(because) <= 500)
);
insert into service_mode (mode) values ('LIVE');

create function service_mode_tell() returns trigger language plpgsql as $$
begin
    perform pg_notify('triald_mode', new.version::text);
    return null;
end $$;
create trigger service_mode_tell after insert or update on service_mode for each row execute function service_mode_tell();

-- ── flags: what is switched on, for whom ──

create table feature_flags (
    name       text primary key check (name ~ '^[a-z][a-z0-9_]{0,63}$'),
    changed_at timestamptz not null default now(),
    changed_by text,
    is_on      boolean not null,
    rollout    smallint not null default 100 check (rollout between 0 and 100),       -- percent of people
    modes      text[] not null default '{LIVE,DEMO,STANDBY}' check (modes <@ '{LIVE,DEMO,STANDBY}'),
    says       text not null check (length(says) between 1 and 500)
);
insert into feature_flags (name, is_on, says) values
    ('allow_mode_changes', true, 'The mode may be switched over HTTP; the command line may always.');

-- What differs for an organisation, or for one of its people.
create table feature_flag_rules (
    id         bigint generated always as identity primary key,
    of_tenant  bigint not null references tenants on delete cascade,
    user_id    bigint references users on delete cascade,
    changed_at timestamptz not null default now(),
    is_on      boolean not null,
    rollout    smallint not null default 100 check (rollout between 0 and 100),
    flag       text not null references feature_flags on delete cascade
);
create unique index feature_flag_rules_of_tenants on feature_flag_rules (flag, of_tenant) where user_id is null;
create unique index feature_flag_rules_of_users on feature_flag_rules (flag, user_id) where user_id is not null;

-- ── approvals: what waits until somebody else agrees ──

create table approvals (
    id           bigint generated always as identity primary key,
    tenant_id    bigint not null default acting_tenant() references tenants on delete cascade,
    job_id       bigint,                                 -- that is held for it; no reference: jobs end
    rows         bigint check (rows >= 0),
    requested_at timestamptz not null default now(),
    expires_at   timestamptz not null,
    decided_at   timestamptz,
    covers_until timestamptz,                            -- until then nobody need ask again for what it covers
    gate         text not null check (gate ~ '^[a-z][a-z0-9_]{0,63}$'),
    policy       text not null check (policy in ('REQUIRE_EACH', 'APPROVE_PHASE', 'APPROVE_SESSION')),
    state        text not null default 'waiting' check (state in ('waiting', 'approved', 'denied', 'expired', 'withdrawn')),
    phase        text not null default '' check (length(phase) <= 100),
    asked        text not null default '' check (length(asked) <= 4000),              -- what is asked for, as it was asked
    because      text not null default '' check (length(because) <= 500),
    requested_by text references users (login) on update cascade on delete set null,
    decided_by   text references users (login) on update cascade on delete set null,
    reason       text check (length(reason) <= 500),
    constraint approvals_never_by_oneself check (decided_by is distinct from requested_by or decided_by is null),
    constraint approvals_decided_at_some_time check ((state = 'waiting') = (decided_at is null)),
    unique (id, tenant_id)
);
create index approvals_waiting on approvals (expires_at) where state = 'waiting';
create index approvals_of_a_tenant on approvals (tenant_id, id);
create index approvals_that_cover on approvals (requested_by, gate) where covers_until is not null;
create index approvals_of_a_job on approvals (job_id) where job_id is not null;
select guard_tenant('approvals');

-- A decision is made once.
create function approvals_refuse_step() returns trigger language plpgsql as $$
begin
    raise exception 'approval % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
end $$;
create trigger approvals_legal_step after update of state on approvals for each row
when (old.state <> 'waiting' and new.state <> old.state) execute function approvals_refuse_step();

-- A job that is held for an approval is let go by that alone, whoever asks; the approval is seen whoever's it is.
create function jobs_held_for_approval() returns trigger language plpgsql as $$
declare
    acting text := coalesce(current_setting('triald.tenant', true), '');
    asked  bigint;
begin
    perform set_config('triald.tenant', '*', true);      -- not `set` of the function: only a superuser may say that
    select id into asked from approvals where job_id = old.id and state <> 'approved' limit 1;
    perform set_config('triald.tenant', acting, true);
    if asked is not null then
        raise exception 'job % waits for approval %', old.id, asked using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
create trigger jobs_held_for_approval after update of state on jobs for each row
when (old.state = 'held' and new.state <> 'held') execute function jobs_held_for_approval();

-- ── access requests: to see for a while what one's role does not show ──

create table access_requests (
    id           bigint generated always as identity primary key,
    tenant_id    bigint not null default acting_tenant() references tenants on delete cascade,
    requested_at timestamptz not null default now(),
    decided_at   timestamptz,
    until_at     timestamptz,                            -- none: for good
    revoked_at   timestamptz,
    duration     text not null check (duration in ('session', 'day', 'week', 'permanent')),
    state        text not null default 'waiting' check (state in ('waiting', 'granted', 'denied', 'revoked')),
    subject      text not null check (length(subject) between 1 and 200),
    because      text not null check (length(because) between 1 and 500),
    requested_by text not null references users (login) on update cascade on delete cascade,
    decided_by   text references users (login) on update cascade on delete set null,
    revoked_by   text references users (login) on update cascade on delete set null,
    reason       text check (length(reason) <= 500),
    constraint access_requests_never_by_oneself check (decided_by is distinct from requested_by),
    constraint access_requests_decided_at_some_time check ((state = 'waiting') = (decided_at is null)),
    constraint access_requests_revoked_at_some_time check ((state = 'revoked') = (revoked_at is not null)),
    constraint access_requests_end check (until_at is null or state in ('granted', 'revoked')),
    constraint access_requests_last check (state <> 'granted' or (duration = 'permanent') = (until_at is null))
);
create unique index access_requests_waiting on access_requests (requested_by, subject) where state = 'waiting';
create index access_requests_granted on access_requests (requested_by, subject) where state = 'granted';
create index access_requests_of_a_tenant on access_requests (tenant_id, id);
select guard_tenant('access_requests');

create function access_requests_refuse_step() returns trigger language plpgsql as $$
begin
    raise exception 'access request % cannot go from % to %', old.id, old.state, new.state using errcode = 'check_violation';
end $$;
create trigger access_requests_legal_step after update of state on access_requests for each row
when (not (old.state = new.state or old.state = 'waiting' or (old.state = 'granted' and new.state = 'revoked')))
execute function access_requests_refuse_step();

-- back

drop table access_requests;
drop function access_requests_refuse_step();
drop trigger jobs_held_for_approval on jobs;
drop function jobs_held_for_approval();
drop table approvals;
drop function approvals_refuse_step();
drop table feature_flag_rules;
drop table feature_flags;
drop table service_mode;
drop function service_mode_tell();
drop function audit_append(bigint, text, text, text, text, text, text, jsonb);
drop function audit_actor(text);
drop table audit_unsealed;
drop table audit_chain;
drop table audit_entries;
drop table audit_actors;
drop function audit_refuse();
