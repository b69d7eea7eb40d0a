"""A world to try triald in: registries as local servers over generated trials with known truth.

    outline ── truth ──┬── ctgov_record ── world_source ─┐
    (dates,  (what it  │   (as one registry (by position) ├─ ctgov_query, ctgov_page ── ctgov_server ─┐
    status)  really is)│    has it)         records_source┘   (which, in what order)     (HTTP)       │
                       │                    (real records)                                            │
           elsewhere ──┤                     prerender (on disk)              switches ── answers, server, control
      (trials of other │                                                                              │
            registers) └── holdings ── telling, rewording ── ctis_, euctr_, isrctn_, ictrp_record ── their servers
                        (who has which) (in other words)      (or …_records: real ones) (listing)

Everything left of a source is pure: trial i comes from (seed, i) and the world's day alone. `holdings` says which
register has which record of a trial and what it states of the others; `truth` writes that down. A further registry is
a further renderer of the same truths and its own server; `Server`, `Switches` and the control endpoint serve any.

From code: `serve` of a server file in the caller's loop, `servers.serve` for all, `process.running` in a process of its
own. From a shell: `python -m demo serve`. No name, number or address in the world is a person's: numbers start where
the real registers have not come to or could have given, addresses and telephone numbers are reserved for examples,
companies are invented, hospitals are named after their kind and city.
"""
