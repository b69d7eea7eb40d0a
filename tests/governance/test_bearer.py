"""Access tokens: only what our own keys have signed, in the one way that we sign, and only while it lasts."""

import base64
import hashlib
import hmac
import json
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.governance.accounts import bearer
from actors.governance.accounts.bearer import ALGORITHM, LONGEST, SKEW_S, TYPE, Key, NotOurs
from demo.oidc_keys import Key as Pair

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
LASTS_S = 900
KEY = bearer.key_of("0123456789abcdef", b"s" * 32, ("a secret of the operator",))
KEYS = {KEY.id: KEY}
HEAD: dict[str, Any] = {"alg": ALGORITHM, "typ": TYPE, "kid": KEY.id}
CLAIMS: dict[str, Any] = {
    "iss": "triald", "aud": "triald", "sub": "7", "sid": 5, "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + LASTS_S,
}  # fmt: skip
GOOD = bearer.sign(KEY, user=7, session=5, now=NOW, lasts_s=LASTS_S)


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def token(head: object, claims: object, secret: bytes | None = None, kind: str = "sha256", *, raw: bool = False) -> str:
    """As any program would make it; `raw`: head and claims are bytes already."""
    parts = [one if raw else json.dumps(one).encode() for one in (head, claims)]
    signed = ".".join(encoded(part) for part in parts if isinstance(part, bytes))
    key = KEY.secrets[0] if secret is None else secret
    return f"{signed}.{encoded(hmac.digest(key, signed.encode(), kind))}"


def opens(text: str, keys: dict[str, Key] = KEYS, at: datetime = NOW) -> bool:
    try:
        bearer.read(text, keys, at)
    except NotOurs:
        return False
    return True


def test_what_we_signed_is_believed_and_says_whose_it_is() -> None:
    """N35: the way there and back; made by hand it is the same."""
    told = bearer.read(GOOD, KEYS, NOW)
    assert (told.user, told.session, told.until_s) == (7, 5, NOW_S + LASTS_S)
    assert opens(token(HEAD, CLAIMS))
    assert len(GOOD) < LONGEST / 2


# ── the header ──

NO_TEXTS: list[Any] = [None, 0, 1.5, True, ["HS256"], [KEY.id], {}, {KEY.id: 1}]
HEADS: list[dict[str, Any]] = [
    *({**HEAD, "alg": one} for one in ("none", "None", "NONE", "nOnE", "", " HS256", "hs256", "HS384", "HS512")),
    *({**HEAD, "alg": one} for one in ("RS256", "ES256", "EdDSA", "PS256", "HS256\0")),
    *({**HEAD, "alg": odd} for odd in NO_TEXTS),
    {name: value for name, value in HEAD.items() if name != "alg"},
    *({**HEAD, "typ": one} for one in ("JWT", "AT+JWT", "application/at+jwt", "", None, 1)),
    {name: value for name, value in HEAD.items() if name != "typ"},
    *({**HEAD, "kid": one} for one in ("", KEY.id.upper(), KEY.id + " ")),
    *({**HEAD, "kid": odd} for odd in NO_TEXTS),
    *({**HEAD, "kid": one} for one in ("../../../dev/null", "/dev/null", "' or 1=1 --", "x' union select salt", "\0")),
    {name: value for name, value in HEAD.items() if name != "kid"},
    {**HEAD, "crit": ["exp"]},
    {**HEAD, "crit": ["b64"], "b64": False},
    {**HEAD, "b64": False},
    {**HEAD, "jku": "https://evil.example/keys"},
    {**HEAD, "x5u": "https://evil.example/cert"},
    {**HEAD, "jwk": {"kty": "oct", "k": encoded(b"")}},
    {**HEAD, "x5c": ["MII="]},
    {**HEAD, "cty": "JWT"},
    {**HEAD, "zip": "DEF"},
    {**HEAD, "enc": "A256GCM"},
]


@pytest.mark.parametrize("head", HEADS, ids=repr)
@pytest.mark.parametrize("secret", [None, b"", b"None", KEY.id.encode(), b"\0"], ids=repr)
def test_a_header_that_is_not_ours_opens_nothing(head: dict[str, Any], secret: bytes | None) -> None:
    """Whatever it was signed with, our own key included."""
    for kind in ("sha256", "sha384", "sha512"):
        assert not opens(token(head, CLAIMS, secret, kind))
    assert not opens(token(head, CLAIMS).rpartition(".")[0] + ".")


@pytest.mark.parametrize("secret", [b"", b"\0", b"triald", KEY.id.encode(), b"s" * 32, KEY.secrets[0][:-1]])
def test_a_good_token_of_another_secret_opens_nothing(secret: bytes) -> None:
    assert not opens(token(HEAD, CLAIMS, secret))


def test_what_a_pair_of_keys_has_signed_opens_nothing() -> None:
    """The public half as a secret of HMAC, and the private half as itself."""
    for pair in (Pair.fresh("RS256"), Pair.fresh("ES256")):
        assert not opens(token(HEAD, CLAIMS, pair.pem))
        assert not opens(jwt.encode(CLAIMS, pair.private, pair.algorithm, headers={"kid": KEY.id, "typ": TYPE}))
        assert not opens(token({**HEAD, "jwk": pair.public()}, CLAIMS, pair.pem))


# ── the claims ──

ODD_NUMBERS: list[Any] = [
    None, True, False, "", "5", str(NOW_S + LASTS_S), -1, 0, 10**18, 10**30, -(10**30), 1.5, float(NOW_S + 60),
    float("inf"), float("-inf"), float("nan"), [5], {"a": 5}, [], {},
]  # fmt: skip


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "sid"])
def test_a_number_that_is_none_opens_nothing(name: str) -> None:
    for odd in ODD_NUMBERS:
        assert not opens(token(HEAD, {**CLAIMS, name: odd})), odd
    assert not opens(token(HEAD, {one: value for one, value in CLAIMS.items() if one != name}))


@pytest.mark.parametrize(
    ("name", "values"),
    [("iss", ["", "Triald", "triald ", "https://triald", None, 1, ["triald"], {"triald": 1}]),
     ("aud", ["", "TRIALD", None, 1, ["triald"], ["triald", "other"], [], {"triald": 1}]),
     ("sub", ["", "0x7", "-7", "+7", "7 ", " 7", "７", "7.0", "1e3", "7'--", "9" * 18]),
     ("sub", [None, 7, 7.0, True, ["7"], {"7": 7}])],
)  # fmt: skip
def test_a_claim_that_is_not_as_we_write_it_opens_nothing(name: str, values: list[Any]) -> None:
    for odd in values:
        assert not opens(token(HEAD, {**CLAIMS, name: odd})), odd
    assert not opens(token(HEAD, {one: value for one, value in CLAIMS.items() if one != name}))


@pytest.mark.parametrize(
    "claims", [b"", b"null", b"[]", b"5", b'"a"', b"{", b"\xff", b"{}", b"[" * 400, b'{"a":' * 100]
)
def test_claims_that_are_no_claims_open_nothing(claims: bytes) -> None:
    head = json.dumps(HEAD).encode()
    assert not opens(token(head, claims, raw=True))
    assert not opens(token(claims, json.dumps(CLAIMS).encode(), raw=True))


def test_of_names_that_come_twice_the_last_counts_and_nobody_but_us_can_write_them() -> None:
    """A second alg or exp is within what is signed: it changes nothing for who cannot sign."""
    twice = json.dumps(HEAD).replace("{", '{"alg":"none",', 1).encode()
    claims = json.dumps(CLAIMS).encode()
    assert not opens(token(twice, claims, b"", raw=True))
    late = json.dumps(CLAIMS).replace("}", f',"exp":{NOW_S - 1}}}').encode()
    assert not opens(token(json.dumps(HEAD).encode(), late, raw=True))
    again = json.dumps(HEAD).replace("}", ',"alg":"none"}').encode()
    assert not opens(token(again, claims, raw=True))


# ── its form ──

PADDED = [
    GOOD + "=", GOOD + "==", GOOD + ".", "." + GOOD, GOOD + "\n", "\n" + GOOD, " " + GOOD, GOOD + " ", GOOD + "\0",
    GOOD.replace(".", ". "), GOOD.replace(".", ".."), GOOD.replace(".", "\n."), GOOD[:-1], GOOD[1:], GOOD[:-43],
    GOOD + "A", GOOD + "!", GOOD + "~", GOOD + "\u00e9", GOOD.replace(".", "\uff0e"), GOOD + "." + GOOD, GOOD * 2,
    GOOD + "A" * LONGEST, "A" * LONGEST, GOOD.upper(), GOOD.lower(), GOOD[::-1], "", ".", "..", "ey..", "eyJ.eyJ.eyJ",
    "ey" + "." * 2 + "A" * 43,
]  # fmt: skip


@pytest.mark.parametrize("text", PADDED, ids=range(len(PADDED)))
def test_a_good_token_with_anything_more_or_less_opens_nothing(text: str) -> None:
    assert not opens(text)


def test_the_same_signature_written_otherwise_opens_nothing() -> None:
    """Base64 that leaves bits unused, or letters that a decoder skips: one token is one text."""
    start, last = GOOD[:-1], GOOD[-1]
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    same = [one for one in letters if one != last and _signature(start + one) == _signature(GOOD)]
    assert len(same) == 3
    assert not any(opens(start + one) for one in same)
    for skipped in "!*:,;\r\t\x0b\x7f|":
        assert not opens(f"{GOOD[:-5]}{skipped}{GOOD[-5:]}")
    assert not opens(GOOD.replace("-", "+").replace("_", "/") + "=")


def _signature(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rpartition(".")[2] + "=")


@given(st.data())
def test_no_change_of_a_good_token_opens_anything(data: st.DataObject) -> None:
    """One to three letters changed, left out or put in, anywhere."""
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        match data.draw(st.sampled_from(("change", "leave out", "put in"))):
            case "change":
                text = text[:at] + data.draw(st.characters()) + text[at + 1 :]
            case "leave out":
                text = text[:at] + text[at + 1 :]
            case _:
                text = text[:at] + data.draw(st.sampled_from(string.printable + "\u2028\ud800")) + text[at:]
    assert (text == GOOD) == opens(text)


@given(st.text(max_size=300), st.binary(max_size=200))
def test_whatever_is_shown_is_refused_and_nothing_breaks(text: str, part: bytes) -> None:
    for shown in (text, f"ey{text}.{text}.{text}", f"{encoded(part)}.{encoded(part)}.{encoded(part)}"):
        assert not opens(shown)


# ── time ──


@pytest.mark.parametrize(
    ("moved_s", "believed"),
    [(0, True), (LASTS_S - 1, True), (LASTS_S, False), (10**9, False), (-SKEW_S, True), (-SKEW_S - 1, False),
     (-(10**9), False)],
)  # fmt: skip
def test_a_clock_that_jumps_opens_nothing_before_or_after_its_time(moved_s: int, *, believed: bool) -> None:
    assert opens(GOOD, at=NOW + timedelta(seconds=moved_s)) is believed


def test_a_token_of_a_machine_whose_clock_is_ahead_is_believed_within_the_skew() -> None:
    for ahead_s, believed in ((SKEW_S, True), (SKEW_S + 1, False)):
        ahead = bearer.sign(KEY, user=7, session=5, now=NOW + timedelta(seconds=ahead_s), lasts_s=LASTS_S)
        assert opens(ahead) is believed


# ── keys ──


def test_a_secret_that_was_changed_is_believed_as_long_as_the_one_before_is_given() -> None:
    """N35: jwt_secret and jwt_secret_before; without the latter what it signed ends."""
    salt = hashlib.sha256(b"salt").digest()
    old, both, new = (bearer.key_of(KEY.id, salt, masters) for masters in (("old",), ("new", "old"), ("new",)))
    before, after = (bearer.sign(key, user=7, session=5, now=NOW, lasts_s=LASTS_S) for key in (old, both))
    assert (opens(before, {KEY.id: both}), opens(after, {KEY.id: both})) == (True, True)
    assert (opens(before, {KEY.id: new}), opens(after, {KEY.id: new})) == (False, True)
    assert not opens(after, {KEY.id: old})
    assert not opens(after, {KEY.id: bearer.key_of(KEY.id, salt, ())})


def test_a_key_opens_under_its_own_name_alone() -> None:
    other = Key("fedcba9876543210", KEY.secrets)
    moved = token({**HEAD, "kid": other.id}, CLAIMS)
    assert (opens(moved, {other.id: other}), opens(moved), opens(GOOD, {other.id: other})) == (True, False, False)
    assert not opens(GOOD, {})
