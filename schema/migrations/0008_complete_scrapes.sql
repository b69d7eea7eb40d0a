-- Scrapes know whether they met all that the source counted, how far they reach, and whose turn it is at a registry.

-- forward

-- What a scrape has met, by the registry's own numbers: of records that could not be read as well. It is compared, query by
-- query, with what the source counted.
alter table scrape_seen
    add column query text not null default '',
    add column registry_ids text[] not null default '{}',
    add column unnamed integer not null default 0;       -- refused records in which no number could be read
update scrape_seen s
set registry_ids = coalesce((select array_agg(t.registry_id) from trials t where t.id = any(s.trial_ids)), '{}');
alter table scrape_seen drop column trial_ids;

alter table scrapes
    add column missed bigint not null default 0,         -- records that the source counted and did not give, asked twice
    add column covers_to date;                           -- all that was updated at the source before this day is here
update scrapes
set covers_to = least(coalesce(reached_on, (started_at at time zone 'UTC')::date), (started_at at time zone 'UTC')::date)
where mode = 'full' and state = 'done' and error is null;

-- The attempt that scrapes a registry; its turn is over as soon as its job is not running under this fence any more.
create table scrape_turns (
    registry text primary key,
    job_id   bigint not null,
    fence    integer not null
);

-- Of two records from which the same came (nothing, say), both are kept aside.
alter table refused_records drop constraint refused_records_registry_sha256_key;
alter table refused_records add constraint refused_records_once unique nulls not distinct (registry, registry_id, sha256);

-- back

alter table refused_records drop constraint refused_records_once;
delete from refused_records a using refused_records b
where a.registry = b.registry and a.sha256 = b.sha256 and a.id < b.id;
alter table refused_records add constraint refused_records_registry_sha256_key unique (registry, sha256);

drop table scrape_turns;

alter table scrapes drop column missed, drop column covers_to;

alter table scrape_seen add column trial_ids bigint[];
update scrape_seen s set trial_ids = coalesce((
    select array_agg(t.id) from scrapes c join trials t on t.registry = c.registry
    where c.id = s.scrape_id and t.registry_id = any(s.registry_ids)), '{}');
alter table scrape_seen alter column trial_ids set not null;
alter table scrape_seen drop column query, drop column registry_ids, drop column unnamed;
