"""Every registry of one world, each on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from demo import ctgov_server, ctis_server, euctr_server, ictrp_server, isrctn_server
from demo.front import PATHS
from demo.listing import Listing
from demo.server import AnyServer
from demo.source import Source
from demo.switches import Common, CtisSwitches, EuctrSwitches, IctrpSwitches, IsrctnSwitches, Switches, changed
from demo.world import World

SWITCHES: Mapping[str, type[Common]] = {
    "ctgov": Switches,
    "ctis": CtisSwitches,
    "euctr": EuctrSwitches,
    "isrctn": IsrctnSwitches,
    "ictrp": IctrpSwitches,
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What each registry serves; None where one is not served at all."""

    ctgov: Source | None = None
    ctis: Listing[Any] | None = None
    euctr: Listing[Any] | None = None
    isrctn: Listing[Any] | None = None
    ictrp: Listing[Any] | None = None


def everywhere(world: World, ctgov: Source) -> Sources:
    """The world as all five have it; ClinicalTrials.gov's records as this source has them."""
    return Sources(
        ctgov=ctgov,
        ctis=ctis_server.from_world(world),
        euctr=euctr_server.from_world(world),
        isrctn=isrctn_server.from_world(world),
        ictrp=ictrp_server.from_world(world),
    )


def switches_for(given: Mapping[str, Any], day: int | None) -> dict[str, Common]:
    """Of each registry: its own under its name, and ClinicalTrials.gov's without one. Raises BadSwitch."""
    own = {name: dict(given[name]) for name in SWITCHES if isinstance(given.get(name), dict)}
    rest = {name: value for name, value in given.items() if name not in own}
    own["ctgov"] = rest | own.get("ctgov", {})
    return {name: changed(kind(day=day), own.get(name, {})) for name, kind in SWITCHES.items()}


@asynccontextmanager
async def serve(
    sources: Sources, *, port: int = 0, switches: Mapping[str, Common] | None = None
) -> AsyncIterator[dict[str, AnyServer]]:
    """Servers by registry until the context ends. `port` is the first one's, each further one has the next; 0: any.

    The first one's port also answers for the others.
    """
    async with AsyncExitStack() as stack:
        running: dict[str, AnyServer] = {}
        for name, serve_one in _SERVE.items():
            source = getattr(sources, name)
            if source is not None:
                own = (switches or {}).get(name)
                at = port + len(running) if port else 0
                running[name] = await stack.enter_async_context(serve_one(source, port=at, switches=own))
        first, *others = running
        running[first].beside.update({path: running[name].url for name in others for path in PATHS[name]})
        yield running


_SERVE: Mapping[str, Callable[..., AbstractAsyncContextManager[AnyServer]]] = {
    "ctgov": ctgov_server.serve,
    "ctis": ctis_server.serve,
    "euctr": euctr_server.serve,
    "isrctn": isrctn_server.serve,
    "ictrp": ictrp_server.serve,
}
