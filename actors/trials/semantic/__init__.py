"""Trials that are like a text or like another trial, by vectors that an embedder makes of their texts.

    a trial is written ──trial_due──▶ jobs/embed ──compute process──▶ embedder.embed ──▶ trial_vectors, an HNSW index
    what somebody asks ──wording──▶ embedder.embed ──▶ the nearest vectors that pass the filters ──fusion──▶ one list
                                                       the best of the text search ─────────────────┘

Where PostgreSQL has no pgvector there is no such search, and every place says so with the reason (store.Standing).
docs/search.md tells people what an embedder knows, and what it does not.
"""
