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

-- name: flags
-- -> every flag
select name, is_on, rollout, modes, says, changed_at, changed_by from feature_flags order by name;

-- name: flag
-- $1 name text -> the flag
select name, is_on, rollout, modes, says, changed_at, changed_by from feature_flags where name = $1::text;

-- name: put_flag
-- $1 name text, $2 is_on boolean, $3 rollout smallint, $4 modes text[], $5 says text, $6 login text; null leaves as it is
insert into feature_flags as f (name, is_on, rollout, modes, says, changed_by)
values ($1::text, coalesce($2::boolean, false), coalesce($3::smallint, 100),
        coalesce($4::text[], '{LIVE,DEMO,STANDBY}'), $5::text, $6::text)
on conflict (name) do update set
    is_on = coalesce($2::boolean, f.is_on), rollout = coalesce($3::smallint, f.rollout),
    modes = coalesce($4::text[], f.modes), says = coalesce($5::text, f.says), changed_at = now(), changed_by = $6::text
returning name, is_on, rollout, modes, says, changed_at, changed_by;

-- name: drop_flag
-- $1 name text -> the name, where there was one
delete from feature_flags where name = $1::text returning name;

-- name: flag_rules
-- $1 flag text, $2 tenant bigint -> what differs for organisations and people, of one organisation or (null) of all
select r.id, r.flag, r.of_tenant, r.user_id, r.is_on, r.rollout, r.changed_at, t.name as organisation, u.login
from feature_flag_rules r join tenants t on t.id = r.of_tenant left join users u on u.id = r.user_id
where r.flag = $1::text and ($2::bigint is null or r.of_tenant = $2::bigint)
order by r.user_id is not null, t.name, u.login;

-- name: flag_rules_for
-- $1 flag text, $2 tenant bigint, $3 user bigint -> the rules that concern one person
select id, flag, of_tenant, user_id, is_on, rollout, changed_at from feature_flag_rules
where flag = $1::text and of_tenant = $2::bigint and (user_id is null or user_id = $3::bigint);

-- name: put_tenant_rule
-- $1 flag text, $2 tenant bigint, $3 is_on boolean, $4 rollout smallint -> id
insert into feature_flag_rules (flag, of_tenant, is_on, rollout)
values ($1::text, $2::bigint, $3::boolean, $4::smallint)
on conflict (flag, of_tenant) where user_id is null
do update set is_on = excluded.is_on, rollout = excluded.rollout, changed_at = now()
returning id;

-- name: put_user_rule
-- $1 flag text, $2 login text, $3 is_on boolean, $4 rollout smallint -> id; nothing where nobody has this login
insert into feature_flag_rules (flag, of_tenant, user_id, is_on, rollout)
select $1::text, u.tenant_id, u.id, $3::boolean, $4::smallint from users u where u.login = $2::text
on conflict (flag, user_id) where user_id is not null
do update set is_on = excluded.is_on, rollout = excluded.rollout, changed_at = now()
returning id;

-- name: drop_rule
-- $1 flag text, $2 id bigint -> the id, where there was one
delete from feature_flag_rules where flag = $1::text and id = $2::bigint returning id;

-- name: ask_approval
-- $1 gate text, $2 policy text, $3 phase text, $4 rows bigint, $5 asked text, $6 because text, $7 login text,
-- $8 expires timestamptz, $9 job bigint, $10 tenant bigint -> the approval that waits
insert into approvals (gate, policy, phase, rows, asked, because, requested_by, expires_at, job_id, tenant_id)
values ($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::text, $8::timestamptz, $9::bigint, $10::bigint)
returning *;

-- name: approval
-- $1 id bigint -> the approval
select * from approvals where id = $1::bigint;

-- name: approvals
-- $1 state text, $2 login text, $3 before bigint, $4 limit integer -> approvals, the newest first; null asks for any
select * from approvals
where ($1::text is null or state = $1::text) and ($2::text is null or requested_by = $2::text)
  and ($3::bigint is null or id < $3::bigint)
order by id desc limit $4::integer;

-- name: covering
-- $1 login text, $2 gate text, $3 phase text, $4 now timestamptz, $5 asked text -> the approval that covers a request
select id from approvals
where requested_by = $1::text and gate = $2::text and state = 'approved' and covers_until > $4::timestamptz
  and (policy = 'APPROVE_SESSION' or (policy = 'APPROVE_PHASE' and phase = $3::text)
       or (policy = 'REQUIRE_EACH' and job_id is not null and asked = $5::text))
order by covers_until desc limit 1;

-- name: same_request
-- $1 login text, $2 gate text, $3 asked text -> the approval that waits for the same already
select * from approvals
where requested_by = $1::text and gate = $2::text and asked = $3::text and state = 'waiting' and expires_at > now()
order by id limit 1;

-- name: decide
-- $1 id bigint, $2 state text, $3 login text, $4 reason text, $5 now timestamptz, $6 covers timestamptz
-- -> the approval, decided now; nothing where it was decided before, has expired, or is the decider's own
update approvals set state = $2::text, decided_by = $3::text, reason = $4::text, decided_at = $5::timestamptz,
    covers_until = $6::timestamptz
where id = $1::bigint and state = 'waiting' and expires_at > $5::timestamptz and requested_by is distinct from $3::text
returning *;

-- name: withdraw
-- $1 id bigint, $2 login text, $3 now timestamptz -> the approval, which its requester needs no more
update approvals set state = 'withdrawn', decided_at = $3::timestamptz
where id = $1::bigint and state = 'waiting' and requested_by = $2::text returning *;

-- name: expire
-- $1 now timestamptz, $2 limit integer -> approvals that nobody decided in time
update approvals set state = 'expired', decided_at = $1::timestamptz
where id in (
    select id from approvals where state = 'waiting' and expires_at <= $1::timestamptz
    order by expires_at limit $2::integer for update skip locked)
returning *;

-- name: approvals_waiting
-- -> how many wait, and for how long the oldest has, in seconds
select count(*) as number, coalesce(extract(epoch from now() - min(requested_at)), 0)::double precision as age_s
from approvals where state = 'waiting' and expires_at > now();

-- name: trim_approvals
-- $1 before timestamptz -> how many of them were removed
with gone as (
    delete from approvals
    where decided_at < $1::timestamptz and (covers_until is null or covers_until < $1::timestamptz) returning 1)
select count(*) from gone;

-- name: ask_access
-- $1 subject text, $2 because text, $3 duration text, $4 login text, $5 tenant bigint -> the request; nothing where one waits
insert into access_requests (subject, because, duration, requested_by, tenant_id)
values ($1::text, $2::text, $3::text, $4::text, $5::bigint)
on conflict (requested_by, subject) where state = 'waiting' do nothing
returning *;

-- name: access_request
-- $1 id bigint -> the request
select * from access_requests where id = $1::bigint;

-- name: access_requests
-- $1 state text, $2 login text, $3 before bigint, $4 limit integer -> requests, the newest first; null asks for any
select * from access_requests
where ($1::text is null or state = $1::text) and ($2::text is null or requested_by = $2::text)
  and ($3::bigint is null or id < $3::bigint)
order by id desc limit $4::integer;

-- name: decide_access
-- $1 id bigint, $2 state text, $3 login text, $4 reason text, $5 now timestamptz, $6 until timestamptz
-- -> the request, decided now; nothing where it was decided before or is the decider's own
update access_requests set state = $2::text, decided_by = $3::text, reason = $4::text, decided_at = $5::timestamptz,
    until_at = $6::timestamptz
where id = $1::bigint and state = 'waiting' and requested_by <> $3::text
returning *;

-- name: revoke_access
-- $1 id bigint, $2 login text, $3 now timestamptz -> the request, whose access ends now
update access_requests set state = 'revoked', revoked_by = $2::text, revoked_at = $3::timestamptz
where id = $1::bigint and state = 'granted' returning *;

-- name: granted
-- $1 login text, $2 subject text, $3 now timestamptz -> the grant by which somebody may see it now, the one that lasts longest
select * from access_requests
where requested_by = $1::text and subject = $2::text and state = 'granted'
  and (until_at is null or until_at > $3::timestamptz)
order by until_at desc nulls first limit 1;

-- name: trim_access_requests
-- $1 before timestamptz -> how many of them were removed
with gone as (
    delete from access_requests
    where coalesce(revoked_at, until_at, case state when 'denied' then decided_at end) < $1::timestamptz returning 1)
select count(*) from gone;
