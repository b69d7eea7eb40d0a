"""Telling another program something: where to, and what may go wrong."""

from collections.abc import Sequence

import pytest

from actors.errors import Refusal
from actors.runtime.guard import ForbiddenAddress
from actors.runtime.post import EXCERPT_BYTES, BadTarget, NotAccepted, Post, Withheld, target
from demo.webhook_sink import Sink, sink
from tests.runtime.names import name_server


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook", "https://127.0.0.1/hook", "https://10.0.0.5/hook", "https://169.254.169.254/latest",
        "https://[::1]/hook", "https://localhost/hook", "https://db.internal/hook", "https://printer.local/hook",
        "ftp://example.org/", "https://user:secret@example.org/", "https://example.org/#part", "nonsense", "",
        "https://" + "a" * 2000 + ".org/", "file:///etc/passwd", "https://[::ffff:10.0.0.1]/", "https://example.org:99999/",
        "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://10.1/",
        "https://[64:ff9b::a00:1]/", "https://[::a00:1]/", "https://[fd00::1]/", "https://224.0.0.1/",
        "https://127.0.0.1./", "https://localhost./", "https://127。0。0。1/", "https://0/",
    ],
)  # fmt: skip
def test_what_is_no_place_to_send_to_is_refused_by_name(url: str) -> None:
    """N05: https to the world, nothing inside our own network."""
    with pytest.raises(BadTarget) as refused:
        target(url)
    assert refused.value.field == "url"


def test_a_host_that_a_setting_names_may_be_inside() -> None:
    """N05: with its port, and no other."""
    assert str(target("http://10.0.0.5:8080/hook", [("10.0.0.5", 8080)])) == "http://10.0.0.5:8080/hook"
    with pytest.raises(BadTarget):
        target("http://10.0.0.5:8081/hook", [("10.0.0.5", 8080)])
    assert target("https://example.org/hook").host == "example.org"


def posting(one: Sink, **more: float) -> Post:
    return Post(agent="tests", own=[("127.0.0.1", one.port)], **more)  # type: ignore[arg-type]


async def test_what_is_sent_arrives_with_its_headers() -> None:
    """N05."""
    async with sink() as one, posting(one) as post:
        status, _, excerpt = await post(one.url, b'{"a":1}', [("webhook-id", "7")])
    [event] = one.events
    assert (status, event.body, event.id, event.headers["user-agent"]) == (200, b'{"a":1}', "7", "tests")
    assert excerpt == "x" * EXCERPT_BYTES


@pytest.mark.parametrize("status", [199 + 101, 301, 400, 404, 410, 429, 500, 503])
async def test_what_is_not_taken_is_told_with_its_status(status: int) -> None:
    """N05: a redirect is not followed either."""
    async with sink() as one, posting(one) as post:
        one.status, one.location = status, "https://example.org/elsewhere"
        with pytest.raises(NotAccepted, match=str(status)) as failed:
            await post(one.url, b"{}", [])
    assert (failed.value.status, len(one.events)) == (status, 1)


async def test_a_target_that_hangs_up_is_silent_or_away_is_not_waited_for() -> None:
    """N05."""
    async with sink() as one, posting(one, timeout_s=0.2) as post:
        one.delay_s = 30.0
        with pytest.raises(NotAccepted, match="did not answer within"):
            await post(one.url, b"{}", [])
        one.delay_s, one.drops = 0.0, True
        with pytest.raises(NotAccepted, match="cannot be reached"):
            await post(one.url, b"{}", [])
        url = one.url
        async with sink() as gone:
            away, port = gone.url, gone.port
        async with Post(agent="tests", own=[("127.0.0.1", port)]) as other:
            with pytest.raises(NotAccepted, match="cannot be reached"):
                await other(away, b"{}", [])
    assert url


async def test_a_name_that_turns_out_to_be_inside_is_refused_when_it_is_asked() -> None:
    """N05: whatever it stood for when it was entered."""

    async def inside(host: str, port: int) -> Sequence[str]:
        return ["93.184.216.34", "10.0.0.5"]

    async with Post(agent="tests", resolve=inside) as post:
        with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.5"):
            await post("https://example.org/hook", b"{}", [])
        with pytest.raises(Refusal):
            await post("http://example.org/hook", b"{}", [])


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.5", "169.254.169.254", "224.0.0.1", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1",
     "ff02::1", "::ffff:10.0.0.5", "64:ff9b::a00:5", "::10.0.0.5", "2002:a00:5::", "192.168.1.1", "172.16.0.1"],
)  # fmt: skip
async def test_whatever_a_name_server_says_nothing_inside_is_called(address: str) -> None:
    """C21: also where only one of several addresses is inside; asked over a real socket."""
    async with name_server(["93.184.216.34", address]) as (names, resolve), Post(agent="t", resolve=resolve) as post:
        with pytest.raises(ForbiddenAddress, match="not a public address"):
            await post("https://hook.example.org/", b"{}", [])
    assert names.asked == ["hook.example.org"]


async def test_a_name_that_answers_otherwise_the_second_time_gains_nothing() -> None:
    """C21: rebinding: the address that was checked is the one that is called, and nobody asks again."""
    public = "93.184.216.34"
    async with sink() as inside, name_server([public], ["127.0.0.1"]) as (names, resolve):
        url = f"https://hook.example.org:{inside.port}/"
        async with Post(agent="t", resolve=resolve, timeout_s=0.3) as post:
            with pytest.raises(NotAccepted):
                await post(url, b"{}", [])
            assert len(names.asked) == 1
            with pytest.raises(ForbiddenAddress):  # looked up anew at the next attempt, and found out
                await post(url, b"{}", [])
    assert (len(names.asked), inside.events) == (2, [])


async def test_nothing_is_sent_while_the_service_may_not_send() -> None:
    """C21: in a mode that keeps to itself."""
    async with sink() as one, Post(agent="t", own=[("127.0.0.1", one.port)], may_send=lambda: False) as post:
        with pytest.raises(Withheld):
            await post(one.url, b"{}", [])
    assert one.events == []


async def test_a_body_that_never_ends_is_not_waited_for() -> None:
    """C21: its status has been told by then."""
    async with sink() as one, posting(one, timeout_s=5.0) as post:
        one.trickles = True
        answer = await post(one.url, b"{}", [])
    assert (answer.status, answer.excerpt[:1]) == (200, "x")
