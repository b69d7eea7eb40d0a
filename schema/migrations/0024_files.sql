-- Files of projects: what people bring and what is made for them, and how much of it there may be.

-- forward

-- What all files of a tenant may take together; null is what the setting storage_quota_gb says.
alter table tenants add column storage_quota_bytes bigint check (storage_quota_bytes >= 0);

-- A row is there before the first byte of its file: until `until_at` it keeps room free for what comes. Bytes are below `key`. Room is
-- taken by every row, also by one that was deleted, until its bytes are gone and it with them.
create table stored_files (
    id          bigint generated always as identity primary key,
    tenant_id   bigint not null default acting_tenant() references tenants on delete cascade,
    project_id  bigint not null,
    size_bytes  bigint not null check (size_bytes >= 0),
    created_at  timestamptz not null default now(),
    until_at    timestamptz,                             -- of one that still comes
    deleted_at  timestamptz,
    name        text not null check (octet_length(name) between 1 and 1000),
    media_type  text not null check (length(media_type) between 3 and 200),
    key         text not null unique check (key ~ '^stored/[0-9a-f]{2}/[0-9a-f]{32}$'),
    uploaded_by text check (length(uploaded_by) between 1 and 100), -- a login; null for one who was erased
    sha256      bytea check (length(sha256) = 32),
    constraint stored_files_hashed_when_whole check ((until_at is null) = (sha256 is not null)),
    constraint stored_files_deleted_when_whole check (deleted_at is null or until_at is null),
    foreign key (project_id, tenant_id) references projects (id, tenant_id) on delete cascade
);
create unique index stored_files_by_name on stored_files (project_id, name) where until_at is null and deleted_at is null;
create index stored_files_of_a_project on stored_files (project_id, id) where until_at is null and deleted_at is null;
create index stored_files_room on stored_files (tenant_id) include (project_id, size_bytes, until_at);
create index stored_files_to_sweep on stored_files (id) where until_at is not null or deleted_at is not null;
select guard_tenant('stored_files');

-- back

drop table stored_files;
alter table tenants drop column storage_quota_bytes;
