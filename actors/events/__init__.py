"""What happened, in one log that everybody hears in the same order.

    whoever does something        one at a time             every process
    ─ in its transaction ─▶ event_inbox ─ numbers ─▶ events ─ Feed ─▶ Audience: those who watch
                                          └─ NOTIFY triald_events, once a batch ─┘

`store.append(db, …)` adds an event in the transaction of what it tells of; it is told once that is committed, and never
if it is not. Numbers from a sequence are not in the order of commits: whoever has read up to 7 would miss a 6 that is
committed later. So events get their numbers a moment after the commit, in a batch, from whoever holds the lock of it.

An event belongs to a room. rooms.py says which there are, and event.py what an event looks like to whoever hears it.
"""
