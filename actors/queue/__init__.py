"""The durable queue: jobs in PostgreSQL, claimed in batches into memory, settled in batches.

    waiting rows ──claim──▶ desk (memory) ──▶ slots run handlers ──▶ outcomes ──settle──▶ rows moved on
        ▲                                                                                     │
        └───────────────── retry, snooze, rescue, hand back ──────────────────────────────────┘

Delivery is at least once. A claim raises the job's fence; every later write (checkpoint, progress, end) names the
fence and the worker, so what a frozen worker writes after its job was rescued is refused. A process proves that it
lives by a count of beats, sent from a thread of its own; others take its jobs back when the count stands still, by
their own clocks, so neither a stalled event loop nor a clock that is set back loses a job or runs it twice.
"""
