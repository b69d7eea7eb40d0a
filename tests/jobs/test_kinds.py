"""The contract of job kinds: payloads are checked at the door and again before they run."""

from dataclasses import dataclass, replace
from datetime import date

import pytest

import actors.jobs
from actors.errors import Refusal
from actors.jobs import BadPayload, JobKind, by_every_name
from actors.jobs.scrape import JOB, Payload
from actors.queue.attempt import Attempt
from actors.queue.outcome import Done, Outcome
from actors.runtime.catalog import catalog
from actors.tools import Tools


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    copies: int = 1


async def run(payload: Letter, attempt: Attempt, tools: Tools) -> Outcome:
    return Done()


KIND = JobKind("mail", Letter, run, queue="scraping", priority=3, max_attempts=5, timeout_s=9.0, was=("post", "letter"))


def test_a_payload_is_decoded_with_its_defaults() -> None:
    assert KIND.decode('{"to": "ann"}') == Letter("ann", 1)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("{}", r"^payload of mail: .*`to`"),
        ('{"to": 3}', r"^payload of mail: Expected `str`, got `int` - at `\$.to`"),
        ('{"to": "ann", "copies": "two"}', r"^payload of mail: .* - at `\$.copies`"),
        ("[]", r"^payload of mail: Expected `object`, got `array`"),
        ("not json", r"^payload of mail: "),
        ("", r"^payload of mail: "),
    ],
)
def test_a_payload_that_cannot_be_read_is_refused_by_the_name_of_its_field(payload: str, message: str) -> None:
    with pytest.raises(BadPayload, match=message) as refused:
        KIND.decode(payload)
    assert isinstance(refused.value, Refusal)


def test_a_new_job_is_as_its_kind_says_unless_it_is_told_otherwise() -> None:
    job = KIND.new(Letter("ann", 2))
    assert (job.kind, job.payload, job.queue) == ("mail", '{"to":"ann","copies":2}', "scraping")
    assert (job.priority, job.max_attempts, job.timeout_s) == (3, 5, 9.0)
    other = KIND.new(Letter("ann"), priority=9, unique_key="k", trace_id="t")
    assert (other.priority, other.unique_key, other.trace_id, other.queue) == (9, "k", "t", "scraping")


def test_a_kind_may_say_which_of_its_jobs_ask_for_the_same() -> None:
    keyed = replace(KIND, key=lambda letter: f"to {letter.to}")
    assert keyed.new(Letter("ann", 2)).unique_key == "to ann"
    assert keyed.new(Letter("ann", 2), unique_key=None).unique_key is None
    assert keyed.key_of('{"to": "bob"}') == "to bob"
    assert keyed.key_of("{}") is None
    assert KIND.new(Letter("ann")).unique_key is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (Payload("ctgov"), "ctgov incremental"),
        (Payload("ctgov", since=date(2026, 1, 31)), "ctgov incremental 2026-01-31"),
        (Payload("ctgov", "full"), "ctgov full"),
        (Payload("isrctn", "full", accept_removed=True), "isrctn full accept-removed"),
    ],
)
def test_a_scrape_is_the_same_as_another_of_its_registry_that_asks_for_as_much(payload: Payload, expected: str) -> None:
    assert JOB.new(payload).unique_key == expected


def test_a_new_job_is_refused_at_the_door() -> None:
    with pytest.raises(BadPayload, match="`to`"):
        KIND.new()
    with pytest.raises(BadPayload, match="copies"):
        KIND.new(Letter("ann", "two"))  # type: ignore[arg-type]


def test_a_kind_is_known_by_its_former_names_too() -> None:
    assert by_every_name({"mail": KIND}) == {"mail": KIND, "post": KIND, "letter": KIND}


def test_every_kind_of_the_catalogue_has_limits_that_the_queue_can_hold() -> None:
    kinds = catalog(actors.jobs, "JOB", JobKind)
    assert {"maintain", "scrape"} <= set(kinds)
    for kind in kinds.values():
        assert kind.timeout_s > 0
        assert kind.max_attempts is None or 0 < kind.max_attempts < 32_768
        assert kind.queue.isidentifier()
