"""Where a request may go, as tables."""

from ipaddress import ip_address

import pytest
from yarl import URL

from actors.runtime.guard import ForbiddenAddress, Guard, door, is_public, is_this_machine, loopback_of

HOSTS = ("clinicaltrials.gov", "www.clinicaltrials.gov")
BASES = {"clinicaltrials.gov": "http://127.0.0.1:9000", "example.org": "http://127.0.0.1:9001"}
MIRROR = {"clinicaltrials.gov": "https://mirror.example/ctgov/"}


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1",
        "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9",
        "168.63.129.16", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
        "192.168.0.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
        "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1",
        "2001:db8::1",
        "3fff::1", "3fff:fff:ffff::1", "2001::1", "100::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
        "::127.0.0.1", "64:ff9b:1::a00:1", "5f00::1", "fd12:3456::1",
        "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "130.14.29.110", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "169.253.255.255",
     "2607:f220:41e:4290::110", "2a00:1450:4001:82b::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)  # fmt: skip
def test_an_address_out_in_the_world_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "00000177.0.0.1", "017700000001",
     "127.0.0.1.", "10.0.0.1.", "1.2.3.4.5", "999.1", "127。0。0。1", "①②⑦.0.0.1", "[::ffff:7f00:1]",
     "[::127.0.0.1]", "[fe80::1%25eth0]", "[64:ff9b::7f00:1]", "0xa9fea9fe", "2852039166", "0", "0x0"],
)  # fmt: skip
def test_an_address_is_known_in_every_way_in_which_it_may_be_written(host: str) -> None:
    """C21: the connector asks no resolver for what it takes for an address, so nobody else would look at it."""
    with pytest.raises(ForbiddenAddress):
        Guard().check_literal(URL(f"https://{host}/hook"))


def test_one_forbidden_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(ForbiddenAddress, match=r"10\.0\.0\.1"):
        Guard().check("clinicaltrials.gov", 443, ["8.8.8.8", "10.0.0.1"])


def test_loopback_is_allowed_to_the_stand_in_and_its_port_alone() -> None:
    guard = Guard(loopback_of(BASES))

    guard.check("127.0.0.1", 9000, ["127.0.0.1"])
    for host, port, address in (
        ("127.0.0.1", 9002, "127.0.0.1"),
        ("localhost", 9000, "127.0.0.1"),
        ("clinicaltrials.gov", 443, "127.0.0.1"),
        ("127.0.0.1", 9000, "169.254.169.254"),
    ):
        with pytest.raises(ForbiddenAddress):
            guard.check(host, port, [address])


@pytest.mark.parametrize("url", ["https://169.254.169.254/latest", "https://[::1]/", "https://10.0.0.1:8080/"])
def test_a_host_written_as_an_address_is_checked_too(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        Guard().check_literal(URL(url))


@pytest.mark.parametrize(
    ("asked", "bases", "goes_to"),
    [
        ("https://clinicaltrials.gov/api/v2/studies?a=b%20c&a=d", {}, "https://clinicaltrials.gov/api/v2/studies?a=b%20c&a=d"),
        ("https://clinicaltrials.gov/", {}, "https://clinicaltrials.gov/"),
        ("https://CLINICALTRIALS.GOV/x", {}, "https://clinicaltrials.gov/x"),
        ("https://clinicaltrials.gov:443/x#part", {}, "https://clinicaltrials.gov/x"),
        ("https://www.clinicaltrials.gov/x", BASES, "https://www.clinicaltrials.gov/x"),
        ("https://clinicaltrials.gov/api/v2/studies?a=%2B", BASES, "http://127.0.0.1:9000/api/v2/studies?a=%2B"),
        ("https://clinicaltrials.gov/a%2Fb", BASES, "http://127.0.0.1:9000/a%2Fb"),
        ("http://127.0.0.1:9000/moved?x=1", BASES, "http://127.0.0.1:9000/moved?x=1"),
        ("https://clinicaltrials.gov/x?y=1", MIRROR, "https://mirror.example/ctgov/x?y=1"),
        ("https://mirror.example/ctgov/z", MIRROR, "https://mirror.example/ctgov/z"),
    ],
)  # fmt: skip
def test_the_door_opens_to(asked: str, bases: dict[str, str], goes_to: str) -> None:
    assert str(door(URL(asked), HOSTS, bases)) == goes_to


@pytest.mark.parametrize(
    "url",
    [
        "http://clinicaltrials.gov/x", "ftp://clinicaltrials.gov/x", "file:///etc/passwd", "//clinicaltrials.gov/x",
        "/api/v2", "", "https://clinicaltrials.gov:8443/x", "https://user:pass@clinicaltrials.gov/x",
        "https://clinicaltrials.gov@evil.example/x", "https://evil.example/clinicaltrials.gov",
        "https://clinicaltrials.gov.evil.example/", "https://sub.clinicaltrials.gov/", "https://clinicaltrials.gov./",
        "https://169.254.169.254/latest/meta-data", "http://169.254.169.254/latest/meta-data", "https://127.0.0.1/",
        "http://127.0.0.1:9001/another-registry", "http://127.0.0.1:9002/", "https://127.0.0.1:9000/",
        "https://example.org/",
    ],
)  # fmt: skip
def test_the_door_stays_shut_to(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        door(URL(url), HOSTS, BASES)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0", "", "127.1"])
def test_this_machine_is_not(host: str) -> None:
    assert not is_this_machine(host)


@pytest.mark.parametrize(
    "base", ["http://mirror.example", "http://10.0.0.1:80", "ftp://127.0.0.1", "127.0.0.1:9000", "", "https://a/?b=c"]
)
def test_a_base_without_tls_must_be_on_this_machine(base: str) -> None:
    with pytest.raises(ValueError, match=r"clinicaltrials\.gov"):
        loopback_of({"clinicaltrials.gov": base})


def test_bases_on_this_machine_are_the_only_loopback_addresses() -> None:
    bases = {"a": "http://127.0.0.1:9000", "b": "http://localhost:9001", "c": "https://[::1]", "d": "https://m.example"}

    assert loopback_of(bases) == {("127.0.0.1", 9000), ("localhost", 9001), ("::1", 443)}
