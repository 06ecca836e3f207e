"""Whose address a request comes from, when there are proxies in front and anybody may write `X-Forwarded-For`.

Pure. Each proxy appends the address it was called from, so the list is trustworthy from the right for as long as the
hop that wrote an entry is a proxy of ours. The client is the right-most hop that is not. Headers called `Forwarded` or
`X-Real-IP` are not read.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_WITH_PORT = re.compile(r"\[([^\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
#: More hops than any deployment has: a longer list is an attack on the parser, and only its right end can be true.
_MAX_HOPS = 32


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Addresses and networks of our own proxies; `unix` stands for a proxy that calls over a unix socket."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, entries: Iterable[str]) -> TrustedProxies:
        """Read entries such as `10.0.0.0/8`, `::1`, `unix`. Raises ValueError naming the one it cannot read."""
        networks: list[Network] = []
        unix = False
        for entry in entries:
            if entry == "unix":
                unix = True
                continue
            try:
                network = ipaddress.ip_network(entry)
            except ValueError:
                raise ValueError(f"{entry!r} is not an address, a network or the word unix") from None
            if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
                # ::ffff:10.0.0.0/104 is 10.0.0.0/8: peers are normalised to IPv4 before they are compared.
                mapped = network.network_address.ipv4_mapped
                networks.append(ipaddress.IPv4Network((int(mapped or 0), network.prefixlen - 96)))
            else:
                networks.append(network)
        return cls(tuple(networks), unix)

    def __contains__(self, address: Address | None) -> bool:
        if address is None:
            return self.unix
        return any(address.version == network.version and address in network for network in self.networks)


def parse_address(text: str) -> Address | None:
    """An address as a proxy may write it: with a port, in brackets, with a zone; IPv4-mapped IPv6 becomes IPv4."""
    raw = text.strip()
    match = _WITH_PORT.fullmatch(raw)
    if match is not None:
        raw = match[1] or match[2]
    try:
        address = ipaddress.ip_address(raw.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: TrustedProxies) -> Address | None:
    """The right-most hop that is not a proxy of ours.

    `peer` is the other end of the connection (None or a path over a unix socket); `forwarded_for` holds every
    `X-Forwarded-For` header in order. When the client cannot be told, the nearest hop that can is returned; None only
    behind a unix socket with nothing readable before it.
    """
    current = parse_address(peer) if peer else None
    hops = [hop for header in forwarded_for for hop in header.split(",")][-_MAX_HOPS:]
    while current in trusted and hops:
        before = parse_address(hops.pop())
        if before is None:
            break
        current = before
    return current
