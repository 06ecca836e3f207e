"""The client's address behind any number of proxies, honest or not."""

from ipaddress import ip_address

import pytest

from kit.client_address import TrustedProxies, client_address, parse_address

NOBODY = TrustedProxies()
PROXIES = TrustedProxies.parse(["10.0.0.0/8", "2001:db8::/64"])


def test_a_forged_forwarded_header_changes_nothing() -> None:
    assert client_address("203.0.113.9", ["1.2.3.4"], NOBODY) == ip_address("203.0.113.9")
    assert client_address("203.0.113.9", ["1.2.3.4"], PROXIES) == ip_address("203.0.113.9")


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("10.0.0.1", ["[2001:db8:1::7]:4711"], "2001:db8:1::7"),
        ("2001:db8::5", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("::ffff:198.51.100.7", ["1.2.3.4"], "198.51.100.7"),
    ],
)
def test_the_client_is_the_right_most_hop_that_is_not_ours(
    peer: str, headers: list[str], client: str
) -> None:
    assert client_address(peer, headers, PROXIES) == ip_address(client)


def test_a_proxy_on_a_unix_socket_is_trusted_only_when_named() -> None:
    named = TrustedProxies.parse(["unix"])
    assert client_address(None, ["198.51.100.7"], named) == ip_address("198.51.100.7")
    assert client_address("/run/gateway.sock", ["198.51.100.7"], named) == ip_address("198.51.100.7")
    assert client_address(None, ["198.51.100.7"], NOBODY) is None


def test_a_mapped_network_trusts_the_ipv4_network_it_means() -> None:
    mapped = TrustedProxies.parse(["::ffff:10.0.0.0/104"])
    assert client_address("10.1.2.3", ["198.51.100.7"], mapped) == ip_address("198.51.100.7")


def test_a_million_hops_cost_nothing() -> None:
    header = ",".join(["10.0.0.1"] * 1_000_000)
    assert client_address("10.0.0.1", ["1.2.3.4," + header], PROXIES) == ip_address("10.0.0.1")


def test_a_setting_that_is_no_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        TrustedProxies.parse(["10.0.0.1/8"])


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "1.2.3.4:port", "١.٢.٣.٤"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


def test_a_zone_is_dropped() -> None:
    assert parse_address("fe80::1%eth0") == ip_address("fe80::1")
