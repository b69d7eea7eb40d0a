"""A world to try triald in: registries as local servers over generated trials with known truth.

    outline ── truth ── ctgov_record ── world_source ──┐
    (dates,   (what it   (as one registry  (by position) ├─ ctgov_query, ctgov_page ── ctgov_server
    status)    really is)  has it)         records_source┘   (which, in what order)      (HTTP)
                                          (real records)                                   │
                                           prerender (on disk)              switches ── answers, server, control

Everything left of a source is pure: trial i comes from (seed, i) and the world's day alone. A further registry is a
further renderer of the same truths (`isrctn_record` beside `ctgov_record`) and its own query, page and server files;
`Server`, `Switches` and the control endpoint serve any of them. Truths known to it already carry its number
(`Truth.registrations`).

From code: `ctgov_server.serve` in the caller's loop, `process.running` in a process of its own. From a shell:
`python -m demo serve`. No name, number or address in the world is a person's: numbers start where the real register
has not come to, addresses and telephone numbers are reserved for examples, companies are invented, hospitals are
named after their kind and city.
"""
