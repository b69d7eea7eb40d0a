-- The audit: entries, and the chain of hashes over them.

-- name: append
-- $1 tenant bigint, $2 login text, $3 role text, $4 action text, $5 subject text, $6 outcome text, $7 request_id text,
-- $8 details text -> id
select audit_append($1::bigint, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text::jsonb);

-- name: actor
-- $1 login text -> the number that entries bear for it
select audit_actor($1::text);

-- name: erase
-- $1 login text -> the number of the actor whose login is blanked; entries and chain stay as they are
update audit_actors set login = null, erased_at = now() where login = $1::text returning id;

-- name: lock
-- $1 key bigint -> whether this transaction may add to the chain
select pg_try_advisory_xact_lock($1::bigint);

-- name: unsealed
-- $1 limit integer -> the oldest entries that wait for their place in the chain
select e.id, e.at, e.of_tenant, e.actor_id, e.role, e.action, e.subject, e.outcome, e.request_id, e.details::text as details
from audit_unsealed u join audit_entries e on e.id = u.entry_id
where not exists (select from audit_chain c where c.entry_id = u.entry_id)
order by u.entry_id limit $1::integer;

-- name: seal
-- $1 seqs bigint[], $2 entries bigint[], $3 previous bytea[], $4 hashes bytea[]: adds links to the chain
with added as (
    insert into audit_chain (seq, entry_id, previous, hash)
    select * from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])
    returning entry_id
)
delete from audit_unsealed u using added a where u.entry_id = a.entry_id;

-- name: head
-- -> seq and hash of the last link; none of an empty chain
select seq, hash from audit_chain order by seq desc limit 1;

-- name: links
-- $1 after bigint, $2 limit integer -> links in order, each with its entry, null where that is gone
select c.seq, c.entry_id, c.previous, c.hash, e.id, e.at, e.of_tenant, e.actor_id, e.role, e.action, e.subject, e.outcome,
       e.request_id, e.details::text as details, a.login
from audit_chain c left join audit_entries e on e.id = c.entry_id left join audit_actors a on a.id = e.actor_id
where c.seq > $1::bigint order by c.seq limit $2::integer;

-- name: links_of_tenant
-- $1 after bigint, $2 limit integer, $3 tenant bigint -> the same, of one tenant alone
select c.seq, c.entry_id, c.previous, c.hash, e.id, e.at, e.of_tenant, e.actor_id, e.role, e.action, e.subject, e.outcome,
       e.request_id, e.details::text as details, a.login
from audit_chain c join audit_entries e on e.id = c.entry_id join audit_actors a on a.id = e.actor_id
where c.seq > $1::bigint and e.of_tenant = $3::bigint order by c.seq limit $2::integer;

-- name: stray
-- -> the first entry that is in the chain nowhere and does not wait for its place either
select e.id from audit_entries e
where not exists (select from audit_chain c where c.entry_id = e.id)
  and not exists (select from audit_unsealed u where u.entry_id = e.id)
order by e.id limit 1;

-- name: waiting
-- -> how many entries wait for their place in the chain, and for how long the oldest has, in seconds
select count(*) as entries, coalesce(extract(epoch from clock_timestamp() - min(e.at)), 0)::double precision as age_s
from audit_unsealed u join audit_entries e on e.id = u.entry_id;

-- name: list
-- $1 tenant bigint, $2 actor text, $3 action text, $4 subject text, $5 outcome text, $6 since timestamptz,
-- $7 until timestamptz, $8 before bigint, $9 limit integer -> entries, the newest first; null asks for any
select e.id, e.at, e.of_tenant, e.actor_id, a.login, e.role, e.action, e.subject, e.outcome, e.request_id,
       e.details::text as details, c.seq, c.hash
from audit_entries e join audit_actors a on a.id = e.actor_id left join audit_chain c on c.entry_id = e.id
where ($1::bigint is null or e.of_tenant = $1::bigint)
  and ($2::text is null or e.actor_id = (select id from audit_actors where login = $2::text))
  and ($3::text is null or e.action = $3::text)
  and ($4::text is null or e.subject = $4::text)
  and ($5::text is null or e.outcome = $5::text)
  and ($6::timestamptz is null or e.at >= $6::timestamptz)
  and ($7::timestamptz is null or e.at < $7::timestamptz)
  and ($8::bigint is null or e.id < $8::bigint)
order by e.id desc limit $9::integer;
