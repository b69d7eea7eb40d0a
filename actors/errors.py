"""The shared roots of the error tree. No I/O.

TrialdError                 everything that triald raises on purpose
├── Unavailable             the outside did not answer as agreed: a retry may help
├── Refusal                 asked for what may not or cannot be: a retry never helps, the message is for the user
│   ├── NotFound
│   ├── Forbidden           somebody else may
│   └── Conflict            not as things stand: somebody was first
└── LeaseLost               this attempt is no longer ours: stop, write nothing
"""


class TrialdError(Exception):
    """Everything that triald raises on purpose."""


class Unavailable(TrialdError):
    """The outside did not answer as agreed; a retry may help."""


class Refusal(TrialdError):
    """Asked for what may not or cannot be. The message is for the user and says what was expected.

    `field` is the argument, parameter or field that was not as expected, where it is one.
    """

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class NotFound(Refusal):
    """There is no such thing, or it is not yours."""


class Forbidden(Refusal):
    """Somebody else may, and this one may not."""


class Conflict(Refusal):
    """Not as things stand: somebody was first, or it is too late."""


class LeaseLost(TrialdError):
    """Another worker holds the job now: stop, and write nothing."""
