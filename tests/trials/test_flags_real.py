"""The rules over real histories of ClinicalTrials.gov."""

import io
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from actors.registries.ctgov import REGISTRY
from actors.trials.assessing.judge import judge
from actors.trials.flags import Step, Trial, outcome_changes
from actors.trials.history import changes, plain

TODAY = date(2026, 9, 1)


@pytest.fixture(scope="module")
def histories(shared_data: Path) -> dict[str, list[Any]]:
    """Every trial that is there in several versions, oldest first, as it is kept."""
    file = shared_data / "ctgov_v2" / "versions.ndjson.zst"
    if not file.exists():
        pytest.skip(f"there is no {file}")
    found: dict[str, list[Any]] = defaultdict(list)
    [request] = REGISTRY.first(None)[:1]
    with file.open("rb") as packed:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(packed), "utf-8"):
            page = REGISTRY.read(request, b'{"studies":[' + line.encode() + b"]}")
            for one in page.found:
                record = orjson.loads(orjson.dumps(plain(one.trial)))
                found[one.trial.registry_id].append(record)
    for versions in found.values():
        versions.sort(key=lambda record: record.get("last_updated", ""))
    return found


def trial_of(versions: list[Any]) -> Trial:
    steps = [Step(1, "new", date(2023, 6, 1))]
    for number, (before, after) in enumerate(pairwise(versions), start=2):
        seen_on = date.fromisoformat(after["last_updated"])
        steps.append(Step(number, "changed", seen_on, changes(before, after)))
    return Trial("ctgov", versions[-1], steps)


def test_every_real_history_is_judged_and_says_why(histories: dict[str, list[Any]]) -> None:
    """G19, G24, N05: no rule fails, and none is without a reason."""
    assert len(histories) >= 20
    for versions in histories.values():
        said = judge(trial_of(versions), TODAY)
        assert said.urgency.reason and said.quality.score in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
        assert all(flag.reason and flag.rests_on is not None for flag in said.flags)


def test_no_real_change_of_wording_is_taken_for_a_switch(histories: dict[str, list[Any]]) -> None:
    """N05: in these histories outcomes were worded otherwise twice, and switched never (read by hand)."""
    found = [one for versions in histories.values() for one in outcome_changes(versions[-1], trial_of(versions).steps)]
    assert [(one.after_start, one.is_switch) for one in found if one.moves] != []
    assert not any(one.is_switch for one in found)
