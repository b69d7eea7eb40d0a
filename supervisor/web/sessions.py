"""Who is logged in with a browser: a random word in a cookie, and here what it stands for. No I/O.

Kept in memory alone: a restart logs everybody out, and the token itself is never in a browser.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

LASTS_S = 12 * 3600.0
MOST = 1_000  # the oldest goes first

COOKIE = "triald_session"


@dataclass(frozen=True, slots=True)
class Session:
    token: str  # looked up anew at each request, so that a token that is revoked opens nothing any more
    until_s: float


@dataclass(slots=True)
class Sessions:
    _by_id: "OrderedDict[str, Session]" = field(default_factory=OrderedDict)

    def open(self, id_: str, token: str, *, now_s: float) -> None:
        self._by_id[id_] = Session(token, now_s + LASTS_S)
        while len(self._by_id) > MOST:
            self._by_id.popitem(last=False)

    def token_of(self, id_: str, *, now_s: float) -> str | None:
        session = self._by_id.get(id_)
        if session is None or session.until_s <= now_s:
            self._by_id.pop(id_, None)
            return None
        return session.token

    def close(self, id_: str) -> None:
        self._by_id.pop(id_, None)
