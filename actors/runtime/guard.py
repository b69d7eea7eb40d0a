"""Where a request may go: to the hosts of its registry, at public addresses. No I/O but one resolver.

Two doors, both must open:

    door()       the URL: https, a host of the registry, no password in it; or the stand-in for that host
    Guard.check  every address that the name stands for. `GuardedResolver` hands the connector exactly the
                 addresses that it checked: a name that answers otherwise the second time (DNS rebinding)
                 gains nothing
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from actors.errors import Refusal

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# Public by their number, yet never a registry: cloud metadata and what Python's tables lack in some versions.
NEVER = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890; Oracle's metadata service stands in it
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "100.64.0.0/10",  # carriers' own, RFC 6598; Alibaba's metadata service stands in it
        "fec0::/10",  # site-local, RFC 3879
        "3fff::/20",  # examples in documents, RFC 9637
        "2001::/32",  # Teredo, RFC 4380: carries an IPv4 address
        "64:ff9b:1::/48",  # a network's own translation to IPv4, RFC 8215
        "5f00::/16",  # segment routing, RFC 9602
        "::/96",  # IPv4-compatible, RFC 4291: carries an IPv4 address
    )
)
NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


class ForbiddenAddress(Refusal):
    """A request was to go where it may not: another host, another scheme, or inside our own network."""


def door(url: URL, hosts: Collection[str], bases: Mapping[str, str]) -> URL:
    """The URL to ask in truth: `url`, or its place under the base that stands in for its host.

    A stand-in may also redirect to itself. Raises ForbiddenAddress.
    """
    host = url.host or ""
    if any(_origin(url) == _origin(URL(bases[known])) for known in hosts if known in bases):
        return url.with_fragment(None)
    if host not in hosts:
        raise ForbiddenAddress(f"{host or 'an address without a host'} is not one of {', '.join(hosts)}")
    if url.scheme != "https" or url.explicit_port not in (None, 443) or url.user or url.password:
        raise ForbiddenAddress(f"{host} may only be asked by https, on its usual port, without a password")
    return _under(URL(bases[host]), url) if host in bases else url.with_fragment(None)


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


def _under(base: URL, url: URL) -> URL:
    return URL.build(
        scheme=base.scheme,
        authority=base.raw_authority,
        path=base.raw_path.rstrip("/") + url.raw_path,
        query_string=url.raw_query_string,
        encoded=True,
    )


def loopback_of(bases: Mapping[str, str]) -> frozenset[tuple[str, int]]:
    """The (host, port) of each base on this machine: the only loopback addresses that may be asked.

    Raises ValueError for a base that is neither https nor http on this machine.
    """
    found = set[tuple[str, int]]()
    for host, base in bases.items():
        url = URL(base)
        if not url.host or url.port is None or url.query_string or url.scheme not in ("http", "https"):
            raise ValueError(f"the base for {host} is no http address: {base!r}")
        if is_this_machine(url.host):
            found.add((url.host, url.port))
        elif url.scheme == "http":
            raise ValueError(f"the base for {host} must be https, or on this machine: {base!r}")
    return frozenset(found)


def is_this_machine(host: str) -> bool:
    """Whether a host is `localhost` or a loopback address as written, without asking anyone."""
    address = _literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is out in the world: not private, link-local, multicast, reserved or metadata."""
    match address:
        case IPv6Address(ipv4_mapped=IPv4Address() as inner) | IPv6Address(sixtofour=IPv4Address() as inner):
            return is_public(inner)
        case IPv6Address() if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in NEVER)
    )


@dataclass(frozen=True, slots=True)
class Guard:
    loopback: frozenset[tuple[str, int]] = frozenset()  # (host, port) that may be on this machine

    def check(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Raises ForbiddenAddress if any one of the addresses of a host is not a place to go."""
        for text in addresses:
            address = ip_address(text)
            if (host, port) in self.loopback and address.is_loopback:
                continue
            if not is_public(address):
                raise ForbiddenAddress(f"{host} stands for {text}, which is not a public address")

    def check_literal(self, url: URL) -> None:
        """The same for a URL whose host is written as an address, which no resolver sees."""
        host = url.host or ""
        if address := _loosely(host):
            self.check(host, url.port or 0, [str(address)])
        elif ":" in host or host.replace(".", "").isdigit():  # what the connector takes for an address
            raise ForbiddenAddress(f"{host} is neither a name nor an address")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, as addresses are written."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _loosely(host: str) -> IPv4Address | IPv6Address | None:
    """The same, in any way in which the system reads one: 2130706433, 0x7f.1 and 0177.0.0.1 too."""
    try:
        return _literal(host) or IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """Every address that this machine's resolver knows for a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class GuardedResolver(AbstractResolver):
    """Gives the connector only addresses that the guard has seen."""

    def __init__(self, guard: Guard, resolve: Resolve = system_resolve) -> None:
        self._guard = guard
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        if not addresses:
            raise OSError(f"{host} has no address")
        self._guard.check(host, port, addresses)
        return [_result(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Nothing is held."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
