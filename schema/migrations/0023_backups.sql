-- What became of backups and of drills, so that health and alerts know without the folder that they lie in.

-- forward

create table backup_runs (
    id             bigint generated always as identity primary key,
    started_at     timestamptz not null,
    ended_at       timestamptz not null,
    database_bytes bigint check (database_bytes >= 0),
    files_bytes    bigint check (files_bytes >= 0),
    rows           bigint check (rows >= 0),
    files          integer check (files >= 0),
    kind           text not null check (kind in ('backup', 'drill')),
    state          text not null check (state in ('done', 'failed')),
    host           text not null check (length(host) <= 255),
    folder         text not null check (length(folder) <= 4096),
    name           text check (length(name) <= 100),     -- of the set
    error          text check (length(error) <= 4000),
    constraint backup_runs_failed_for_a_reason check ((state = 'failed') = (error is not null)),
    constraint backup_runs_go_forward check (started_at <= ended_at)
);
create index backup_runs_latest on backup_runs (kind, state, ended_at);

-- pg_dump looks for nothing by a search path, and asks the policies of rows where whoever owns them is no superuser: so this
-- names the function that it calls with its schema.
create or replace function acts_for(tenant_id bigint) returns boolean language sql stable parallel safe as $$
    select current_setting('triald.tenant', true) = '*' or tenant_id = public.acting_tenant()
        or starts_with(current_setting('application_name'), 'triald * ')
$$;

-- back

create or replace function acts_for(tenant_id bigint) returns boolean language sql stable parallel safe as $$
    select current_setting('triald.tenant', true) = '*' or tenant_id = acting_tenant()
        or starts_with(current_setting('application_name'), 'triald * ')
$$;
drop table backup_runs;
