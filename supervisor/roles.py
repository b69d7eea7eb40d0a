"""Who may do what. No I/O.

VIEWER < RESEARCHER < STEWARD < ADMIN, each of whom may all that the one before may. OPERATOR stands beside them: runs
the service and reads, but decides nothing about evidence and sees to nobody's account.
"""

from enum import Enum


class Role(Enum):
    ANYONE = "anyone"  # health, and the page that lets people in
    VIEWER = "viewer"  # read
    RESEARCHER = "researcher"  # analyse, draft, upload
    STEWARD = "steward"  # export, approve, decide what is a duplicate and what a code
    OPERATOR = "operator"  # start, stop, retry: the running of the service
    ADMIN = "admin"  # people, projects, tokens; at home also what an operator does, and the settings

    @property
    def word(self) -> str:
        """As the database, the command line and the HTTP interface write it."""
        return self.value

    def may(self, needed: "Role") -> bool:
        """Whether one of this role may do what needs the other; who is an admin of another tenant is no operator."""
        return needed in _MAY[self]

    @classmethod
    def of(cls, word: str) -> "Role":
        """Raises ValueError."""
        for role in cls:
            if role.word == word:
                return role
        raise ValueError(f"there is no role {word!r}: expected one of {', '.join(role.word for role in cls)}")


_READ = frozenset({Role.ANYONE, Role.VIEWER})
_MAY = {
    Role.ANYONE: frozenset({Role.ANYONE}),
    Role.VIEWER: _READ,
    Role.RESEARCHER: _READ | {Role.RESEARCHER},
    Role.STEWARD: _READ | {Role.RESEARCHER, Role.STEWARD},
    Role.OPERATOR: _READ | {Role.OPERATOR},
    Role.ADMIN: frozenset(Role),
}

PEOPLE = tuple(role for role in Role if role is not Role.ANYONE)
