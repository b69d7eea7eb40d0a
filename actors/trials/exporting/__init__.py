"""The mirror as Parquet files, for DuckDB and others.

    DIR/current -> 20260301T060000Z            moved there by one rename, once everything is written
    DIR/20260301T060000Z/manifest.json         which files, how many rows, their SHA-256, what each column is
    DIR/20260301T060000Z/registry=ctgov/year=2024/block-0.parquet
    DIR/.unfinished/                           what an export that was cut off had written; the next one takes it over

A block is the trials of a registry and a year within a range of our ids. One that has not changed since the last
manifest is not written again: it is the same file, linked. So a reader of `current` sees one moment of the mirror, each
trial once.
"""
