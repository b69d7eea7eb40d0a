-- The mode of the service, its flags, approvals and access requests.

-- name: mode
-- -> the mode, and who chose it; nothing where the row is gone
select mode, version, changed_at, changed_by, because from service_mode;

-- name: mode_before
-- -> the mode; until this transaction ends nobody else changes it
select mode from service_mode for update;

-- name: set_mode
-- $1 mode text, $2 login text, $3 because text -> the new version
insert into service_mode as now (mode, version, changed_by, because)
values ($1::text, 1, $2::text, $3::text)
on conflict (one) do update
set mode = excluded.mode, version = now.version + 1, changed_at = clock_timestamp(), changed_by = excluded.changed_by,
    because = excluded.because
returning version;

-- name: first_mode
-- $1 mode text -> version 1, where nobody has chosen a mode yet
update service_mode set mode = $1::text, version = 1, changed_at = clock_timestamp(), because = 'the first start'
where version = 0 returning version;
