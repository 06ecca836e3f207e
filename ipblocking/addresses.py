"""Addresses and networks as integers: read from text, written back, ranges cut into networks.

`socket.inet_pton` does the reading: it is the system's own strict parser (no leading zeros, no short forms, no octal),
and twenty times as fast as `ipaddress`. A family is 4 or 6; an address is an integer of 32 or 128 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

BITS = {4: 32, 6: 128}
# RFC 4291, section 2.5.5.2: an IPv4 address as an IPv6 socket shows it.
MAPPED = bytes(10) + b"\xff\xff"
_MAPPED_FIRST = 0xFFFF << 32


class Network(NamedTuple):
    """`first` is the lowest address of a network of `prefix` bits; host bits are zero."""

    family: int
    first: int
    prefix: int

    @property
    def last(self) -> int:
        """The highest address."""
        return self.first | ((1 << (BITS[self.family] - self.prefix)) - 1)

    def __str__(self) -> str:
        family, first, prefix = self
        if family == 4:
            address = inet_ntop(AF_INET, first.to_bytes(4, "big"))
            return address if prefix == 32 else f"{address}/{prefix}"
        address = inet_ntop(AF_INET6, first.to_bytes(16, "big"))
        return address if prefix == 128 else f"{address}/{prefix}"


def read_address(text: str) -> tuple[int, int] | None:
    """(family, integer) of an address, or None when `text` is none.

    A zone id (`fe80::1%eth0`, RFC 4007) is passed over; an IPv4-mapped IPv6 address is the IPv4 address.
    """
    try:
        return 4, int.from_bytes(inet_pton(AF_INET, text), "big")
    except (OSError, ValueError, TypeError):
        pass
    try:
        if "%" in text:
            text, _, zone = text.partition("%")
            if not zone:
                return None
        packed = inet_pton(AF_INET6, text)
    except (OSError, ValueError, TypeError):
        return None
    if packed.startswith(MAPPED):
        return 4, int.from_bytes(packed[12:], "big")
    return 6, int.from_bytes(packed, "big")


def address_text(family: int, value: int) -> str:
    """The usual text of an address."""
    return (
        inet_ntop(AF_INET, value.to_bytes(4, "big"))
        if family == 4
        else inet_ntop(AF_INET6, value.to_bytes(16, "big"))
    )


def network(family: int, value: int, prefix: int) -> Network:
    """The network of `prefix` bits that holds `value`; an IPv4-mapped IPv6 network is the IPv4 network.

    `prefix` lies within the family's bits.
    """
    if family == 6 and prefix >= 96 and value >> 32 == 0xFFFF:
        family, value, prefix = 4, value & 0xFFFFFFFF, prefix - 96
    host_bits = BITS[family] - prefix
    return Network(family, value >> host_bits << host_bits, prefix)


def read_network(text: str) -> Network | None:
    """The network that `text` names in canonical or any other CIDR notation, or None. Host bits are cleared."""
    address, slash, length = text.partition("/")
    if slash and not (length.isascii() and length.isdigit() and len(length) <= 3):
        return None
    if not slash:
        found = read_address(address)
        return None if found is None else Network(found[0], found[1], BITS[found[0]])
    try:
        value, family = int.from_bytes(inet_pton(AF_INET, address), "big"), 4
    except (OSError, ValueError):
        try:
            value, family = int.from_bytes(inet_pton(AF_INET6, address), "big"), 6
        except (OSError, ValueError):
            return None
    prefix = int(length)
    return network(family, value, prefix) if prefix <= BITS[family] else None


def networks_of_range(family: int, first: int, last: int) -> Iterator[Network]:
    """The fewest networks that make up `first` to `last`, both included, in order; `first <= last`."""
    bits = BITS[family]
    while first <= last:
        # As large as the alignment of `first` and the length of what is left allow.
        size = min((first & -first).bit_length() - 1 if first else bits, (last - first + 1).bit_length() - 1)
        yield network(family, first, bits - size)
        first += 1 << size
