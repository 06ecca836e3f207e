"""Who a block list would shut out that should get in: said before it is saved."""

from __future__ import annotations

from collections.abc import Iterable

from .addresses import BITS, Network, address_text, network, read_network
from .entries import Entries, Entry, Finding
from .rules import Matcher

# A reverse proxy or the organisation's own network is usually one of these: RFC 1918, RFC 6598 (carriers), RFC 1122
# (loopback), RFC 3927 and RFC 4291 (link-local), RFC 4193.
PRIVATE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "::1",
    "fc00::/7",
    "fe80::/10",
)
# From here on a list shuts out everyone, whatever few exceptions it makes.
EVERYONE = 0.99


def review(
    entries: Entries, *, now: float, own_address: str | None = None, proxies: Iterable[str] = ()
) -> list[Finding]:
    """Findings of level `danger`, by line: `blocks_you`, `blocks_everyone`, `blocks_proxy`, `blocks_private`.

    `entries` are sorted, as `parse` and `of_lines` give them. `own_address` is that of whoever saves, `proxies` the
    networks of `TRUSTED_PROXIES`, `now` in seconds since 1970. Exceptions and expiry are counted in. Each danger is said
    once per address, family or range, at the line of the first entry that brings it about.
    """
    own = read_network(own_address.partition("%")[0]) if own_address else None
    watched = [(text, "blocks_proxy") for text in proxies] + [(text, "blocks_private") for text in PRIVATE]
    looked_at = [one for text, _ in watched if (one := read_network(text)) is not None]
    # Decisions in these ranges depend on what covers or lies in them: of a long list a small part.
    near = _near(entries, [*looked_at, *([own] if own is not None else [])])
    matcher = Matcher(near)
    lines = {(str(entry.network), entry.kind): entry.line for entry in near}
    findings = []
    decision = matcher.blocked(own_address, now) if own_address else None
    if decision is not None and decision.blocked and decision.rule is not None:
        line = lines[decision.rule, "block"]
        findings.append(Finding(line, "blocks_you", "danger", decision.address, decision.rule))
    for family in (4, 6):
        # Without overlaps it would be that much: only then is it worth while to look closely.
        most = entries.blocked_at_most(family)
        if most >= EVERYONE * (1 << BITS[family]) and Matcher(entries).blocked_share(family, now) >= EVERYONE:
            blocks = (one for one in entries if one.kind == "block" and one.network.family == family)
            widest = min(blocks, key=lambda entry: entry.network.prefix)
            findings.append(
                Finding(widest.line, "blocks_everyone", "danger", f"IPv{family}", str(widest.network))
            )
    for text, code in watched:
        one = read_network(text)
        rule = None if one is None else _first_block(entries, matcher, one, now)
        if rule is not None:
            findings.append(Finding(lines[rule, "block"], code, "danger", rule, text))
    return sorted(findings, key=lambda finding: finding.line)


def _near(entries: Entries, ranges: Iterable[Network]) -> list[Entry]:
    """The entries that overlap with any of the ranges, sorted."""
    found: set[int] = set()
    for one in ranges:
        found.update(entries.within(one))
        for prefix in range(one.prefix):
            found.update(entries.of(network(one.family, one.first, prefix)))
    return [entries[place] for place in sorted(found)]


def _first_block(entries: Entries, matcher: Matcher, one: Network, now: float) -> str | None:
    """The network of the first entry by which some address of `one` is shut out, or None."""
    whole = matcher.blocked(address_text(one.family, one.first), now)
    if whole.blocked:
        return whole.rule
    for place in entries.within(one):
        entry = entries[place]
        if entry.kind == "block":
            # Both ends are asked: an exception may stand at one of them.
            for value in (entry.network.first, entry.network.last):
                decision = matcher.blocked(address_text(one.family, value), now)
                if decision.blocked:
                    return decision.rule
    # A wider block with an exception for the beginning of the range.
    last = matcher.blocked(address_text(one.family, one.last), now)
    return last.rule if last.blocked else None
