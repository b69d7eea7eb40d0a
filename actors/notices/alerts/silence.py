"""Which alerts nobody is told of for a while. No I/O."""

import re
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """What is None matches everything; * in name and subject stands for anything. `ended_at`: before its time."""

    id: int
    name: str | None
    subject: str | None
    severity: str | None
    why: str
    made_by: str
    made_at: datetime
    until_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    def holds(self, now: datetime) -> bool:
        return self.ended_at is None and self.made_at <= now < self.until_at

    def matches(self, *, name: str, subject: str, severity: str) -> bool:
        return (
            _fits(self.name, name)
            and _fits(self.subject, subject)
            and (self.severity is None or self.severity == severity)
        )


def _fits(pattern: str | None, text: str) -> bool:
    if pattern is None:
        return True
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None
