"""Calls to addresses that people of an organisation typed: never into our own network, bounded in time and size.

A name is resolved once, every address it has is looked at, and the connection goes to the very address that was looked at
(no second answer of the DNS can lead elsewhere). Redirects are followed by hand and only where asked for, each one looked at
anew. https only, except, where a process allows it, on loopback.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Why a call came to nothing. The first four are refusals of ours, before anything is sent.
Code = Literal[
    "bad_url",
    "not_https",
    "forbidden_address",
    "too_many_redirects",
    "unresolvable",
    "unreachable",
    "tls",
    "timeout",
    "too_large",
    "redirected",
    "rubbish",
]

#: Public by their number, but the inside of a cloud: Azure's platform address, Alibaba's and Oracle's metadata.
_INSIDE = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "192.0.0.192")))
#: IPv6 with an IPv4 address in its last 32 bits: NAT64, and the old "IPv4-compatible" form.
_CARRYING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
#: All that was ever given out to the world (RFC 4291): what lies beside it (site-local, say) leads inside, or nowhere.
_UNICAST = ipaddress.IPv6Network("2000::/3")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Seconds for the name and the connection; the whole call has a limit of its own.
_CONNECT_SECONDS = 4.0


class CallFailed(Exception):
    """A call that came to nothing; `code` says why. Nothing of the request is in the message."""

    def __init__(self, code: Code, message: str = "") -> None:
        super().__init__(message or code)
        self.code: Code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `body` as it came, at most as many bytes as were allowed. `seconds` it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    seconds: float

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_public(address: Address) -> bool:
    """Whether an address lies outside every network of ours; addresses that carry another one are judged by that."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and any(address in network for network in _CARRYING):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast and address not in _INSIDE


def may_reach(address: Address, *, loopback: bool) -> bool:
    """Whether calls may go there; `loopback` lets this very machine in, nothing else of the inside."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return is_public(address) or (loopback and address.is_loopback)


def url_problem(url: str, *, loopback: bool) -> Code | None:
    """What is wrong with an address by its look alone; None when nothing is. The name is looked up at the call."""
    try:
        parts = urlsplit(url)
        port = parts.port
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return "bad_url"
    host = parts.hostname or ""
    if (
        not host
        or parts.username is not None
        or parts.fragment
        or port == 0
        or not url.isprintable()
        or " " in url
    ):
        return "bad_url"
    literal = _literal(host)
    if literal is not None and not may_reach(literal, loopback=loopback):
        return "forbidden_address"
    here = host == "localhost" or host.endswith(".localhost") or (literal is not None and literal.is_loopback)
    if here and not loopback:
        return "forbidden_address"
    if parts.scheme == "https" or (parts.scheme == "http" and here and loopback):
        return None
    return "not_https" if parts.scheme == "http" else "bad_url"


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001, 2130706433: what the resolver of this machine takes for an address is one.
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


async def addresses_of(host: str, port: int, *, loopback: bool) -> list[str]:
    """Every address of a name, each of which may be called. Raises CallFailed (unresolvable, forbidden_address, timeout)."""
    literal = _literal(host)
    if literal is not None:
        found: Iterable[str] = [str(literal)]
    else:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise CallFailed("timeout", "the name was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise CallFailed("unresolvable") from error
        found = dict.fromkeys(str(info[4][0]) for info in infos)
    addresses = list(found)
    for text in addresses:
        if not may_reach(ipaddress.ip_address(text.partition("%")[0]), loopback=loopback):
            raise CallFailed("forbidden_address")
    if not addresses:
        raise CallFailed("unresolvable")
    return addresses


class _Pinned(httpcore.AnyIOBackend):
    """Connects to an address that was looked at; TLS still asks for the name."""

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception | None = None
        for address in await addresses_of(host, port, loopback=self._loopback):
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or CallFailed("unreachable")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # httpcore's own signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise CallFailed("forbidden_address")


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's transport over a pool whose connections are pinned."""

    def __init__(self, *, loopback: bool, connections: int) -> None:
        context = httpx.create_ssl_context()
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=connections // 2,
            keepalive_expiry=20.0,
            network_backend=_Pinned(loopback=loopback),
        )


@dataclass
class SafeClient:
    """A pooled client for one event loop. `loopback` is for a test environment; `seconds` bound one call, redirects included."""

    loopback: bool = False
    seconds: float = 8.0
    most_bytes: int = 256 * 1024
    connections: int = 50
    _client: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self._client = httpx.AsyncClient(
            transport=_Transport(loopback=self.loopback, connections=self.connections),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self.seconds, connect=_CONNECT_SECONDS),
            headers={"User-Agent": "chatadmin", "Accept-Encoding": "identity"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        redirects: int = 0,
        any_redirect: bool = False,
    ) -> Answer:
        """One call, with at most so many redirects (a GET's only). Raises CallFailed.

        `any_redirect` gives a redirect back as the answer it is, for a caller who wants to see where it leads.
        """
        started = time.monotonic()
        left = redirects
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    problem = url_problem(url, loopback=self.loopback)
                    if problem is not None:
                        raise CallFailed(problem)
                    response, body = await self._once(method, url, headers or {}, content)
                    target = response.headers.get("location")
                    if response.status_code not in _REDIRECTS or not target or any_redirect:
                        return Answer(
                            response.status_code,
                            {name.lower(): value for name, value in response.headers.items()},
                            body,
                            url,
                            time.monotonic() - started,
                        )
                    if method != "GET" or not redirects:
                        raise CallFailed("redirected")
                    if not left:
                        raise CallFailed("too_many_redirects")
                    left -= 1
                    following = str(httpx.URL(url).join(target))
                    if httpx.URL(following).host != httpx.URL(url).host:
                        # What was meant for one host is not shown to another.
                        headers = {k: v for k, v in (headers or {}).items() if k.lower() != "authorization"}
                    url = following
        except TimeoutError as error:
            raise CallFailed("timeout") from error
        except httpx.TimeoutException as error:
            raise CallFailed("timeout") from error
        except httpx.InvalidURL as error:
            raise CallFailed("bad_url") from error
        except httpx.HTTPError as error:
            raise CallFailed("tls" if _is_tls(error) else "unreachable", type(error).__name__) from error

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> tuple[httpx.Response, bytes]:
        async with self._client.stream(
            method, url, headers=dict(headers), content=content or None
        ) as response:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                # It was not asked for, and what it unpacks to has no end one could know.
                raise CallFailed("rubbish", "a compressed answer was not asked for")
            announced = response.headers.get("content-length", "")
            if announced.isdecimal() and int(announced) > self.most_bytes:
                raise CallFailed("too_large")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self.most_bytes:
                    raise CallFailed("too_large")
            return response, bytes(body)


def _is_tls(error: BaseException | None) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def run(work: Any) -> Any:
    """The result of a coroutine for code without an event loop, in a thread of its own where one is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
