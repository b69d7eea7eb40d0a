"""A registry's page made into rows, whole: what a scrape sends to a process of its own. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from actors import registries
from actors.registries import Registry, Request
from actors.runtime.catalog import catalog
from actors.trials.pack import PackedPage, Source, pack_page


@dataclass(frozen=True, slots=True)
class ReadPage:
    packed: PackedPage
    follow: tuple[Request, ...]
    total: int | None


def read_page(registry: str, request: Request, body: bytes, url: str, fetched_at: datetime) -> ReadPage:
    """Raises UnreadableBody when the body as a whole is not what the registry sends."""
    source = known_registries()[registry]
    page = source.read(request, body)
    origin = Source(registry, url, fetched_at, source.adapter_version, source.media_type)
    return ReadPage(pack_page(page.found, page.refused, origin), page.follow, page.total)


@cache
def known_registries() -> dict[str, Registry]:
    return catalog(registries, "REGISTRY", Registry)
