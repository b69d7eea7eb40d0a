"""What a resource is made of: routes, and the call that a handler gets."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from inspect import getdoc
from typing import Any, Generic, Protocol, TypeVar, get_args, get_type_hints

import msgspec
from aiohttp import web

from actors.errors import NotFound
from actors.governance.accounts import HOME
from supervisor.roles import Role
from supervisor.web.problems import Refused
from supervisor.web.site import Site
from supervisor.web.standing import shows_only, shows_records_of, told_type

LARGEST_ID = 2**63 - 1

Q = TypeVar("Q")
B = TypeVar("B")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameters, or no body."""


NOTHING = Nothing()


class Database(Protocol):
    """asyncpg's pool and connection both fit."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...
    async def fetchrow(self, query: str, *args: Any) -> Any: ...
    async def fetchval(self, query: str, *args: Any) -> Any: ...
    async def execute(self, query: str, *args: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks. `user` and `tenant` are 0 for who did not say; `scopes` is None for all that the role may."""

    role: Role
    login: str
    user: int = 0
    tenant: int = 0
    scopes: tuple[str, ...] | None = None
    session: int | None = None
    token: int | None = None
    must_change: bool = False

    @property
    def name(self) -> str:
        """What a person is known by to others of the tenant."""
        return self.login

    @property
    def key(self) -> str:
        """Tells callers apart: two tokens of one user are two callers."""
        return f"token {self.token}" if self.token else f"user {self.user}" if self.user else self.login

    @property
    def is_home(self) -> bool:
        """Of the tenant that runs the service."""
        return self.tenant == HOME

    def may(self, needed: Role) -> bool:
        """The running of the service is a matter of the tenant that does."""
        return self.role.may(needed) and (needed is not Role.OPERATOR or self.is_home)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One request, its query and body checked. For a command `db` is a connection in a transaction, else the pool.

    `problem` is what is wrong with the query of a route that keeps its form; `query` is then as if nothing were asked.
    """

    request: web.Request
    site: Site
    db: Database
    who: Who
    query: Q
    body: B
    problem: Refused | None = None

    def shows_only(self, *registries: str | None) -> None:
        """What is answered is of these registries; where none is named it is of all."""
        shows_only(self.request, {name for name in registries if name})

    def shows_records_of(self, *registries: str) -> None:
        """The same, where records of these are shown."""
        shows_records_of(self.request, registries)

    def word(self, name: str) -> str:
        """A part of the path, decoded. Raises NotFound for what no database holds."""
        word = self.request.match_info[name]
        if "\0" in word or any("\ud800" <= letter <= "\udfff" for letter in word):
            raise NotFound(f"{name}: there is nothing of this name")
        return word

    def id(self, name: str = "id") -> int:
        """A part of the path that is a number of ours. Raises NotFound."""
        word = self.word(name)
        if not (word.isascii() and word.isdigit() and len(word) < 20 and 0 < int(word) <= LARGEST_ID):
            raise NotFound(f"{name}: there is no {word[:40]!r}")
        return int(word)


Handler = Callable[[Call[Any, Any]], Awaitable[object]]
Receive = Callable[[Call[Any, Any]], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """`role` has no default: nothing is open by oversight.

    `receive` takes a body that is too large for memory, before there is a transaction: what it gives is the handler's
    body, and once the transaction has ended, however it did, it goes on.

    A handler that makes its own response says what that is: the type of its JSON by `answer` (with the same in answers
    of the statuses `also`), any other by `media`.
    """

    method: str
    path: str
    handler: Handler
    role: Role
    status: int = 200
    also: tuple[int, ...] = ()
    refuses: tuple[int, ...] = ()  # statuses beside those that any such route may refuse with: see refusable.py
    answer: Any = None
    media: str = "text/html"
    form: bool = False  # the body comes from a page's form, not as JSON
    receive: Receive | None = None
    takes: str = "application/octet-stream"  # what it receives
    keeps_form: bool = False  # shows what is wrong with its query itself
    of_registries: bool = True  # shows what is held of them: it says which do not answer
    of_tenant: bool = False  # reads or writes rows of the caller's tenant
    at_home: bool = False  # a matter of the whole service: only for the tenant that runs it
    secret: bool = False  # its answer is shown this once: it is not kept for who sends the command again
    in_any_case: bool = False  # also for who must change their password first
    stays_open: bool = False  # a socket or a stream
    in_standby: bool = False  # also while the service stands by: it tells how that is, lets people in, or ends it
    exports: bool = False  # what is held leaves in bulk, or for others than who asks
    metered: bool = True  # counted against the caller's rate
    group: str | None = None  # of routes that have a limit of their own for each caller: a name of the setting `limits`
    resource: str = ""  # whose route it is, once it is mounted

    @property
    def is_command(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def is_counted_at_once(self) -> bool:
        """Not what stays open: a caller may watch as long as they like."""
        return self.metered and self.role is not Role.ANYONE and not self.stays_open

    @property
    def says_sources(self) -> bool:
        """Whether its answer tells how the registries stand: no command's does, but one that is a page."""
        return self.of_registries and (not self.is_command or (self.form and self.status == 200))

    @property
    def summary(self) -> str:
        """The first sentence of the handler's docstring."""
        return (getdoc(self.handler) or "").partition("\n\n")[0].replace("\n", " ")


@dataclass(frozen=True, slots=True)
class Resource:
    """One that shows nothing that is held of registries, or tells of them itself, is not `of_registries`.

    All routes of one that is `of_tenant` are; so with `in_standby`.
    """

    name: str
    routes: tuple[Route, ...]
    of_registries: bool = True
    of_tenant: bool = False
    in_standby: bool = False

    def mounted(self) -> tuple[Route, ...]:
        """Its routes, each knowing what the resource says of all."""
        return tuple(
            replace(
                route, resource=self.name, of_registries=route.of_registries and self.of_registries,
                of_tenant=route.of_tenant or self.of_tenant, in_standby=route.in_standby or self.in_standby,
            )
            for route in self.routes
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """The types that a handler's annotations and its route name; `answer` is None where it is not JSON."""

    query: type[Any]
    body: type[Any]
    answer: Any


class BadRoute(Exception):
    """A handler does not say what it takes and answers; the message names it. It stops the start."""


def shape_of(route: Route) -> Shape:
    """Raises BadRoute."""
    name = f"{route.handler.__module__}.{getattr(route.handler, '__name__', '?')}"
    hints = get_type_hints(route.handler)
    types = get_args(hints.get("call"))
    if len(types) != 2 or "return" not in hints or not route.summary:
        raise BadRoute(f"{name}: expected `(call: Call[Query, Body]) -> Answer` and a docstring")
    answer = hints["return"]
    own_response = isinstance(answer, type) and issubclass(answer, web.StreamResponse)
    if route.answer is not None and not own_response:
        raise BadRoute(f"{name}: its annotation says what it answers; the route need not")
    answer = route.answer if own_response else answer
    return Shape(types[0], types[1], told_type(answer) if answer and route.says_sources else answer)
