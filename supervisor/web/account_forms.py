"""What forms about accounts hold. No I/O."""

from typing import Annotated

import msgspec
from msgspec import Meta

from supervisor.web.account_commands import LONGEST_DAYS, USUAL_DAYS, NewToken, RoleWord
from supervisor.web.problems import Refused


class TokenForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`scopes` are parted by spaces; none is all that the role may."""

    name: Annotated[str, Meta(max_length=100)] = ""
    role: RoleWord = "viewer"
    scopes: Annotated[str, Meta(max_length=1000)] = ""
    days: Annotated[int, Meta(ge=1, le=LONGEST_DAYS)] = USUAL_DAYS

    def asked(self) -> NewToken:
        """As the HTTP interface takes it. Raises Refused."""
        if not self.name:
            raise Refused.field("name", "expected, but not given")
        return NewToken(self.name, self.role, tuple(self.scopes.split()) or ("read", "write"), self.days)
