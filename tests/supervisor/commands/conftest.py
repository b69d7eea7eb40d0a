from pathlib import Path

import pytest

from tests.supervisor.commands.running import Triald, environment


@pytest.fixture
def triald(dsn: str, tmp_path: Path) -> Triald:
    """The command line, on the test's own migrated database."""
    given = {"DATABASE_URL": dsn, "TRIALD_DATA_DIR": str(tmp_path / "data"), "TRIALD_REGISTRIES": "ctgov"}
    return Triald(environment(tmp_path, **given))
