-- Which records are the same trial: what is compared of each, what was found, and what people said of it.

-- forward

-- What is compared of a trial, and by what it is looked for. `words`, `numbers` and `codes` are those under which it was
-- compared last: while `compared` is false, `body` is newer than they are.
create table duplicate_records (
    trial_id    bigint primary key references trials on delete cascade,
    proposed_id bigint,                              -- equal for those that a reviewer would find together; null alone
    compared    boolean not null default false,
    registry    text not null,
    registry_id text not null,
    register    text not null,                       -- whose number it bears, and which: equal for copies of one record
    trial       text not null,
    words       integer[] not null default '{}',     -- hashes of the rarest words of its titles
    numbers     text[] not null default '{}',        -- registry numbers that it bears or claims, as scheme:VALUE
    codes       text[] not null default '{}',        -- its sponsor's codes
    body        bytea not null                       -- comparable.packed
);
alter table duplicate_records alter body set storage main;
create unique index duplicate_records_record on duplicate_records (registry_id, registry);
create index duplicate_records_waiting on duplicate_records (trial_id) where not compared;
create index duplicate_records_words on duplicate_records using gin (words);
create index duplicate_records_numbers on duplicate_records using gin (numbers);
create index duplicate_records_codes on duplicate_records using gin (codes);

-- In how many records a word is, of those that the state counted; one that only one record has is left out.
create table duplicate_words (
    about   text not null check (about in ('titles', 'sponsors')),
    word    text not null,
    records integer not null check (records > 1),
    primary key (about, word)
);

-- One row. `changed`: records that came or changed since the words were counted. `run`: the whole-database run under way,
-- alive while it was `heard_at` lately; nobody else compares meanwhile.
create table duplicate_state (
    one        boolean primary key default true check (one),
    shape      integer not null default 0,           -- of the bodies: what is packed otherwise is read anew
    counted    bigint not null default 0,
    changed    bigint not null default 0,
    counted_at timestamptz,
    run        uuid,
    began_at   timestamptz,
    heard_at   timestamptz,
    decisions  bigint not null default 0             -- how often people decided: one more for each, undone ones too
);
insert into duplicate_state default values;

-- Pairs that are, or may be, one trial; a is the smaller id. What is less alike is not kept.
create table duplicate_links (
    a        bigint not null references duplicate_records on delete cascade,
    b        bigint not null references duplicate_records on delete cascade,
    waits    smallint not null default 1 check (waits between 0 and 3),   -- for a reviewer: 3 held, 2 proposed, 1 possible
    value    double precision not null,
    kind     text not null check (kind in ('same', 'numbers', 'number', 'text')),
    type     text not null check (type in ('exact', 'fuzzy', 'probable', 'possible')),
    decision text not null check (decision in ('automatic', 'review', 'none', 'confirmed', 'split')),
    because  text not null,                          -- of the decision
    held     text,                                   -- why it waits although it would merge
    parts    jsonb not null,                         -- [[name, value, adds to the log-odds, what it says]], the heaviest first
    primary key (a, b),
    check (a < b)
);
create index duplicate_links_b on duplicate_links (b);
create index duplicate_links_waiting on duplicate_links (waits desc, value desc, a, b) where waits > 0;

-- What people said of two records; the latest that is not undone holds.
create table duplicate_decisions (
    id        bigint generated always as identity primary key,
    at        timestamptz not null default now(),
    a         bigint not null references trials on delete cascade,
    b         bigint not null references trials on delete cascade,
    verdict   text not null check (verdict in ('same', 'different')),
    by        text not null,
    note      text check (length(note) <= 2000),
    undone_at timestamptz,
    undone_by text,
    check (a < b)
);
create unique index duplicate_decisions_hold on duplicate_decisions (a, b) where undone_at is null;
create index duplicate_decisions_b on duplicate_decisions (b) where undone_at is null;

-- Every cluster that came about, grew, or came apart, and who or what made it.
create table duplicate_events (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default now(),
    event       text not null check (event in ('merged', 'unmerged')),
    by          text not null,                       -- a person, or triald
    decision_id bigint references duplicate_decisions on delete set null,
    trial_ids   bigint[] not null,                   -- of the cluster, after a merge or before an unmerge
    parts       jsonb not null                       -- what was apart before a merge, or is after an unmerge
);
create index duplicate_events_trials on duplicate_events using gin (trial_ids);
create index duplicate_events_at on duplicate_events (at);

-- What a whole-database run brings, until one transaction takes it over.
create unlogged table duplicate_incoming_records (
    trial_id bigint not null, words integer[] not null, numbers text[] not null, codes text[] not null);
create unlogged table duplicate_incoming_words (about text not null, word text not null, records integer not null);
create unlogged table duplicate_incoming_links (
    a bigint not null, b bigint not null, value double precision not null, kind text not null, type text not null,
    decision text not null, because text not null, parts jsonb not null);
create unlogged table duplicate_incoming_clusters (trial_id bigint not null, cluster_id bigint, proposed_id bigint);
create unlogged table duplicate_incoming_held (a bigint not null, b bigint not null, because text not null);

insert into trial_followers (name) values ('dedupe');

-- back

delete from trial_followers where name = 'dedupe';
drop table duplicate_incoming_held, duplicate_incoming_clusters, duplicate_incoming_links, duplicate_incoming_words,
    duplicate_incoming_records, duplicate_events, duplicate_decisions, duplicate_links, duplicate_state, duplicate_words,
    duplicate_records;
update trials set cluster_id = null where cluster_id is not null;
