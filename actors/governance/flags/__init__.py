"""Flags: what is switched on, for whom. No I/O.

A flag holds for all, and may differ for an organisation, and for one person: who is nearest decides. A rollout is for
so many percent of people, always the same ones: raised, it takes more of them and leaves none out.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from actors.errors import Refusal
from actors.governance.mode import Mode

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
ALLOW_MODE_CHANGES = "allow_mode_changes"


class Scope(StrEnum):
    GLOBAL = "GLOBAL"
    ORGANIZATION = "ORGANIZATION"
    USER = "USER"


@dataclass(frozen=True, slots=True)
class Flag:
    """`rollout` is in percent of people, `modes` are those in which it can be on."""

    name: str
    is_on: bool
    rollout: int
    modes: tuple[Mode, ...]
    says: str
    changed_at: datetime
    changed_by: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """What differs for an organisation, or for one of its people."""

    id: int
    tenant: int
    user: int | None
    is_on: bool
    rollout: int
    changed_at: datetime
    organisation: str | None = None
    login: str | None = None

    @property
    def scope(self) -> Scope:
        return Scope.ORGANIZATION if self.user is None else Scope.USER


def is_on(flag: Flag, rules: Iterable[Rule], *, tenant: int, user: int, mode: Mode) -> bool:
    """Whether a flag is on for somebody; `rules` are those of the flag, of whomever."""
    if mode not in flag.modes:
        return False
    nearest: Flag | Rule = flag
    for rule in rules:
        if rule.tenant == tenant and rule.user == user:
            return _takes_in(flag.name, rule, user)
        if rule.tenant == tenant and rule.user is None:
            nearest = rule
    return _takes_in(flag.name, nearest, user)


def _takes_in(name: str, decides: Flag | Rule, user: int) -> bool:
    return decides.is_on and percentile(name, user) < decides.rollout


def percentile(name: str, user: int) -> float:
    """Where somebody stands among all people, from 0 to under 100: another place for each flag, always the same one."""
    digest = sha256(f"{name}:{user}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100


def check(name: str, *, rollout: int | None, modes: Collection[str] | None, says: str | None) -> None:
    """Raises Refusal for what no flag can be."""
    problems: Mapping[str, bool] = {
        f"name: expected lower case letters, digits and _, got {name[:100]!r}": not NAME.fullmatch(name),
        f"rollout: expected 0 to 100 percent, got {rollout}": rollout is not None and not 0 <= rollout <= 100,
        "modes: expected some of LIVE, DEMO, STANDBY": modes is not None and not set(modes) <= set(Mode),
        "says: expected 1 to 500 characters": says is not None and (not 1 <= len(says) <= 500 or "\0" in says),
    }
    for problem, there in problems.items():
        if there:
            raise Refusal(problem, field=problem.partition(":")[0])
