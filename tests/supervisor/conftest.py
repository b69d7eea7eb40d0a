"""What tests of the service stand on."""

from functools import partial
from pathlib import Path

import pytest

from tests.supervisor import acting
from tests.supervisor.showing import Given


@pytest.fixture
def given(dsn: str, tmp_path: Path) -> Given:
    """Settings of a service on the test's own database."""
    return partial(acting.given, dsn, tmp_path / "data")
