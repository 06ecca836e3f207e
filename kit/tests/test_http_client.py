"""Calls to addresses people typed: never inside, however it is written; bounded in time and size."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kit import http
from kit.http import CallFailed, SafeClient, is_public, url_problem
from tools.make_secrets import self_signed


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255",  # noqa: S104
        "224.0.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
        "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
        "::7f00:1", "fec0::1", "5f00::1", "4000::1",
    ],
)  # fmt: skip
def test_no_address_of_the_inside_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_outside_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://login.example.com/token", None),
        ("https://login.example.com:8443/t?x=1", None),
        ("http://login.example.com/token", "not_https"),
        ("https://127.0.0.1/", "forbidden_address"),
        ("https://127.1/", "forbidden_address"),
        ("https://2130706433/", "forbidden_address"),
        ("https://0x7f000001/", "forbidden_address"),
        ("https://[::1]/", "forbidden_address"),
        ("https://[::ffff:10.0.0.1]/", "forbidden_address"),
        ("https://localhost/", "forbidden_address"),
        ("https://x.localhost/", "forbidden_address"),
        ("ftp://example.com/", "bad_url"),
        ("file:///etc/passwd", "bad_url"),
        ("https://user:pw@example.com/", "bad_url"),
        ("https://example.com/#x", "bad_url"),
        ("https://example.com:99999/", "bad_url"),
        ("https://exa mple.com/", "bad_url"),
        ("//example.com", "bad_url"),
        ("", "bad_url"),
    ],
)
def test_an_address_is_judged_by_its_look(url: str, problem: str | None) -> None:
    assert url_problem(url, loopback=False) == problem


def test_loopback_may_be_allowed_and_nothing_else_of_the_inside_with_it() -> None:
    assert url_problem("http://127.0.0.1:9/", loopback=True) is None
    assert url_problem("http://localhost/", loopback=True) is None
    assert url_problem("http://10.0.0.1/", loopback=True) == "forbidden_address"
    assert url_problem("http://example.com/", loopback=True) == "not_https"


@contextmanager
def server(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str], threading.Event]]:
    """(port, paths that were asked for, what lets /slow go on)."""
    asked: list[str] = []
    go_on = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            asked.append(self.path)
            with suppress(BrokenPipeError, ConnectionResetError):
                self._answer()

        def _answer(self) -> None:
            if self.path == "/slow":
                go_on.wait(20)
            self.send_response(302 if self.path.startswith("/to") else 200)
            if self.path.startswith("/to"):
                self.send_header(
                    "Location",
                    {"/to-inside": "http://169.254.169.254/", "/to-ok": "/ok"}.get(self.path, self.path),
                )
            if self.path == "/packed":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(b"x" * (300_000 if self.path == "/large" else 2))

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A refused handshake is what some tests are about."""

    listening = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield listening.server_address[1], asked, go_on
    finally:
        go_on.set()
        listening.shutdown()
        listening.server_close()
        thread.join()


def call(url: str, *, loopback: bool = True, seconds: float = 5, **options: Any) -> http.Answer:
    async def ask() -> http.Answer:
        async with SafeClient(loopback=loopback, seconds=seconds) as client:
            return await client.send(options.pop("method", "GET"), url, **options)

    answer: http.Answer = http.run(ask())
    return answer


def code_of(url: str, **options: Any) -> str:
    with pytest.raises(CallFailed) as failed:
        call(url, **options)
    return failed.value.code


def test_an_answer_is_bounded_in_size_time_and_redirects() -> None:
    with server() as (port, asked, _go_on):
        base = f"http://127.0.0.1:{port}"
        assert call(f"{base}/ok").body == b"xx"
        assert call(f"{base}/to-ok", redirects=2).body == b"xx"
        assert code_of(f"{base}/large") == "too_large"
        assert code_of(f"{base}/packed") == "rubbish"
        assert code_of(f"{base}/slow", seconds=0.3) == "timeout"
        assert code_of(f"{base}/to-ok") == "redirected"
        assert code_of(f"{base}/to-itself", redirects=3) == "too_many_redirects"
        # A redirect into the inside is no way in.
        assert code_of(f"{base}/to-inside", redirects=3) == "forbidden_address"
        assert "/ok" in asked


def test_a_name_that_leads_inside_is_refused_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look of the name is fine; what the DNS answers decides, and is asked once."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        inside = "8.8.8.8" if len(asked) > 1 else "10.0.0.1"
        return real(inside, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert code_of("https://rebinding.example.com/", loopback=False) == "forbidden_address"
    assert asked == ["rebinding.example.com"]


def test_one_address_of_the_inside_among_several_is_one_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("8.8.8.8", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert code_of("https://mixed.example.com/", loopback=False) == "forbidden_address"


def test_a_certificate_nobody_vouches_for_is_refused_by_name(tmp_path: Path) -> None:
    certificate, key = self_signed(["localhost"])
    (tmp_path / "c").write_text(certificate)
    (tmp_path / "k").write_text(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c", tmp_path / "k")
    with server(context) as (port, asked, _go_on):
        assert code_of(f"https://localhost:{port}/") == "tls"
        assert asked == []


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert code_of(f"http://127.0.0.1:{taken.getsockname()[1]}/") == "unreachable"
