-- MeSH: the thesaurus as it was read last, the trials coded with it, and the texts that nothing was found for.

-- forward

create table mesh_imports (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    kind       text not null check (kind in ('descriptors', 'supplementary')),
    year       smallint,                              -- null where neither the file nor its name tells it
    reading    smallint not null,                     -- how terms are made into keys: with another one a file is read anew
    sha256     bytea not null check (length(sha256) = 32),
    size_bytes bigint not null,
    file       text not null,                         -- its name, without the folder
    counts     jsonb not null,
    changes    jsonb not null                         -- {added, removed, renamed}, against what was there before
);

-- A record that a later year no longer has stays: trials may be coded with it, and `now_ui` says what stands for it.
create table mesh_records (
    ui         text collate "C" primary key check (ui ~ '^[DC]([0-9]{6}|[0-9]{9})$'),
    kind       smallint not null,                     -- of a descriptor: topic, publication type, check tag, place; of a supplementary record: chemical, …
    year       smallint,                              -- of the file in which it was last
    created_on date,
    gone       boolean not null default false,
    now_ui     text collate "C",
    name       text not null,
    note       text,
    numbers    text[] collate "C" not null            -- its places in the tree
);
create index mesh_records_name on mesh_records (lower(name) collate "C");

-- What belongs to a record is written with it, in one transaction; to have each row checked would take a third of its time.
create table mesh_concepts (
    ui        text collate "C" not null,
    preferred boolean not null,
    concept   text collate "C" not null,
    name      text not null,
    note      text not null,
    numbers   text[] not null,                        -- CAS, UNII, EC and others
    primary key (ui, concept)
);

-- Every term as MeSH writes it, and the three forms under which a text finds it (actors/mesh/normal.py).
create table mesh_terms (
    ui        text collate "C" not null,
    preferred boolean not null,                       -- of its concept
    permuted  boolean not null,                       -- its words in another order, made by NLM
    is_name   boolean not null,
    concept   text collate "C" not null,
    term      text collate "C" not null,
    tag       text not null,
    text      text collate "C" not null,
    spelled   text collate "C" not null,
    bag       text collate "C" not null,
    kin       text collate "C" not null,
    primary key (ui, term, text)
);
create index mesh_terms_spelled on mesh_terms (spelled);
create index mesh_terms_bag on mesh_terms (bag);
create index mesh_terms_kin on mesh_terms (kin) where kin <> bag;

-- One heading at each place, as far as NLM is concerned; a file that says otherwise is not refused for it.
create table mesh_places (
    number text collate "C" not null,
    ui     text collate "C" not null,
    parent text collate "C",                          -- the nearest place above that is there
    primary key (number, ui)
);
create index mesh_places_ui on mesh_places (ui);
create index mesh_places_parent on mesh_places (parent);

create table mesh_actions (
    ui     text collate "C" not null,
    action text collate "C" not null,
    name   text not null,
    primary key (ui, action)
);
create index mesh_actions_action on mesh_actions (action);

-- The headings that stand for a supplementary record.
create table mesh_headings (
    ui        text collate "C" not null,
    major     boolean not null,
    heading   text collate "C" not null,
    qualifier text collate "C" not null,              -- '' where there is none
    primary key (ui, heading, qualifier)
);
create index mesh_headings_heading on mesh_headings (heading);

-- The words of all terms, and in how many terms of each field they stand: what a slip of the pen may have meant.
create table mesh_words (
    word       text collate "C" not null,
    letter     text collate "C" not null,             -- D of descriptors, C of supplementary records
    conditions integer not null,
    procedures integer not null,
    primary key (word, letter)
);

-- What a file holds, until the transaction that takes it over.
create unlogged table mesh_staged_records (like mesh_records including defaults);
create unlogged table mesh_staged_concepts (like mesh_concepts);
create unlogged table mesh_staged_terms (like mesh_terms);
create unlogged table mesh_staged_places (like mesh_places);
create unlogged table mesh_staged_actions (like mesh_actions);
create unlogged table mesh_staged_headings (like mesh_headings);
create unlogged table mesh_staged_words (like mesh_words);

create materialized view mv_mesh_with_synonyms as
select r.ui, r.name, r.year, r.numbers as tree_numbers,
       (select min(array_length(string_to_array(number, '.'), 1) - 1) from unnest(r.numbers) number) as depth,
       array(select distinct t.text from mesh_terms t where t.ui = r.ui and not t.is_name and not t.permuted order by 1) as synonyms
from mesh_records r where left(r.ui, 1) = 'D' and not r.gone;
create unique index mv_mesh_with_synonyms_ui on mv_mesh_with_synonyms (ui);

-- What a person decided that a text means, under the key that texts saying the same share; no id: nothing that is coded.
create table mesh_curated (
    at     timestamptz not null default now(),
    about  text not null check (about in ('condition', 'intervention', 'procedure')),
    key    text collate "C" not null check (key <> '' and length(key) <= 1000),
    sample text not null,
    by     text not null,
    note   text,
    uis    text[] collate "C" not null,
    primary key (about, key)
);

-- Every decision and every undoing: who, when, what.
create table mesh_decisions (
    id     bigint generated always as identity primary key,
    at     timestamptz not null default now(),
    about  text not null,
    key    text not null,
    sample text not null,
    by     text not null,
    note   text,
    uis    text[]                                     -- null: undone
);

-- The codes of a trial. A term that a text says and that the registry gave too has a row of each.
create table trial_mesh (
    trial_id bigint not null references trials on delete cascade,
    score    real not null check (score between 0 and 1),
    start_at integer not null,                        -- the part of the text that was understood, in characters
    end_at   integer not null,
    about    text not null check (about in ('condition', 'intervention', 'procedure')),
    field    text not null check (field in ('condition', 'keyword', 'intervention', 'other name', 'registry')),
    how      text not null,
    ui       text collate "C" not null,
    of_ui    text collate "C" not null,               -- the term that it was found with
    key      text collate "C" not null,               -- of the text; '' where the registry gave it
    text     text not null,
    primary key (trial_id, about, ui, field)
);
create index trial_mesh_key on trial_mesh (about, key) where key <> '';
create index trial_mesh_unsure on trial_mesh (about, key, ui) where score < 0.7;

-- Texts of a trial that no term was found for, and those for which a person has decided.
create table trial_mesh_texts (
    trial_id bigint not null references trials on delete cascade,
    decided  boolean not null,
    about    text not null,
    key      text collate "C" not null,
    text     text not null,
    primary key (trial_id, about, key)
);
create index trial_mesh_texts_key on trial_mesh_texts (about, key);

-- Which trials were read, and whether the counts below hold them: those that are gone at the source are coded, not counted.
create table mesh_coded (
    trial_id bigint primary key references trials on delete cascade,
    counted  boolean not null
) with (fillfactor = 90);

-- Trials with a heading or one below it.
create table mesh_counts (
    ui     text collate "C" primary key,
    trials bigint not null
) with (fillfactor = 70);

create table mesh_unmatched (
    first_at timestamptz not null default now(),
    trials   bigint not null,
    about    text not null,
    key      text collate "C" not null,
    sample   text not null,
    primary key (about, key)
) with (fillfactor = 80);
create index mesh_unmatched_most on mesh_unmatched (trials desc, about, key);

insert into trial_followers (name) values ('mesh');

-- back

delete from trial_followers where name = 'mesh';
drop table mesh_unmatched;
drop table mesh_counts;
drop table mesh_coded;
drop table trial_mesh_texts;
drop table trial_mesh;
drop table mesh_decisions;
drop table mesh_curated;
drop materialized view mv_mesh_with_synonyms;
drop table mesh_staged_words;
drop table mesh_staged_headings;
drop table mesh_staged_actions;
drop table mesh_staged_places;
drop table mesh_staged_terms;
drop table mesh_staged_concepts;
drop table mesh_staged_records;
drop table mesh_words;
drop table mesh_headings;
drop table mesh_actions;
drop table mesh_places;
drop table mesh_terms;
drop table mesh_concepts;
drop table mesh_records;
drop table mesh_imports;
