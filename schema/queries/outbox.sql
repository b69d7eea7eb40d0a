-- The outbox: what is to be told to programs. Migration 0022 has the table and the function that fills it.

-- name: append
-- $1 at, then of each event: $2 tenants, $3 kinds, $4 keys, $5 owners, $6 data as text; $7 urgency of the jobs -> deliveries
select outbox_append($1::timestamptz, $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[]::jsonb[], $7::smallint);

-- name: append_notices
-- $1 at, $2 notice ids bigint[] -> deliveries: each notice goes where its owner has such events sent
select coalesce((
    select outbox_append($1::timestamptz, array_agg(n.tenant_id order by n.id), array_agg('trial.changed'::text order by n.id),
        array_agg('notice:' || n.id order by n.id), array_agg(n.owner order by n.id), array_agg(jsonb_build_object(
            'trial', n.trial_id, 'registry', n.registry, 'registry_id', n.registry_id, 'title', n.title, 'version', n.version,
            'kinds', to_jsonb(n.kinds), 'changes', n.changes) order by n.id))
    from notices n where n.id = any($2::bigint[]) having count(*) > 0), 0);

-- name: trim
-- $1 before timestamptz -> how many events were removed, of which no delivery is left
with gone as (
    delete from outbox o where o.made_at < $1::timestamptz
        and not exists (select from webhook_deliveries d where d.outbox_id = o.id) returning 1
)
select count(*) from gone;
