"""Whether a request comes from where it may. No I/O.

Two things to look for: a foreign name that was made to point to here (DNS rebinding), seen by the Host header, and a
foreign page that sends a browser's cookie along, seen by the Origin. Names of loopback are ours, and those of
`public_urls`, which a proxy in front of us serves, perhaps by TLS.
"""

import re
from collections.abc import Collection

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
