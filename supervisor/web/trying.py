"""Forms that say on their own page what was wrong, and leave nothing half done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from actors.errors import Refusal
from supervisor.web.problems import NO_HEADERS, Problem, Refused, problem_of
from supervisor.web.route import Call

if TYPE_CHECKING:
    import asyncpg


class Attempt:
    """What became of a form; `problem` is None where it did its work."""

    problem: Problem | None = None

    @property
    def status(self) -> int:
        return 200 if self.problem is None else self.problem.status

    @property
    def headers(self) -> dict[str, str]:
        return dict(NO_HEADERS if self.problem is None else self.problem.headers)


@asynccontextmanager
async def attempt(call: Call[Any, Any]) -> AsyncIterator[Attempt]:
    """Does what is inside within the call's transaction; where that is refused nothing of it was done."""
    made = Attempt()
    try:
        async with cast("asyncpg.Connection[Any]", call.db).transaction():
            yield made
    except (Refused, Refusal) as error:
        made.problem = problem_of(error, outside=())
