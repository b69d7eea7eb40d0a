-- Semantic search: whether it can be had here, and by which embedder the vectors were made.

-- forward

-- `refused` says why there is none; `embedder` is who made what trial_vectors holds.
create table semantic_state (
    only_row   boolean primary key default true check (only_row),
    embedder   text,
    dimensions integer check (dimensions between 1 and 2000),
    refused    text default 'the service has not looked yet',
    since      timestamptz not null default now(),
    check ((embedder is null) = (dimensions is null)),
    check (refused is not null or embedder is not null)
);
insert into semantic_state default values;

-- Makes ready what needs the extension "vector" (pgvector), which not every PostgreSQL has: so no migration can. Vectors of
-- another embedder cannot be compared with new ones; they go, and every trial is due again. Gives null, or why it cannot be.
create function open_semantic(wanted text, wanted_dimensions integer) returns text language plpgsql as $$
declare
    problem text;
begin
    perform pg_advisory_xact_lock(hashtextextended('triald semantic', 0));
    if not exists (select from pg_extension where extname = 'vector') then
        if not exists (select from pg_available_extensions where name = 'vector') then
            problem := 'this PostgreSQL has no extension "vector" (pgvector)';
        else
            begin
                create extension vector;
            exception when insufficient_privilege then
                problem := 'the extension "vector" (pgvector) may not be created by ' || current_user;
            end;
        end if;
    end if;
    if problem is null and (select extversion from pg_extension where extname = 'vector') ~ '^0\.[0-7](\.|$)' then
        problem := 'the extension "vector" (pgvector) is older than 0.8';
    end if;
    if problem is not null then
        perform close_semantic(problem);
        return problem;
    end if;
    if to_regclass('trial_vectors') is not null and (select (embedder, dimensions) is distinct from (wanted, wanted_dimensions)
                                                     from semantic_state) then
        drop function nearest_trials(text, tsquery, date[], bigint[], double precision[], tsquery, integer);
        drop table trial_vectors;
    end if;
    if to_regclass('trial_vectors') is null then
        execute format('create table trial_vectors (
            trial_id bigint primary key references trials on delete cascade,
            vector   halfvec(%s) not null)', wanted_dimensions);   -- 16 bits a number: half the pages of the index
        alter table trial_vectors alter vector set storage plain;
        create index trial_vectors_near on trial_vectors using hnsw (vector halfvec_cosine_ops) with (m = 16, ef_construction = 64);
        delete from trial_followers where name = 'embed';
    end if;
    -- The nearest of those that the limits of a search let pass (as trial_fits takes them). The index is gone through further where
    -- most are sorted out.
    create or replace function nearest_trials(near_to text, question tsquery, days date[], numbers bigint[], place double precision[],
                                              inside tsquery, most integer)
    returns table (id bigint, distance double precision, cluster_id bigint) language sql stable
    set hnsw.ef_search = 200 set hnsw.iterative_scan = strict_order set hnsw.max_scan_tuples = 40000
    as $body$
        select t.id, v.vector <=> near_to::halfvec, t.cluster_id
        from trial_vectors v join trials t on t.id = v.trial_id
        where (question is null or t.words @@ question)
          and trial_fits(t.start_on, t.completion_on, t.last_updated_on, t.removed_at, t.min_age_days, t.max_age_days, t.words, t.points,
                         days, numbers, place, inside)
        order by v.vector <=> near_to::halfvec
        limit most
    $body$;
    insert into trial_followers (name) values ('embed') on conflict do nothing;
    update semantic_state set embedder = wanted, dimensions = wanted_dimensions, refused = null,
                              since = case when refused is null and embedder = wanted then since else now() end;
    return null;
end $$;

-- Nothing is due to who does not embed; what was embedded stays until it is asked for again, or made by another.
create function close_semantic(problem text) returns void language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('triald semantic', 0));
    delete from trial_followers where name = 'embed';
    update semantic_state set refused = problem, since = case when refused is not distinct from problem then since else now() end;
end $$;

-- back

drop function if exists nearest_trials(text, tsquery, date[], bigint[], double precision[], tsquery, integer);
drop table if exists trial_vectors;
delete from trial_followers where name = 'embed';
drop function open_semantic(text, integer);
drop function close_semantic(text);
drop table semantic_state;
