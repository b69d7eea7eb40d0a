"""The release after this one: the same code, and one more migration of the kind that an upgrade may bring."""

import shutil
from pathlib import Path

from schema.migrate import read_migrations
from tests.survive.processes import ROOT

# What expanding is: columns and tables that the code before does not know of, in tables that it reads and writes all
# the time. Nothing that it needs goes away or changes its meaning.
EXPANDING = """-- What the release after this one needs.

-- forward

alter table jobs add column region text;
alter table workers add column region text not null default 'here';
alter table job_events add column region text;
alter table access_tokens add column region text;
create table regions (name text primary key, since timestamptz not null default now());
create index jobs_region on jobs (region) where region is not null;

-- back

drop table regions;
alter table access_tokens drop column region;
alter table job_events drop column region;
alter table workers drop column region;
alter table jobs drop column region;
"""


def next_release(folder: Path) -> Path:
    """A tree to start processes in: all of ours but the schema, which is a copy with the migration added."""
    folder.mkdir()
    for name in ("actors", "supervisor", "demo", "tests"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "schema", folder / "schema", ignore=shutil.ignore_patterns("__pycache__"))
    number = len(read_migrations()) + 1
    (folder / "schema" / "migrations" / f"{number:04}_regions.sql").write_text(EXPANDING, "utf-8")
    return folder
