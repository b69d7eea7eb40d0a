-- What is made of changes: flags, urgency and completeness of each trial, notices to those who watch, a report a day.

-- forward

-- What rules say of a trial as it stands; made after it was written, and again on the day on which a date alone says more.
create table trial_assessments (
    trial_id       bigint primary key references trials on delete cascade,
    version        integer not null,
    assessed_at    timestamptz not null,
    next_look_on   date,                                 -- null where no date will raise a flag
    registry       text not null,
    urgency        text not null check (urgency in ('high', 'medium', 'low')),
    urgency_reason text not null,
    quality        double precision not null check (quality between 0 and 1),
    missing        text[] not null                       -- of the five parts that make a record complete
);
create index trial_assessments_due on trial_assessments (next_look_on) where next_look_on is not null;

create table trial_flags (
    trial_id  bigint not null references trials on delete cascade,
    version   integer,                                   -- that raised it, null where a date did
    since_on  date,
    raised_at timestamptz not null,                      -- when we first saw it
    registry  text not null,
    name      text not null check (name in (
        'outcomes_switched', 'outcomes_reworded', 'recruiting_past_completion', 'results_overdue', 'stale', 'status_unknown',
        'removed_at_source')),
    reason    text not null,
    rests_on  jsonb not null,
    primary key (trial_id, name)
);
create index trial_flags_by_name on trial_flags (name, raised_at);

-- Active records by their last update: how many are stale is counted from this alone.
create index trials_active on trials (last_updated_on) where removed_at is null and last_updated_on is not null
    and status in ('recruiting', 'enrolling_by_invitation', 'not_yet_recruiting', 'active_not_recruiting');

-- Who watches what: a trial, or all that a search finds. The owner is the name of the token.
create table watches (
    id         bigint generated always as identity primary key,
    trial_id   bigint references trials on delete cascade,
    seen       integer,                                  -- the version of the trial that its owner has been told up to
    created_at timestamptz not null,
    owner      text not null check (length(owner) between 1 and 100),
    name       text not null check (length(name) between 1 and 200),
    query      text check (length(query) <= 30000),       -- the search as a page's address holds it
    asked      jsonb,                                    -- the same, read
    problem    text,                                     -- why it cannot be run any more
    constraint watches_a_trial_or_a_search check (
        (trial_id is null) = (query is not null) and (trial_id is null) = (asked is not null)
        and (trial_id is null) = (seen is null))
);
create unique index watches_trial on watches (trial_id, owner) where trial_id is not null;
create unique index watches_search on watches (owner, md5(query)) where query is not null;
create index watches_owner on watches (owner, id);

-- What a saved search found last, and up to which version its owner has been told of each.
create table watch_members (
    watch_id bigint not null references watches on delete cascade,
    trial_id bigint not null references trials on delete cascade,
    seen     integer not null,
    primary key (watch_id, trial_id)
);
create index watch_members_trial on watch_members (trial_id);

-- One row for each owner, trial and version in which something changed that matters; never a second one.
create table notices (
    id         bigint generated always as identity primary key,
    trial_id   bigint not null references trials on delete cascade,
    watch_id   bigint references watches on delete set null,
    version    integer not null,
    made_at    timestamptz not null,
    read_at    timestamptz,
    owner      text not null,
    registry   text not null,
    registry_id text not null,
    title      text,
    kinds      text[] not null check (cardinality(kinds) > 0),
    changes    jsonb not null                            -- [{kind, field, before, after}]
);
create unique index notices_once on notices (owner, trial_id, version);
create index notices_owner on notices (owner, id);
create index notices_unread on notices (owner, id) where read_at is null;
create index notices_trial on notices (trial_id);
create index notices_watch on notices (watch_id);
create index notices_by_time on notices (made_at);

create function notices_tell() returns trigger language plpgsql as $$
begin
    perform pg_notify('triald_notices', count(*)::text) from fresh having count(*) > 0;
    return null;
end $$;

create trigger notices_tell after insert on notices referencing new table as fresh
for each statement execute function notices_tell();

-- Where notices are sent to. The secret is needed to sign, so it is kept as it is.
create table webhooks (
    id                bigint generated always as identity primary key,
    created_at        timestamptz not null,
    last_success_at   timestamptz,
    last_failure_at   timestamptz,
    unavailable_since timestamptz,                       -- of the first of the failures that go on
    closed_until      timestamptz,                       -- nobody calls it before
    failures          integer not null default 0,        -- in a row
    is_on             boolean not null default true,
    owner             text not null check (length(owner) between 1 and 100),
    url               text not null check (length(url) <= 2000),
    secret            text not null,
    last_error        text,
    unique (owner, url)
);

create table webhook_deliveries (
    id           bigint generated always as identity primary key,
    webhook_id   bigint not null references webhooks on delete cascade,
    notice_id    bigint not null references notices on delete cascade,
    job_id       bigint,
    made_at      timestamptz not null,
    tried_at     timestamptz,
    ended_at     timestamptz,
    attempts     integer not null default 0,
    last_status  integer,
    state        text not null default 'waiting' check (state in ('waiting', 'delivered', 'dead')),
    last_error   text,
    unique (webhook_id, notice_id)
);
create index webhook_deliveries_notice on webhook_deliveries (notice_id);
create index webhook_deliveries_listed on webhook_deliveries (webhook_id, id);

-- What happened between two looks; `told` is the report.
create table daily_reports (
    day      date primary key,
    made_at  timestamptz not null,
    from_at  timestamptz not null,
    to_at    timestamptz not null,
    zone     text not null,
    told     jsonb not null,
    constraint daily_reports_go_forward check (from_at < to_at)
);

insert into trial_followers (name) values ('assess'), ('watch');

-- back

delete from trial_followers where name in ('assess', 'watch');
drop table daily_reports;
drop table webhook_deliveries;
drop table webhooks;
drop table notices;
drop function notices_tell();
drop table watch_members;
drop table watches;
drop index trials_active;
drop table trial_flags;
drop table trial_assessments;
