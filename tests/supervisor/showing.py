"""Which settings a test changes to see their effect."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from supervisor.settings import Settings

Given: TypeAlias = Callable[..., Settings]
T = TypeVar("T")

SHOWN: set[str] = set()


def shows(*settings: str) -> Callable[[T], T]:
    """The test changes each of these settings, and sees the service do another thing."""
    SHOWN.update(settings)
    return lambda test: test
