"""Which records are one trial, kept true: each new or changed one is compared with those that it could be.

    page written ─▶ trial_due ─▶ keep: what is compared of it ─▶ renew: its pairs, scored ─▶ settle: its clusters
                                                                     ▲                          ▲
    sweep: everything at once, in a process of its own ──────────────┴──────────────────────────┘

`renew` and `sweep` find the same: what a word is worth is what the last sweep counted, and which pairs are compared
depends on who else shares their words, numbers and codes. So a record that comes can change what is found of others:
`near` tells of which, and they are renewed along with it. Once one record in twenty is new, or the database is small
enough for it to take seconds, the next sweep counts anew.

A cluster is a number in `trials.cluster_id`, the smallest id of its records; no record is changed by it. What people
decided stands in rows of its own, and holds over both.
"""
