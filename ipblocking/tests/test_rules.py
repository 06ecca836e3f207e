"""Whether an address may come in."""

from __future__ import annotations

import base64
import ipaddress
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipblocking import rules
from ipblocking.addresses import Network
from ipblocking.entries import Entry, parse, section, to_lines
from ipblocking.review import review
from ipblocking.rules import Blocklist, Decision, Matcher, Rule

NOW = 1_800_000_000.0  # 2027-01-15T08:00Z


def matcher(text: str) -> Matcher:
    """Of one list."""
    found = parse(text, now=NOW)
    assert not [one for one in found.findings if one.level == "error"]
    return rules.compile_lines(to_lines(found.entries))


def blocked(text: str, address: str, now: float = NOW) -> bool:
    return matcher(text).blocked(address, now).blocked


def test_an_empty_list_blocks_nobody() -> None:
    assert matcher("").blocked("1.2.3.4", NOW) == Decision(False, "no_rule", "1.2.3.4")
    assert not blocked("", "::1")


def test_a_listed_address_is_blocked_and_the_rule_named() -> None:
    decision = matcher("1.2.3.0/24 until 2028-01-01 # spam").blocked("1.2.3.4", NOW)
    assert decision == Decision(True, "block", "1.2.3.4", "1.2.3.0/24", "spam", 1_830_297_600)


@pytest.mark.parametrize(
    ("line", "address", "expected"),
    [
        ("1.2.3.4", "1.2.3.4", True),
        ("1.2.3.4", "11.2.3.4", False),
        ("1.2.3.4", "1.2.3.45", False),
        ("1.2.3.4", "::ffff:1.2.3.4", True),
        ("1.2.3.4", "::ffff:102:304", True),
        ("::ffff:1.2.3.4", "1.2.3.4", True),
        ("1.2.3.4", "::1.2.3.4", False),
        ("10.0.0.0/8", "10.255.255.255", True),
        ("10.0.0.0/8", "11.0.0.0", False),
        ("10.0.0.0/8", "9.255.255.255", False),
        ("fe80::1", "fe80::1%eth0", True),
        ("fe80::1%eth0", "fe80::1%wlan1", True),
        ("2001:db8::/32", "2001:DB8:ffff::", True),
        ("2001:db8::/32", "2001:db9::", False),
        ("0.0.0.0/0", "255.255.255.255", True),
        ("0.0.0.0/0", "::1", False),
        ("::/0", "::ffff:1.2.3.4", False),
        ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", True),
        ("255.255.255.255", "255.255.255.255", True),
        ("1.1.1.1-1.1.1.3", "1.1.1.3", True),
        ("1.1.1.1-1.1.1.3", "1.1.1.4", False),
    ],
)
def test_exactly_the_addresses_of_an_entry_are_blocked(line: str, address: str, expected: bool) -> None:
    assert blocked(line, address) is expected


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "1.2.3",
        "01.2.3.4",
        "1.2.3.4 ",
        "1.2.3.4:80",
        "[::1]",
        "1.2.3.4, 5.6.7.8",
        "\0",
        "é",
        "\ud800",
        "::1%",
        "1" * 10_000,
        "localhost",
    ],
)
def test_what_is_no_address_is_shut_out_without_an_error(address: str) -> None:
    assert matcher("").blocked(address, NOW)[:2] == (True, "invalid")
    assert matcher("").covering(address, NOW) == []


@pytest.mark.parametrize("address", [None, 7, b"1.2.3.4", ipaddress.ip_address("1.2.3.4")])
def test_what_is_no_text_is_shut_out_without_an_error(address: object) -> None:
    assert matcher("!0.0.0.0/0").blocked(address, NOW)[:2] == (True, "invalid")  # type: ignore[arg-type]


def test_an_exception_wins_inside_outside_and_beside_its_block() -> None:
    for text in ("10.0.0.0/8\n!10.1.0.0/16", "10.1.2.0/24\n!10.0.0.0/8", "10.1.2.3\n!10.1.2.3"):
        assert matcher(text).blocked("10.1.2.3", NOW)[:2] == (False, "allow"), text
    assert blocked("10.0.0.0/8\n!10.1.0.0/16", "10.2.0.0")


def test_an_exception_names_itself() -> None:
    decision = matcher("10.0.0.0/8\n!10.1.0.0/16 # office").blocked("10.1.2.3", NOW)
    assert (decision.rule, decision.reason) == ("10.1.0.0/16", "office")


def test_an_entry_ends_at_its_moment_and_not_before() -> None:
    where = matcher("1.2.3.4 until 2028-01-01T00:00Z")
    end = 1_830_297_600
    assert where.blocked("1.2.3.4", end - 0.001).blocked
    assert where.blocked("1.2.3.4", end) == Decision(False, "no_rule", "1.2.3.4")


def test_when_the_narrow_entry_ends_the_wide_one_decides() -> None:
    where = matcher("10.0.0.0/8 # wide\n10.1.0.0/16 until 2028-01-01 # narrow\n")
    assert where.blocked("10.1.2.3", NOW).reason == "narrow"
    assert where.blocked("10.1.2.3", 2_000_000_000).reason == "wide"


def test_when_the_exception_ends_the_block_is_back() -> None:
    text = "10.0.0.0/8\n!10.1.0.0/16 until 2028-01-01"
    assert not blocked(text, "10.1.2.3")
    assert blocked(text, "10.1.2.3", 2_000_000_000)


def test_the_tester_sees_every_entry_that_covers_an_address() -> None:
    where = matcher("10.0.0.0/8 # wide\n10.1.0.0/16 until 2020-01-01\n!10.1.2.3\n11.0.0.0/8")
    assert where.covering("::ffff:10.1.2.3", NOW) == [
        Rule("10.1.2.3", "allow", "", None, True),
        Rule("10.1.0.0/16", "block", "", "2020-01-01T00:00Z", False),
        Rule("10.0.0.0/8", "block", "wide", None, True),
    ]


# --- against the standard library ------------------------------------------------------------------------------------

# Few and close numbers, so that networks nest, touch and repeat.
near4 = st.builds(
    lambda high, low: (high << 24) | low,
    st.sampled_from([0, 10, 255]),
    st.integers(0, 40) | st.just(0xFFFFFF),
)
near6 = st.builds(
    lambda high, low: (high << 112) | low,
    st.sampled_from([0, 0x2001, 0xFFFF]),
    st.integers(0, 40) | st.just(2**112 - 1),
)
networks = st.one_of(
    st.tuples(near4, st.sampled_from([0, 1, 8, 24, 28, 30, 31, 32])).map(
        lambda pair: ipaddress.IPv4Network(pair, strict=False)
    ),
    st.tuples(near6, st.sampled_from([0, 1, 16, 112, 122, 126, 127, 128])).map(
        lambda pair: ipaddress.IPv6Network(pair, strict=False)
    ),
)
listed = st.lists(
    st.tuples(networks, st.sampled_from(["block", "block", "allow"]), st.sampled_from([None, 50, 150])),
    max_size=12,
)
asked = near4.map(ipaddress.IPv4Address) | near6.map(ipaddress.IPv6Address)


def entry(network: ipaddress.IPv4Network | ipaddress.IPv6Network, kind: str, expires: int | None) -> Entry:
    return Entry(Network(network.version, int(network.network_address), network.prefixlen), kind, "", expires)


@settings(max_examples=400, deadline=None)
@given(listed, st.lists(asked, min_size=1, max_size=8))
def test_decisions_agree_with_the_standard_library(rows: list, addresses: list) -> None:
    where = Matcher([entry(*row) for row in rows])
    now = 100.0
    for address in addresses:
        address = getattr(address, "ipv4_mapped", None) or address
        covering = [row for row in rows if address in row[0] and (row[2] is None or row[2] > now)]
        expected = bool(covering) and not any(kind == "allow" for _, kind, _ in covering)
        decision = where.blocked(str(address), now)
        assert decision.blocked is expected
        assert len(where.covering(str(address), now)) == len([row for row in rows if address in row[0]])
        if expected:
            narrowest = max(network.prefixlen for network, _, _ in covering)
            assert decision.rule is not None
            assert ipaddress.ip_network(decision.rule).prefixlen == narrowest


@settings(max_examples=200, deadline=None)
@given(listed)
def test_the_blocked_share_agrees_with_the_standard_library(rows: list) -> None:
    where = Matcher([entry(*row) for row in rows])
    alive = [row for row in rows if row[0].version == 4 and (row[2] is None or row[2] > 100)]
    shut = list(ipaddress.collapse_addresses(network for network, kind, _ in alive if kind == "block"))
    for allowed in ipaddress.collapse_addresses(network for network, kind, _ in alive if kind == "allow"):
        rest: list[ipaddress.IPv4Network] = []
        for network in shut:
            if network.subnet_of(allowed):
                continue
            rest += network.address_exclude(allowed) if allowed.subnet_of(network) else [network]
        shut = rest
    assert where.blocked_share(4, 100.0) == sum(network.num_addresses for network in shut) / 2**32


# --- dangers ---------------------------------------------------------------------------------------------------------


def dangers(text: str, **more: Any) -> list[tuple[int, str, str, str]]:
    found = parse(text, now=NOW)
    return [(one.line, one.code, one.value, one.suggestion) for one in review(found.entries, now=NOW, **more)]


def test_a_list_that_blocks_its_author_says_so() -> None:
    assert dangers("8.8.8.8\n203.0.113.0/24", own_address="::ffff:203.0.113.9") == [
        (2, "blocks_you", "203.0.113.9", "203.0.113.0/24")
    ]
    assert dangers("203.0.113.0/24\n!203.0.113.9", own_address="203.0.113.9") == []
    assert dangers("203.0.113.0/24 until 2020-01-01", own_address="203.0.113.9") == []
    assert dangers("203.0.113.0/24", own_address="not an address") == []


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("0.0.0.0/0", "IPv4"),
        ("0.0.0.0/1\n128.0.0.0/1", "IPv4"),
        ("0.0.0.0-255.255.255.254", "IPv4"),
        ("::/0", "IPv6"),
    ],
)
def test_a_list_that_blocks_everyone_says_so(text: str, family: str) -> None:
    assert [(code, value) for _, code, value, _ in dangers(text) if code == "blocks_everyone"] == [
        ("blocks_everyone", family)
    ]


def test_a_few_exceptions_do_not_make_it_harmless() -> None:
    assert "blocks_everyone" in [code for _, code, _, _ in dangers("0.0.0.0/0\n!203.0.113.0/24")]
    assert "blocks_everyone" not in [code for _, code, _, _ in dangers("0.0.0.0/1")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.2.3", [(1, "blocks_private", "10.1.2.3", "10.0.0.0/8")]),
        ("172.16.0.0/11", [(1, "blocks_private", "172.0.0.0/11", "172.16.0.0/12")]),
        ("::1", [(1, "blocks_private", "::1", "::1")]),
        ("fd00::/8", [(1, "blocks_private", "fd00::/8", "fc00::/7")]),
        ("192.168.0.0/16\n!192.168.0.0/16", []),
        ("10.0.0.0/8\n!10.0.0.0/16", [(1, "blocks_private", "10.0.0.0/8", "10.0.0.0/8")]),
        ("8.8.8.8\n172.32.0.0/16", []),
    ],
)
def test_a_list_that_may_block_the_organisation_s_own_proxy_says_so(text: str, expected: list) -> None:
    assert dangers(text) == expected


def test_a_list_that_blocks_a_trusted_proxy_says_so() -> None:
    assert dangers("198.51.100.0/24", proxies=["198.51.100.7", "no network"]) == [
        (1, "blocks_proxy", "198.51.100.0/24", "198.51.100.7")
    ]


# --- size and speed --------------------------------------------------------------------------------------------------


def test_a_long_list_is_read_compiled_and_asked_within_its_bounds() -> None:
    # A tenth of the benchmark's list.
    lines = [f"{n % 223 + 1}.{n * 7 % 256}.{n * 13 % 256}.{n * 31 % 256}" for n in range(12_000)]
    lines += [f"{n % 223 + 1}.{n % 251}.{n % 239}.0/24 # x" for n in range(4_000)]
    found = parse("\n".join(lines), now=NOW)
    canonical = to_lines(found.entries)
    tracemalloc.start()
    where = rules.compile_lines(canonical)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 6_000_000
    assert all(where.blocked(line, NOW).blocked for line in lines[:12_000])


# --- several lists ---------------------------------------------------------------------------------------------------


def several(own: list[str], **lists: list[str]) -> Blocklist:
    return rules.compile(section(own, lists))


def test_a_shared_list_blocks_beside_the_channel_s_own() -> None:
    where = several(["1.1.1.1 # mine"], Bots=["2.0.0.0/8 # theirs"])
    assert where.blocked("1.1.1.1", NOW) == Decision(True, "block", "1.1.1.1", "1.1.1.1", "mine")
    assert where.blocked("2.1.1.1", NOW) == Decision(
        True, "block", "2.1.1.1", "2.0.0.0/8", "theirs", None, "Bots"
    )
    assert where.blocked("3.1.1.1", NOW) == Decision(False, "no_rule", "3.1.1.1")


def test_an_exception_of_any_list_wins_over_the_blocks_of_all() -> None:
    where = several(["allow 2.1.0.0/16"], A=["2.1.1.1"], B=["allow 2.9.0.0/16"], C=["2.0.0.0/8"])
    assert where.blocked("2.1.1.1", NOW).rule == "2.1.0.0/16"
    assert where.blocked("2.9.1.1", NOW) == Decision(False, "allow", "2.9.1.1", "2.9.0.0/16", source="B")
    assert where.blocked("2.8.1.1", NOW).blocked
    assert [rule.source for rule in where.covering("2.1.1.1", NOW)] == ["", "A", "C"]


def test_without_an_entry_nobody_need_be_asked() -> None:
    assert not several([], A=[])
    assert several(["1.1.1.1 until 2001-01-01T00:00Z"])
    assert several([], A=[]).blocked("nonsense", NOW) == Decision(False, "no_rule", "nonsense")
    assert several(["1.1.1.1"]).blocked("nonsense", NOW).code == "invalid"


def test_one_shared_list_is_compiled_once_however_many_channels_use_it() -> None:
    lines = ["9.9.9.0/24"]
    one, other = several(["1.1.1.1"], A=lines), several(["2.2.2.2"], A=list(lines))
    assert one.lists[1][1] is other.lists[1][1]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"format": 3, "entries": [], "lists": []},
        {"format": 2, "entries": []},
        {"format": 1, "entries": [1]},
    ],
)
def test_a_section_of_another_shape_is_not_compiled(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="section"):
        rules.compile(broken)


# --- as it travels ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("short", "format"), [(0, 2), (1_000, 1)])
def test_a_section_as_it_travels_decides_the_same(
    monkeypatch: pytest.MonkeyPatch, short: int, format: int
) -> None:
    monkeypatch.setattr(rules, "SHORT", short)
    lines = to_lines(
        parse("10.0.0.0/8 # é\nallow 10.1.0.0/16 until 2030-01-01\n2001:db8::/32", now=NOW).entries
    )
    whole = section(lines, {"Bots": ["9.9.9.9"], "Empty": []})
    assert rules.packed(whole)["format"] == format
    travelling = rules.compile(rules.packed(whole))
    for address in ("10.2.0.1", "10.1.0.1", "2001:db8::7", "9.9.9.9", "8.8.8.8"):
        assert travelling.blocked(address, NOW) == rules.compile(whole).blocked(address, NOW)
    assert [name for name, _ in travelling.lists] == ["", "Bots"]


def test_a_list_longer_than_a_piece_is_read_to_its_end() -> None:
    lines = [f"10.{n >> 8}.{n & 255}.{last}" for n in range(6_000) for last in (10, 20)]
    where = rules.compile(rules.packed(section(lines)))
    assert len(where) == len(lines)
    assert where.blocked(lines[-1], NOW).blocked


def _as_text(plain: bytes) -> str:
    return base64.b64encode(plain).decode()


@pytest.mark.parametrize(
    "text",
    [
        "not base64!",
        _as_text(b"not compressed"),
        _as_text(zlib.compress(b"1.1.1.1")[:-5]),
        _as_text(zlib.compress(b"\xff")),
        _as_text(zlib.compress(b"1.1.1.1\nnonsense")),
        _as_text(zlib.compress(b"2.2.2.2\n1.1.1.1")),
        _as_text(zlib.compress(b"1" * 30_000_000)),
        7,
    ],
)
def test_what_did_not_travel_well_is_not_compiled(text: object) -> None:
    with pytest.raises(ValueError):
        rules.compile({"format": 2, "lists": [["", text]]})
