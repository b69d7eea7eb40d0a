-- Who follows the trials: what is made of them (codes, duplicates, notices) is made after they are written, and not lost.

-- forward

create table trial_followers (
    name text primary key
);

-- What a follower has not seen yet, a row for each page that was written. It takes rows away in the transaction in which it
-- writes what it made of them, so neither a crash nor the order in which pages are committed can make it miss a trial.
create table trial_due (
    id        bigint generated always as identity primary key,
    at        timestamptz not null default now(),
    follower  text not null references trial_followers on delete cascade,
    trial_ids bigint[] not null
);
create index trial_due_follower on trial_due (follower, id);

-- At most a thousand trials a row.
create function follow_trials(ids bigint[]) returns void language sql as $$
    insert into trial_due (follower, trial_ids)
    select f.name, p.trial_ids
    from (
        select array_agg(id) as trial_ids
        from (select id, (row_number() over (order by id) - 1) / 1000 as part from unnest(ids) as given (id)) numbered
        group by part
    ) p cross join trial_followers f
    where p.trial_ids is not null
    order by p.trial_ids[1]
$$;

-- A new follower begins with everything that is there.
create function begin_following() returns trigger language plpgsql as $$
begin
    insert into trial_due (follower, trial_ids)
    select new.name, array_agg(id) from (
        select id, (row_number() over (order by id) - 1) / 1000 as part from trials
    ) numbered group by part order by part;
    return null;
end $$;

create trigger begin_following after insert on trial_followers for each row execute function begin_following();

create function trials_due() returns trigger language plpgsql as $$
begin
    perform follow_trials(array(select distinct trial_id from fresh));
    return null;
end $$;

create trigger trials_due after insert on trial_versions referencing new table as fresh
for each statement execute function trials_due();

-- The MeSH terms that a trial is coded with, and all above them, as words of the text index: =mesh:d006333. In a column of
-- their own, since a page that is written knows nothing of them.
alter table trials add column mesh tsvector not null default '';
-- The records of one trial have the same one; null where no other is known.
alter table trials add column cluster_id bigint;
create index trials_cluster on trials (cluster_id) where cluster_id is not null;

drop index trials_title_words;
drop index trials_words;
alter table trials drop column words;
alter table trials add column words tsvector generated always as (trial_words(
    title, official_title, acronym, conditions, interventions, keywords, record ->> 'summary') || facets || mesh) stored;
create index trials_words on trials using gin (words) with (fastupdate = on, gin_pending_list_limit = 1024);
create index trials_title_words on trials using gin ((ts_filter(words, '{a}') || facets || mesh))
    with (fastupdate = on, gin_pending_list_limit = 1024);

-- back

drop index trials_title_words;
drop index trials_words;
alter table trials drop column words, drop column mesh, drop column cluster_id;
alter table trials add column words tsvector generated always as (trial_words(
    title, official_title, acronym, conditions, interventions, keywords, record ->> 'summary') || facets) stored;
create index trials_words on trials using gin (words) with (fastupdate = on, gin_pending_list_limit = 1024);
create index trials_title_words on trials using gin ((ts_filter(words, '{a}') || facets))
    with (fastupdate = on, gin_pending_list_limit = 1024);
drop trigger trials_due on trial_versions;
drop function trials_due();
drop function follow_trials(bigint[]);
drop table trial_due;
drop table trial_followers;
drop function begin_following();
