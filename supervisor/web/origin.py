"""Whether a request comes from where it may. No I/O.

Two things to look for: a foreign name that was made to point to here (DNS rebinding), seen by the Host header, and a
foreign page that sends a browser's cookie along, seen by the Origin. Names of loopback are ours, and those of
`public_urls`, which a proxy in front of us serves, perhaps by TLS.
"""

import ipaddress
import re
from collections.abc import Collection, Sequence

from supervisor.setting_kinds import Network
from supervisor.web.problems import Refused

_HOST = re.compile(r"(?P<name>localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.I)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_host(host: str | None, public_urls: Collection[str] = ()) -> None:
    """Raises Refused for a Host that is neither a name of loopback nor of a public URL."""
    if host is None or not (_HOST.fullmatch(host) or own_urls(host, public_urls)):
        expected = "localhost, an address of 127.0.0.0/8 or [::1]"
        raise Refused(
            421, "misdirected", f"Host: expected {expected}{', or a name of public_urls' * bool(public_urls)}"
        )


def own_urls(host: str, public_urls: Collection[str]) -> list[str]:
    """The public URLs of this Host, whose port may be written out though it is the usual one of the scheme."""
    usual = {"https": ":443", "http": ":80"}
    name = host.lower()
    found = []
    for url in public_urls:
        scheme, _, netloc = url.partition("://")
        if name in (netloc, netloc + usual[scheme]):
            found.append(url)
    return found


def check_origin(
    *,
    method: str,
    host: str,
    origin: str | None,
    site: str | None,
    by_cookie: bool,
    is_socket: bool,
    public_urls: Collection[str] = (),
) -> None:
    """Raises Refused where a browser says that a foreign page asks; with a cookie, also where it does not say.

    `site` is the Sec-Fetch-Site header.
    """
    if method in SAFE_METHODS and not is_socket:
        return
    if origin is not None:
        if origin.lower() not in (own_urls(host, public_urls) or [f"http://{host}".lower()]):
            raise Refused(403, "foreign_origin", "Origin: expected this service's own pages")
    elif by_cookie and site not in ("same-origin", "none"):
        raise Refused(403, "foreign_origin", "Origin: expected with a cookie; programs send a token instead")


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def caller_of(remote: str | None, forwarded: Sequence[str], proxies: Collection[Network]) -> str:
    """Where a request comes from: of IPv6 the network, for one machine has a whole one.

    `forwarded` are the X-Forwarded-For headers: what our own proxies say there is believed, from the last one on, and
    nothing that stands before it.
    """
    address = _address(remote or "")
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    while address is not None and hops and any(address in network for network in proxies):
        told = _address(hops.pop())
        if told is None:
            break
        address = told
    if address is None:
        return "an unknown address"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Address(int(address) >> 64 << 64))
    return str(address)


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
