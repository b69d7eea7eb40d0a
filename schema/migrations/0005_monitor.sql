-- What the monitor measures, and the alerts that it opens and closes.

-- forward

-- One row an episode: opened once, however many processes look; closed by itself.
create table alerts (
    id              bigint generated always as identity primary key,
    name            text not null,
    subject         text not null default '',
    severity        text not null check (severity in ('critical', 'high', 'medium', 'low')),
    message         text not null,
    value           double precision,
    threshold       double precision,
    opened_at       timestamptz not null default now(),
    seen_at         timestamptz not null default now(),
    closed_at       timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    constraint alerts_acknowledged_by_somebody check ((acknowledged_at is null) = (acknowledged_by is null))
);
create unique index alerts_open on alerts (name, subject) where closed_at is null;
create index alerts_by_time on alerts (opened_at);

-- A sample of each measure every ten seconds, whichever process takes it first.
create table measures (
    at    timestamptz not null,
    name  text not null,
    label text not null default '',
    value double precision not null,
    primary key (name, label, at)
);
create index measures_by_time on measures using brin (at);

create function alerts_tell() returns trigger language plpgsql as $$
begin
    perform pg_notify('triald_alerts', new.name);
    return null;
end $$;

create trigger alerts_opened after insert on alerts for each row execute function alerts_tell();
create trigger alerts_changed after update of closed_at, acknowledged_at on alerts
for each row execute function alerts_tell();

-- back

drop table alerts;
drop table measures;
drop function alerts_tell();
