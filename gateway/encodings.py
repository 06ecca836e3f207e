"""Which content codings a client takes. Pure."""

from __future__ import annotations


def accepts(header: bytes, coding: bytes) -> bool:
    """Whether an Accept-Encoding names a coding without q=0 (RFC 9110, 12.5.3)."""
    for part in header.lower().split(b","):
        name, _, parameters = part.partition(b";")
        if name.strip() == coding:
            return parameters.replace(b" ", b"") not in {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    return False
