"""Who may do what: four roles, each of which may do all that the one before it may. No I/O."""

from enum import IntEnum


class Role(IntEnum):
    ANYONE = 0  # health, and the page that asks for a token
    VIEWER = 1  # read
    OPERATOR = 2  # start, stop, retry
    ADMIN = 3  # tokens

    @property
    def word(self) -> str:
        """As the database, the command line and the HTTP interface write it."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Role":
        """Raises ValueError."""
        for role in cls:
            if role.word == word:
                return role
        raise ValueError(f"there is no role {word!r}: expected one of {', '.join(role.word for role in cls)}")
