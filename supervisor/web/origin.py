"""Whether a request comes from where it may. No I/O.

The service binds to loopback, so two things are left to look for: a foreign name that was made to point to loopback
(DNS rebinding), seen by the Host header, and a foreign page that sends a browser's cookie along, seen by the Origin.
"""

import re

from supervisor.web.problems import Refused

_HOST = re.compile(r"(?P<name>localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?", re.I)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_host(host: str | None) -> None:
    """Raises Refused for a Host that is no name of loopback."""
    if host is None or not _HOST.fullmatch(host):
        raise Refused(421, "misdirected", "Host: expected localhost, an address of 127.0.0.0/8 or [::1]")


def check_origin(
    *, method: str, host: str, origin: str | None, site: str | None, by_cookie: bool, is_socket: bool
) -> None:
    """Raises Refused where a browser says that a foreign page asks; with a cookie, also where it does not say.

    `site` is the Sec-Fetch-Site header.
    """
    if method in SAFE_METHODS and not is_socket:
        return
    if origin is not None:
        if origin.lower() != f"http://{host}".lower():
            raise Refused(403, "foreign_origin", "Origin: expected this service's own pages")
    elif by_cookie and site not in ("same-origin", "none"):
        raise Refused(403, "foreign_origin", "Origin: expected with a cookie; programs send a token instead")
