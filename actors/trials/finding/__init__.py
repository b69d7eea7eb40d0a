"""Trials found by what people ask for.

    text ──language──▶ words, fields, AND OR NOT ─┐
    filters ──facets──▶ words such as =phase:phase_3 ├─asking──▶ one question to the text index
    what the words mean (MeSH) ─▶ =mesh:d009203 ─┘
                                                        │
    few trials answer it (2,500): all are read, and ranked or sorted        ways
    more: a sample says how many and how they are spread; only a window is read, of the newest that have the words in
    their title, as wide as the sample says that a page needs              windows

docs/search.md tells people all of this.
"""
