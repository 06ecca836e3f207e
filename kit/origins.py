"""Allowed domains: what an admin may enter, and whether a page's `Origin` is one of them.

Pure. An entry is `[scheme://]host[:port]`: the host exact or `*.` and a host (any depth of sub-domain, not the domain
itself); without a scheme http and https; without a port the scheme's own, `:*` any. Hosts are compared whole, label by
label, never as substrings. An origin is what RFC 6454 section 6.2 serialises, `null` included, which nothing allows.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

import idna

#: What a demonstration channel allows: every page served from this very machine, any port.
LOOPBACK = ("localhost:*", "127.0.0.1:*", "[::1]:*")

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_MAX_ENTRY = 300


class BadEntry(ValueError):
    """An allowed-domain entry that means nothing; `code` lets a form choose its own sentence.

    Codes: empty, too_long, scheme, credentials, path, wildcard, too_wide, port, host.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """A parsed entry: host in ASCII (IPv6 in brackets, shortest form); `port` None is the scheme's own, 0 is any."""

    scheme: str | None
    host: str
    subdomains: bool
    port: int | None

    def __str__(self) -> str:
        scheme = f"{self.scheme}://" if self.scheme else ""
        port = "" if self.port is None else ":*" if self.port == 0 else f":{self.port}"
        return f"{scheme}{'*.' if self.subdomains else ''}{self.host}{port}"

    def matches(self, scheme: str, host: str, port: int) -> bool:
        if self.scheme is not None and self.scheme != scheme:
            return False
        if self.port is None:
            if port != _DEFAULT_PORTS[scheme]:
                return False
        elif self.port not in (0, port):
            return False
        # The dot is part of the comparison, or `evil-example.com` would be under `example.com`.
        return host.endswith("." + self.host) if self.subdomains else host == self.host

    def csp_sources(self) -> tuple[str, ...]:
        """The entry as sources of `frame-ancestors`; none for an IPv6 host, which CSP has no spelling for."""
        if self.host.startswith("["):
            return ()
        schemes = (self.scheme,) if self.scheme else ("http", "https")
        return tuple(str(Entry(scheme, self.host, self.subdomains, self.port)) for scheme in schemes)


def parse(text: str) -> Entry:
    """Read one entry as an admin typed it. Raises BadEntry."""
    raw = text.strip()
    if not raw:
        raise BadEntry("empty", "Enter a domain, for example www.example.com.")
    if len(raw) > _MAX_ENTRY:
        raise BadEntry("too_long", "A domain is never this long.")
    scheme, rest = _split_scheme(raw)
    if "@" in rest:
        raise BadEntry("credentials", "A user name or password has no place in a domain.")
    if rest.endswith("/") and rest.count("/") == 1:
        rest = rest[:-1]
    if any(mark in rest for mark in "/\\?#"):
        raise BadEntry("path", "Enter the domain only, without a path: every page of it is allowed.")
    host, port = _split_port(rest)
    if host in {"*", ""}:
        raise BadEntry(
            "too_wide" if host else "host", "Name a domain; to allow every site, turn the restriction off."
        )
    subdomains = host.startswith("*.")
    if subdomains:
        host = host[2:]
    if "*" in host:
        raise BadEntry("wildcard", "An asterisk may only stand alone, in front: *.example.com.")
    ascii_host = _host(host)
    if subdomains and (ascii_host.startswith("[") or _is_ipv4(ascii_host)):
        raise BadEntry("wildcard", "An address has no sub-domains.")
    if subdomains and "." not in ascii_host and ascii_host != "localhost":
        raise BadEntry("too_wide", f"*.{ascii_host} would allow every site under .{ascii_host}.")
    return Entry(scheme, ascii_host, subdomains, port)


def is_loopback(origin: str) -> bool:
    """Whether a page was served from this machine."""
    return allows(LOOPBACK, origin)


def allows(entries: Iterable[str | Entry], origin: str | None) -> bool:
    """Whether a page of this origin is one of the entries. `null`, an absent and a malformed origin never are.

    An entry that cannot be parsed allows nothing.
    """
    parts = split(origin)
    if parts is None:
        return False
    for entry in entries:
        parsed = entry if isinstance(entry, Entry) else _parse_or_none(entry)
        if parsed is not None and parsed.matches(*parts):
            return True
    return False


def split(origin: str | None) -> tuple[str, str, int] | None:
    """An http(s) origin as (scheme, host, port); None when it is anything else."""
    if origin is None or len(origin) > _MAX_ENTRY or not origin.isascii():
        return None
    match = _ORIGIN.fullmatch(origin.lower())
    if match is None:
        return None
    scheme, host, port_text = match.groups()
    port = int(port_text) if port_text else _DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        return None
    if host.startswith("["):
        try:
            host = f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return None
    return scheme, host, port


@functools.lru_cache(maxsize=4096)
def _parse_or_none(text: str) -> Entry | None:
    try:
        return parse(text)
    except BadEntry:
        return None


def _split_scheme(raw: str) -> tuple[str | None, str]:
    if "://" not in raw:
        return None, raw
    scheme, rest = raw.split("://", 1)
    if scheme.lower() not in _DEFAULT_PORTS:
        raise BadEntry("scheme", "Only http:// and https:// pages can show the chat.")
    return scheme.lower(), rest


def _split_port(rest: str) -> tuple[str, int | None]:
    if rest.startswith("["):
        host, bracket, tail = rest.partition("]")
        host += bracket
        if not bracket or (tail and not tail.startswith(":")):
            raise BadEntry("host", "An IPv6 address stands in brackets: [::1].")
    else:
        if rest.count(":") > 1:
            raise BadEntry("host", "An IPv6 address stands in brackets: [::1].")
        host, colon, tail = rest.partition(":")
        tail = colon + tail
    if not tail:
        return host, None
    port = tail[1:]
    if port == "*":
        return host, 0
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise BadEntry("port", "A port is a number from 1 to 65535, or * for any.")
    return host, int(port)


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            raise BadEntry("host", f"{host} is not an IPv6 address.") from None
    host = host.removesuffix(".")
    try:
        # As browsers do (UTS 46): the origin they send is in this form.
        ascii_host = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise BadEntry("host", f"{host} is not a domain name.") from None
    labels = ascii_host.split(".")
    if len(ascii_host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadEntry("host", f"{host} is not a domain name.")
    if labels[-1].isdigit() and not _is_ipv4(ascii_host):
        raise BadEntry("host", f"{host} is neither a domain name nor an IPv4 address.")
    return ascii_host


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
