"""What routes and commands write into the audit: who, what, to whom; and the key that it is signed with."""

import asyncio
import getpass
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actors.governance.accounts import HOME
from actors.governance.audit import Act, Outcome
from actors.governance.audit.signing import NAME, signing_key
from supervisor.settings import Settings

MACHINE = "machine"  # the role of whoever acts from the command line: they have the database itself
PEOPLE = frozenset({"login"})  # parts of a path that name people: entries bear their number


def by_command(action: str, subject: str = "", outcome: Outcome = "done", **details: object) -> Act:
    """An act from the command line, by whom the machine knows."""
    return Act(HOME, f"{_user()} on the command line", MACHINE, action, subject, outcome, None, details)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return f"user {os.getuid()}"


def subject_of(parts: Mapping[str, str], people: Mapping[str, int]) -> str:
    """What a path names, as an entry tells it: `id=12`; of people the number that `people` has for them."""
    return " ".join(
        f"{name}={f'actor {people[part]}' if name in PEOPLE and part in people else part}"
        for name, part in parts.items()
    )


async def own_key(settings: Settings) -> Ed25519PrivateKey:
    """The key of this installation, made when it is first needed. Raises BadKey."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return await asyncio.to_thread(signing_key, key_file(settings))


def key_file(settings: Settings) -> Path:
    """Where the key is that exports are signed with."""
    return settings.audit_key_file or settings.data_dir / NAME
