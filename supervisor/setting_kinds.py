"""What a setting may be: how its words are read, what is expected of them, how it is shown. No I/O.

A value comes as the text of a variable or an option, or as what a TOML file holds. `read` raises ValueError for
whatever is not of its kind; `expected` says it in words.
"""

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from actors.governance.limits import DEFAULTS as LIMITS_BY_DEFAULT
from actors.governance.limits import Limit
from actors.notices.alerts.letter import address as mail_address
from actors.queue import cron as cron_rules

STARS = "********"
SHORTEST_KEY = 32  # characters

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A text that shows as stars wherever it is printed."""

    _text: str

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return STARS


@dataclass(frozen=True, slots=True)
class Kind:
    expected: str
    read: Callable[[object], object]
    show: Callable[[object], object] = lambda value: value  # as JSON holds it
    secret: bool = False
    switch: bool = False  # its option may stand without a value


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to know of one setting, beside its value."""

    name: str
    kind: Kind
    says: str

    @property
    def variable(self) -> str:
        return "TRIALD_" + self.name.upper()

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")


def whole(least: int, most: int) -> Kind:
    return Kind(f"a whole number from {least} to {most}", lambda given: _within(_integer(given), least, most))


def number(least: float, most: float) -> Kind:
    def read(given: object) -> float:
        return _within(_float(given), least, most)

    return Kind(f"a number from {least:g} to {most:g}", read)


def one_of(*words: str) -> Kind:
    def read(given: object) -> str:
        word = _text(given).lower()
        if word not in words:
            raise ValueError
        return word

    return Kind(f"one of {', '.join(words)}", read)


def _boolean(given: object) -> bool:
    if isinstance(given, bool):
        return given
    match _text(given).lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
        case _:
            raise ValueError


def _path(given: object) -> Path:
    return Path(_text(given)).expanduser().absolute()


def _postgres_url(given: object) -> Secret:
    """A URL as drivers read it: of a password that is not percent-encoded a part would end up elsewhere."""
    text = _raw_text(given).strip()
    url = re.fullmatch(r"postgres(?:ql)?://(?:[^/?#]*@)?([^/?#@]*)(?:/[^/?#@]*)?(?:\?[^#]*)?", text)
    hosts = url[1].split(",") if url is not None else [":"]
    if not all(re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::\d+)?", host) for host in hosts):
        raise ValueError
    return Secret(text)


def _key(given: object) -> Secret:
    text = _raw_text(given).strip()
    if len(text) < SHORTEST_KEY:
        raise ValueError
    return Secret(text)


def _contact(given: object) -> str:
    text = _text(given)
    if not re.fullmatch(r"\S+@\S+\.\S+|https?://\S+\.\S+", text, re.ASCII):
        raise ValueError
    return text


def _address(given: object) -> str:
    host, _, port = _text(given).rpartition(":")
    if not is_loopback(host):
        _ip(host.removeprefix("[").removesuffix("]"))
    return f"{host}:{_within(_integer(port), 0, 65535)}"


def is_loopback(host: str) -> bool:
    """Whether nobody beyond this machine reaches it. Raises ValueError for what is no address."""
    bare = host.removeprefix("[").removesuffix("]")
    return bare == "localhost" or _ip(bare).is_loopback


def _public_urls(given: object) -> tuple[str, ...]:
    """Scheme, host and perhaps a port, as browsers write them into `Origin`: in small letters, without a usual port."""
    texts = given if isinstance(given, list) else _text(given).split(",")
    urls = tuple(_text(text).strip().rstrip("/").lower() for text in texts)
    if not urls or not all(re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?", url) for url in urls):
        raise ValueError
    return tuple(re.sub(r"^(http://[^/]*):80$|^(https://[^/]*):443$", r"\1\2", url) for url in urls)


def _url(given: object) -> str:
    url = _text(given)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    return url


def _issuer(given: object) -> str:
    """Compared letter by letter with what the issuer says of itself."""
    url = _text(given)
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not (parts.scheme == "https" or (parts.scheme == "http" and local)) or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    if parts.query or parts.fragment:
        raise ValueError
    return url


def _networks(given: object) -> tuple[Network, ...]:
    texts = given if isinstance(given, list) else re.split(r"[\s,]+", _text(given).strip(" ,"))
    return tuple(ipaddress.ip_network(_text(text)) for text in texts)


def _network_texts(networks: Any) -> list[str]:
    return [str(one) for one in networks]


def _addresses(given: object) -> tuple[str, ...]:
    """Mail addresses with commas or blanks between them, or a list of a TOML file."""
    words = given if isinstance(given, list) else re.split(r"[\s,]+", _text(given).strip(" ,"))
    found = tuple(dict.fromkeys(mail_address(_text(one)) for one in words))
    if not 1 <= len(found) <= 50:
        raise ValueError
    return found


def _host_name(given: object) -> str:
    text = _text(given).lower()
    if not re.fullmatch(r"[a-z0-9_]([a-z0-9._-]{0,252}[a-z0-9])?|[0-9a-f:]+", text):
        raise ValueError
    return text


def _events_url(given: object) -> str:
    """https, or http of a host of our own."""
    url = _text(given)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError
    return url


def host_and_port(listen: str) -> tuple[str, int]:
    """The parts of an address that was read before; an IPv6 host without its brackets."""
    host, _, port = listen.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


def _words(given: object) -> tuple[str, ...]:
    """Commas or blanks between them, or a list of a TOML file; in the order given, each once."""
    words = [_text(one) for one in given] if isinstance(given, list) else re.split(r"[\s,]+", _text(given).strip(" ,"))
    if not words or not all(re.fullmatch(r"[a-z][a-z0-9_]*", word) for word in words):
        raise ValueError
    return tuple(dict.fromkeys(words))


def _pairs(given: object) -> dict[str, str]:
    """name=value, with commas or blanks between, or a table of a TOML file."""
    if isinstance(given, Mapping):
        return {_text(name): _text(value) for name, value in given.items()}
    found: dict[str, str] = {}
    for piece in re.split(r"[\s,]+", _text(given).strip(" ,")):
        name, equals, value = piece.partition("=")
        if not (name and equals and value) or name in found:
            raise ValueError
        found[name] = value
    return found


def _bases(given: object) -> Mapping[str, str]:
    bases = {host: url.rstrip("/") for host, url in _pairs(given).items()}
    if not all(urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc for url in bases.values()):
        raise ValueError
    return MappingProxyType(bases)


def _hosts(given: object) -> tuple[tuple[str, int], ...]:
    """HOST:PORT, an IPv6 host within brackets; commas or blanks between them, or a list of a TOML file."""
    words = [_text(one) for one in given] if isinstance(given, list) else re.split(r"[\s,]+", _text(given).strip(" ,"))
    found = [host_and_port(word) for word in words if re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}", word)]
    if len(found) != len(words):
        raise ValueError
    return tuple(dict.fromkeys((host.lower(), _within(port, 1, 65535)) for host, port in found))


def _host_text(one: tuple[str, int]) -> str:
    host, port = one
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _rates(given: object) -> Mapping[str, float]:
    return MappingProxyType({name: _within(_float(rate), 0.01, 1_000_000) for name, rate in _pairs(given).items()})


def _limits(given: object) -> Mapping[str, Limit]:
    """Those that are not named are as they are by default; one that is not known is refused."""
    named = {name: Limit.of(text) for name, text in _pairs(given).items()}
    if not named.keys() <= LIMITS_BY_DEFAULT.keys():
        raise ValueError
    return MappingProxyType({**LIMITS_BY_DEFAULT, **named})


def _limit_texts(limits: Any) -> dict[str, str]:
    return {name: str(one) for name, one in limits.items()}


def _cron(given: object) -> str:
    cron_rules.check(_text(given), "UTC")
    return _text(given)


def _zone(given: object) -> str:
    cron_rules.check("0 0 * * *", _text(given))
    return _text(given)


def _raw_text(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError
    return given if isinstance(given, str) else str(given)


def _text(given: object) -> str:
    text = _raw_text(given).strip()
    if not text or not text.isprintable():
        raise ValueError
    return text


def _integer(given: object) -> int:
    return int(_text(given))


def _float(given: object) -> float:
    value = float(_text(given))
    if not math.isfinite(value):
        raise ValueError
    return value


def _within(value: N, least: float, most: float) -> N:
    if not least <= value <= most:
        raise ValueError
    return value


BOOLEAN = Kind("true or false", _boolean, switch=True)
PATH = Kind("a path", _path, show=str)
POSTGRES_URL = Kind(
    "a URL that begins with postgresql://, / ? and # of a password percent-encoded",
    _postgres_url,
    show=lambda _: STARS,
    secret=True,
)
KEY = Kind(f"at least {SHORTEST_KEY} characters", _key, show=lambda _: STARS, secret=True)
SECRET = Kind("a text", lambda given: Secret(_text(given)), show=lambda _: STARS, secret=True)
TEXT = Kind("a text", _text)
ISSUER = Kind("a URL that begins with https://, or http:// of this machine", _issuer)
URL = Kind("a URL that begins with http:// or https://, without a password", _url)
CONTACT = Kind("a mail address or a URL", _contact)
ADDRESS = Kind("HOST:PORT with an address of this machine, such as 127.0.0.1:8080 (port 0 takes a free one)", _address)
PUBLIC_URLS = Kind(
    "URLs without a path, with commas between: https://triald.example.org",
    _public_urls,
    show=lambda value: list(value),  # type: ignore[call-overload]
)
# What is shown of these is what their own parser made: a `Kind` of anything cannot tell the type checker so.
WORDS = Kind("names with commas between", _words, show=lambda value: list(value))  # type: ignore[call-overload]
BASES = Kind("host=URL with commas between", _bases, show=lambda value: dict(value))  # type: ignore[call-overload]
HOSTS = Kind("HOST:PORT with commas between", _hosts, show=lambda value: list(map(_host_text, value)))  # type: ignore[call-overload]
RATES = Kind("name=number with commas between", _rates, show=lambda value: dict(value))  # type: ignore[call-overload]
NETWORKS = Kind("networks such as 10.0.0.0/8 with commas between", _networks, show=_network_texts)
LIMITS = Kind(
    "name=count/period with commas between, such as viewer=60/min or logins=10/15min", _limits, show=_limit_texts
)
MAIL = Kind("a mail address such as triald@example.org", lambda given: mail_address(_text(given)))
MAILS = Kind("mail addresses with commas between", _addresses, show=lambda value: list(value))  # type: ignore[call-overload]
HOST = Kind("the name or the address of a host", _host_name)
EVENTS_URL = Kind("a URL that begins with https://, or http:// of a host of our own", _events_url)
CRON = Kind("five fields: minute hour day month weekday", _cron)
ZONE = Kind("an IANA time zone such as Europe/Berlin", _zone)
