-- Who may use the service: tokens, kept as hashes, each with a role.

-- forward

create table access_tokens (
    id          bigint generated always as identity primary key,
    created_at  timestamptz not null default now(),
    used_at     timestamptz,                             -- exact to the hour
    revoked_at  timestamptz,
    name        text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}$'),
    role        text not null check (role in ('viewer', 'operator', 'admin')),
    sha256      bytea not null unique check (length(sha256) = 32)
);
create unique index access_tokens_in_use on access_tokens (name) where revoked_at is null;

-- back

drop table access_tokens;
