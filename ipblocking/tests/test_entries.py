"""The block list as people write it: what is read, what is said, and what comes back out."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipblocking import rules
from ipblocking.addresses import Network, networks_of_range, read_address, read_network
from ipblocking.entries import (
    Entry,
    Finding,
    moment_text,
    of_lines,
    parse,
    parse_line,
    problems,
    read_moment,
    section,
    to_lines,
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NOW = 1_800_000_000.0  # 2027-01-15T08:00Z


def read(text: str) -> tuple[list[str], list[tuple[int, str, str]]]:
    """The entries as canonical lines, and the findings as (line, code, suggestion)."""
    found = parse(text, now=NOW)
    said = [(one.line, one.code, one.suggestion) for one in found.findings]
    return to_lines(found.entries), said


@pytest.mark.parametrize(
    ("line", "entries"),
    [
        ("1.2.3.4", ["1.2.3.4"]),
        ("  1.2.3.4\r", ["1.2.3.4"]),
        ("1.2.3.4/32", ["1.2.3.4"]),
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("10.0.0.0/255.0.0.0", ["10.0.0.0/8"]),
        ("10.0.0.0/0.0.0.0", None),
        ("0.0.0.0/0", ["0.0.0.0/0"]),
        ("0.0.0.0/0.0.0.0", ["0.0.0.0/0"]),
        ("2001:DB8:0:0::1", ["2001:db8::1"]),
        ("2001:db8::/32", ["2001:db8::/32"]),
        ("::/0", ["::/0"]),
        ("1.2.3.4-1.2.3.4", ["1.2.3.4"]),
        ("1.1.1.1 - 1.1.1.9", ["1.1.1.1", "1.1.1.2/31", "1.1.1.4/30", "1.1.1.8/31"]),
        ("0.0.0.0-255.255.255.255", ["0.0.0.0/0"]),
        ("2001:db8::-2001:db8::ff", ["2001:db8::/120"]),
        ("!1.2.3.4", ["allow 1.2.3.4"]),
        ("! 1.2.3.0/24", ["allow 1.2.3.0/24"]),
        ("allow 1.2.3.4", ["allow 1.2.3.4"]),
        ("ALLOW 1.2.3.4", ["allow 1.2.3.4"]),
        ("block 1.2.3.4", ["1.2.3.4"]),
        ("1.2.3.4 # spam", ["1.2.3.4 # spam"]),
        ("1.2.3.4# spam # again; and", ["1.2.3.4 # spam # again; and"]),
        ("1.10.16.0/20 ; SBL256894", ["1.10.16.0/20 # SBL256894"]),
        ("1.2.3.4 until 2028-01-01", ["1.2.3.4 until 2028-01-01T00:00Z"]),
        ("1.2.3.4 UNTIL 2028-01-01T12:30Z # x", ["1.2.3.4 until 2028-01-01T12:30Z # x"]),
        ("1.2.3.4 until 2028-01-01T12:30:15+02:00", ["1.2.3.4 until 2028-01-01T10:30:15Z"]),
        (
            "1.1.1.1-1.1.1.2 until 2028-01-01",
            ["1.1.1.1 until 2028-01-01T00:00Z", "1.1.1.2 until 2028-01-01T00:00Z"],
        ),
        ("", []),
        ("# only a comment", []),
        ("   ; too", []),
        ("#", []),
    ],
)
def test_a_line_is_read(line: str, entries: list[str] | None) -> None:
    if entries is None:
        assert read(line) == (["0.0.0.0/0"], [(1, "host_bits", "0.0.0.0/0")])
    else:
        assert read(line) == (entries, [])


@pytest.mark.parametrize(
    ("line", "entries", "code", "suggestion"),
    [
        ("10.1.2.3/8", ["10.0.0.0/8"], "host_bits", "10.0.0.0/8"),
        ("2001:db8::1/32", ["2001:db8::/32"], "host_bits", "2001:db8::/32"),
        ("fe80::1%eth0", ["fe80::1"], "zone", "fe80::1"),
        ("::ffff:1.2.3.4", ["1.2.3.4"], "mapped", "1.2.3.4"),
        ("::ffff:102:304", ["1.2.3.4"], "mapped", "1.2.3.4"),
        ("::ffff:10.0.0.0/104", ["10.0.0.0/8"], "mapped", "10.0.0.0/8"),
        ("1.2.3.4 until 2020-01-01", ["1.2.3.4 until 2020-01-01T00:00Z"], "expired", ""),
        ("1.2.3.4 # " + "x" * 201, ["1.2.3.4 # " + "x" * 200], "reason_cut", ""),
    ],
)
def test_a_line_worth_a_remark_is_kept(line: str, entries: list[str], code: str, suggestion: str) -> None:
    assert read(line) == (entries, [(1, code, suggestion)])
    assert {one.level for one in parse(line, now=NOW).findings} == {"warning"}


@pytest.mark.parametrize(
    ("line", "code", "suggestion"),
    [
        ("example.com", "not_an_address", ""),
        ("1.2.3", "not_an_address", ""),
        ("1.2.3.256", "not_an_address", ""),
        ("1.2.3.4.5", "not_an_address", ""),
        ("0x7f000001", "not_an_address", ""),
        ("2130706433", "not_an_address", ""),
        ("１.2.3.4", "not_an_address", ""),
        ("2001:db8:::1", "not_an_address", ""),
        ("1.2.3.4\0", "not_an_address", ""),
        ("<script>alert(1)</script>", "not_an_address", ""),
        ("fe80::1%", "not_an_address", ""),
        ("!", "not_an_address", ""),
        ("allow", "not_an_address", ""),
        ("allow # x", "not_an_address", ""),
        ("-", "not_an_address", ""),
        ("1.2.3.4-", "not_an_address", ""),
        ("010.1.1.1", "leading_zero", "10.1.1.1"),
        ("192.168.001.1/24", "leading_zero", "192.168.1.0/24"),
        ("1.2.3.*", "wildcard", "1.2.3.0/24"),
        ("10.*.*.*", "wildcard", "10.0.0.0/8"),
        ("10.1.", "wildcard", "10.1.0.0/16"),
        ("999.*", "wildcard", ""),
        ("1.2.3.4:8080", "with_port", "1.2.3.4"),
        ("[2001:db8::1]:443", "with_port", "2001:db8::1"),
        ("[2001:db8::1]", "brackets", "2001:db8::1"),
        ("1.2.3.4/33", "bad_length", ""),
        ("2001:db8::/129", "bad_length", ""),
        ("1.2.3.4/", "bad_length", ""),
        ("1.2.3.4/x", "bad_length", ""),
        ("1.2.3.4/-1", "not_an_address", ""),
        ("10.0.0.0/255.0.255.0", "bad_length", ""),
        ("10.0.0.0/0.0.0.255", "bad_length", ""),
        ("10.0.0.0/255.0.0", "bad_length", ""),
        ("1.2.3.9-1.2.3.1", "range_reversed", "1.2.3.1-1.2.3.9"),
        ("1.2.3.4-2001:db8::1", "range_mixed", ""),
        ("1.2.3.4 until", "bad_expiry", ""),
        ("1.2.3.4 until tomorrow", "bad_expiry", ""),
        ("1.2.3.4 until 2027-02-30", "bad_expiry", ""),
        ("1.2.3.4 until 9999-12-31T23:59-05:00", "bad_expiry", ""),
        ("1.2.3.4 5.6.7.8", "unknown_word", ""),
        ("deny 1.2.3.4", "unknown_word", ""),
        ("1.2.3.4 " + "x" * 1000, "too_long", ""),
    ],
)
def test_a_wrong_line_is_named_and_left_out(line: str, code: str, suggestion: str) -> None:
    found = parse("9.9.9.9\n" + line + "\n8.8.8.8", now=NOW)
    assert [str(entry.network) for entry in found.entries] == ["8.8.8.8", "9.9.9.9"]
    assert [(one.line, one.code, one.level, one.suggestion) for one in found.findings] == [
        (2, code, "error", suggestion)
    ]
    assert len(found.findings[0].value) <= 100


def test_a_duplicate_is_said_with_the_line_it_repeats() -> None:
    found = parse("1.2.3.4\n5.6.7.8\n1.2.3.4/32\n", now=NOW)
    assert found.findings == [Finding(3, "duplicate", "warning", "1.2.3.4", other=1)]
    assert [entry.line for entry in found.entries] == [1, 2]


def test_of_two_alike_the_one_that_lasts_longest_stays() -> None:
    assert read("1.2.3.4 until 2028-01-01\n1.2.3.4 # for ever\n") == (
        ["1.2.3.4 # for ever"],
        [(2, "duplicate", "")],
    )
    assert read("1.2.3.4 # for ever\n1.2.3.4 until 2028-01-01\n") == (
        ["1.2.3.4 # for ever"],
        [(2, "duplicate", "")],
    )


def test_an_entry_inside_a_wider_one_is_said() -> None:
    found = parse("1.2.3.4\n1.2.0.0/16\n", now=NOW)
    assert found.findings == [Finding(1, "covered", "warning", "1.2.3.4", "1.2.0.0/16", 2)]
    assert len(found.entries) == 2


def test_an_entry_that_outlasts_the_wider_one_is_not_needless() -> None:
    assert read("1.2.3.4\n1.2.0.0/16 until 2028-01-01\n")[1] == []
    assert read("1.2.3.4 until 2028-01-01\n1.2.0.0/16\n")[1] == [(1, "covered", "1.2.0.0/16")]


def test_an_exception_inside_a_block_is_what_exceptions_are_for() -> None:
    assert read("1.2.0.0/16\n!1.2.3.4\n")[1] == []
    assert read("!1.2.0.0/16\n!1.2.3.4\n")[1] == [(2, "covered", "1.2.0.0/16")]


def test_the_same_network_blocked_and_excepted_is_said() -> None:
    found = parse("1.2.3.4\n!1.2.3.4\n", now=NOW)
    assert [(one.line, one.code, one.other) for one in found.findings] == [(1, "contradiction", 2)]
    assert [entry.kind for entry in found.entries] == ["allow", "block"]


def test_a_reason_keeps_its_letters_and_loses_what_would_break_a_line() -> None:
    found = parse("1.2.3.4 # <script>\u202e \x1b[31m « é » {{ x }}\u2028z", now=NOW)
    assert found.entries[0].reason == "<script>  [31m « é » {{ x }} z".replace("<script>  ", "<script>   ")


def test_a_list_too_long_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipblocking.entries.MAX_ENTRIES", 3)
    found = parse("\n".join(f"1.1.1.{number}" for number in range(9)), now=NOW)
    assert (len(found.entries), found.findings) == (3, [Finding(4, "too_many", "error", "3")])


def test_one_line_can_be_read_alone() -> None:
    assert parse_line("!10.0.0.0/8 until 2028-01-01 # office", 7, now=NOW) == (
        [Entry(Network(4, 10 << 24, 8), "allow", "office", 1_830_297_600, 7)],
        [],
    )


# --- the section -----------------------------------------------------------------------------------------------------

LIST = "10.0.0.0/8\nallow 10.1.0.0/16 until 2028-01-01T00:00Z # office\n1.2.3.4 # spam\n2001:db8::/32\n1.1.1.1-1.1.1.3"


def test_the_section_is_the_golden_file() -> None:
    golden = Path(__file__).parent / "golden_section.json"
    made = section(to_lines(parse(LIST, now=NOW).entries), {"Tor": ["192.0.2.1"], "Bots": []})
    assert json.dumps(made, indent=1, sort_keys=True) + "\n" == golden.read_text(encoding="utf-8")


def test_the_same_lines_in_any_order_give_the_same_section() -> None:
    backwards = "\n".join(reversed(LIST.splitlines()))
    assert to_lines(parse(LIST, now=NOW).entries) == to_lines(parse(backwards, now=NOW).entries)


def test_a_section_reads_back_as_the_same_section() -> None:
    lines = to_lines(parse(LIST, now=NOW).entries)
    assert problems(section(lines)) == []
    assert to_lines(of_lines(lines)) == lines


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("10.0.0.1/8", "not_canonical"),
        ("10.0.0.1/32", "not_canonical"),
        ("!10.0.0.0/8", "not_canonical"),
        ("1.2.3.4 until 2028-01-01", "not_canonical"),
        ("1.2.3.4 #spam", "not_canonical"),
        ("1.2.3.4 # " + "x" * 201, "not_canonical"),
        ("x", "not_an_address"),
        ("010.1.1.1", "leading_zero"),
        ("1.2.3.4 until tomorrow", "bad_expiry"),
        ("1.1.1.1-1.1.1.3", "not_an_entry"),
        ("# nothing else", "not_an_entry"),
        (7, "not_a_text"),
    ],
)
def test_a_broken_line_is_named(line: Any, code: str) -> None:
    found = problems({"format": 1, "entries": ["1.2.3.3", line], "lists": []})
    assert ("entries.1", code) in [(one.path, one.code) for one in found]


def test_a_broken_section_is_described_not_raised() -> None:
    good = section(["1.2.3.4"])

    def codes(**changes: Any) -> list[tuple[str, str]]:
        return [(one.path, one.code) for one in problems({**good, **changes})]

    assert codes() == []
    assert [one.code for one in problems({})] == ["wrong_format", "not_a_list", "not_a_list"]
    assert [one.code for one in problems([])] == ["not_an_object"]
    assert codes(more=1) == [("more", "unknown_field")]
    assert codes(entries=["1.2.3.4", "1.2.3.4"]) == [("entries.1", "duplicate")]
    assert codes(entries=["1.2.3.4", "1.1.1.1"]) == [("entries.1", "not_sorted")]
    assert codes(lists=[{"name": "", "entries": []}]) == [("lists.0.name", "bad_name")]
    assert codes(lists=[{"name": "A", "entries": ["x"]}]) == [("lists.0.entries.0", "not_an_address")]
    assert codes(lists=[{"name": "A"}, 7]) == [("lists.0", "not_an_object"), ("lists.1", "not_an_object")]
    twice = [{"name": "B", "entries": []}, {"name": "B", "entries": []}, {"name": "A", "entries": []}]
    assert codes(lists=twice) == [("lists.1", "duplicate"), ("lists.2", "not_sorted")]


def test_more_than_a_snapshot_has_room_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipblocking.entries.MAX_CHARACTERS", 15)
    assert problems(section(["1.2.3.4"], {"A": ["1.1.1.1"]})) == [("entries", "too_large", "16")]


@pytest.mark.parametrize("line", ["1.2.3", "1.1.1.1-1.1.1.3", "# x", 7])
def test_a_line_that_is_no_entry_cannot_be_compiled(line: Any) -> None:
    with pytest.raises(ValueError, match=r"entries\.0"):
        of_lines([line])


# --- against the standard library ------------------------------------------------------------------------------------

four = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
six = st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address)


def lines_of_networks() -> st.SearchStrategy[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return st.one_of(
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
            lambda pair: ipaddress.IPv4Network(pair, strict=False)
        ),
        st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
            lambda pair: ipaddress.IPv6Network(pair, strict=False)
        ),
    )


@settings(deadline=None)
@given(st.one_of(four, six), st.booleans())
def test_an_address_reads_as_the_standard_library_reads_it(address: Address, exploded: bool) -> None:
    mapped = getattr(address, "ipv4_mapped", None) or address
    assert read_address(address.exploded if exploded else str(address)) == (mapped.version, int(mapped))


@settings(deadline=None)
@given(lines_of_networks())
def test_a_network_reads_as_the_standard_library_reads_it(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> None:
    found = read_network(str(network))
    assert found is not None
    if network.version == found.family:
        assert ipaddress.ip_network(str(found)) == network
        assert (found.first, found.last) == (int(network.network_address), int(network.broadcast_address))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789abcdef:./%x- ", max_size=30) | st.text(max_size=12))
def test_what_the_standard_library_refuses_is_refused(text: str) -> None:
    try:
        expected = ipaddress.ip_address(text)
    except ValueError:
        assert read_address(text) is None
    else:
        assert read_address(text) is not None or expected.version == 6


@settings(deadline=None)
@given(st.tuples(four, four) | st.tuples(six, six))
def test_a_range_is_cut_into_the_networks_of_the_standard_library(pair: Any) -> None:
    first, last = sorted(pair)
    found = [str(one) for one in networks_of_range(first.version, int(first), int(last))]
    assert [ipaddress.ip_network(one) for one in found] == list(
        ipaddress.summarize_address_range(first, last)
    )


entry_lines = st.builds(
    lambda kind, network, until, reason: f"{kind}{network}{until}{reason}",
    st.sampled_from(["", "!", "allow ", "block "]),
    lines_of_networks(),
    st.sampled_from(["", " until 2028-01-01", " until 2029-05-06T07:08:09Z"]),
    st.sampled_from(["", " # spam", "#x#y", " ;z"]),
)


@settings(deadline=None)
@given(st.lists(entry_lines, max_size=12))
def test_canonical_lines_read_back_as_the_same_lines(lines: list[str]) -> None:
    canonical = to_lines(parse("\n".join(lines), now=NOW).entries)
    assert problems(section(canonical)) == []
    again = parse("\n".join(canonical), now=NOW)
    assert to_lines(again.entries) == canonical == to_lines(of_lines(canonical))
    assert [one for one in again.findings if one.level == "error" or one.code == "duplicate"] == []


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=120) | st.text(alphabet="0123456789./-:#!; \nuntilaow", max_size=120))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse(text, now=NOW)
    assert problems(section(to_lines(found.entries))) == []


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=12), lambda inner: st.lists(inner, max_size=2), max_leaves=4
)
lists = st.fixed_dictionaries({"name": json_values, "entries": json_values})


@settings(max_examples=150, deadline=None)
@given(
    json_values
    | st.dictionaries(
        st.sampled_from(["format", "entries", "lists"]),
        json_values | st.lists(entry_lines | json_values | lists, max_size=3),
    )
)
def test_problems_of_any_json_are_found_without_an_error(found: Any) -> None:
    if not problems(found):
        rules.compile(found)


@given(st.integers(0, 253_402_300_799))
def test_a_moment_s_text_is_that_moment(seconds: int) -> None:
    assert read_moment(moment_text(seconds)) == seconds
