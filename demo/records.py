"""Real records of any registry, kept in files: each served by the server of its registry."""

from __future__ import annotations

from pathlib import Path

from demo import ctis_records, euctr_records, ictrp_records, isrctn_records, records_source
from demo.servers import Sources

FOLDERS = {
    "ctgov": ("ctgov", "ctgov_v2"),
    "ctis": ("ctis",),
    "euctr": ("euctr",),
    "isrctn": ("isrctn",),
    "ictrp": ("ictrp",),
}
_READ = {
    "ctgov": records_source.from_directory,
    "ctis": ctis_records.from_directory,
    "euctr": euctr_records.from_directory,
    "isrctn": isrctn_records.from_directory,
    "ictrp": ictrp_records.from_directory,
}


def sources_in(directory: Path) -> Sources:
    """Of the folders that are named after registries; a directory without one is a registry's own, by its name.

    Where the name is none, it is ClinicalTrials.gov's. Registries without a folder are not served. Raises ValueError.
    """
    within = {
        name: directory / folder
        for name, folders in FOLDERS.items()
        for folder in reversed(folders)
        if (directory / folder).is_dir()
    }
    if not within:
        own = (name for name, folders in FOLDERS.items() if directory.resolve().name in folders)
        within = {next(own, "ctgov"): directory}
    return Sources(**{name: _READ[name](folder) for name, folder in within.items()})  # type: ignore[arg-type]  # each by its name
