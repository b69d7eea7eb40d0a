-- By what records are looked for in a table of its own: a record that is compared again is not written anew for it.

-- forward

-- The keys under which a record was compared last; none of one that never was. While it is among those that wait, what is
-- compared of it is newer than they are. Entries of the indexes are not gathered first (fastupdate): each look for a record
-- would go through all that wait there, which took eighty times as long.
create table duplicate_keys (
    trial_id bigint primary key references duplicate_records on delete cascade,
    register text not null,                          -- as of the record
    trial    text not null,
    words    integer[] not null,                     -- hashes of the rarest words of its titles
    numbers  text[] not null,                        -- registry numbers that it bears or claims, as scheme:VALUE
    codes    text[] not null                         -- its sponsor's codes
);
insert into duplicate_keys
select trial_id, register, trial, words, numbers, codes from duplicate_records where numbers <> '{}' or words <> '{}' or codes <> '{}';
create index duplicate_keys_words on duplicate_keys using gin (words) with (fastupdate = off);
create index duplicate_keys_numbers on duplicate_keys using gin (numbers) with (fastupdate = off);
create index duplicate_keys_codes on duplicate_keys using gin (codes) with (fastupdate = off);

-- Records that are to be compared.
create table duplicate_waiting (trial_id bigint primary key references duplicate_records on delete cascade);
insert into duplicate_waiting select trial_id from duplicate_records where not compared;

alter table duplicate_records drop column compared, drop column words, drop column numbers, drop column codes;

-- back

create temporary table duplicate_kept on commit drop as
select r.*, k.words, k.numbers, k.codes, w.trial_id is null as compared
from duplicate_records r left join duplicate_keys k using (trial_id) left join duplicate_waiting w using (trial_id);
alter table duplicate_links drop constraint duplicate_links_a_fkey, drop constraint duplicate_links_b_fkey;
drop table duplicate_waiting, duplicate_keys, duplicate_records;
create table duplicate_records (
    trial_id    bigint primary key references trials on delete cascade,
    proposed_id bigint,
    compared    boolean not null default false,
    registry    text not null,
    registry_id text not null,
    register    text not null,
    trial       text not null,
    words       integer[] not null default '{}',
    numbers     text[] not null default '{}',
    codes       text[] not null default '{}',
    body        bytea not null
);
alter table duplicate_records alter body set storage main;
insert into duplicate_records
select trial_id, proposed_id, compared, registry, registry_id, register, trial,
       coalesce(words, '{}'), coalesce(numbers, '{}'), coalesce(codes, '{}'), body from duplicate_kept;
create unique index duplicate_records_record on duplicate_records (registry_id, registry);
create index duplicate_records_waiting on duplicate_records (trial_id) where not compared;
create index duplicate_records_words on duplicate_records using gin (words);
create index duplicate_records_numbers on duplicate_records using gin (numbers);
create index duplicate_records_codes on duplicate_records using gin (codes);
alter table duplicate_links
    add constraint duplicate_links_a_fkey foreign key (a) references duplicate_records on delete cascade,
    add constraint duplicate_links_b_fkey foreign key (b) references duplicate_records on delete cascade;
