-- Whoever enqueues a job waits for its trigger: one statement, and no function in SQL, which is planned anew at each call.

-- forward

create or replace function jobs_wake() returns trigger language plpgsql as $$
begin
    perform pg_notify('triald_jobs', queue)
    from (select distinct queue from fresh where state = 'ready') as woken
    where pg_try_advisory_xact_lock(1953655140, hashtext(queue));
    return null;
end $$;

-- back

create or replace function jobs_wake() returns trigger language plpgsql as $$
declare
    q text;
begin
    for q in select distinct queue from fresh where state = 'ready' loop
        perform jobs_wake_queue(q);
    end loop;
    return null;
end $$;
