"""Requests over connections that stay open: kept, made anew when the other side had closed them, and what is said of nobody there."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kit import keepalive


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = 0
        self.closes_quietly = False
        self.asked: list[tuple[str, str, bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, body))
        told = b'{"good": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.send_header("X-Release", "12")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)
        # Without a word, as a server does with a connection nobody used for a while.
        self.close_connection = self.server.closes_quietly

    do_GET = do_POST = do_HEAD = answer

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


def test_a_connection_is_used_again(server: Server) -> None:
    for _ in range(3):
        answer = keepalive.request("POST", f"{server.url}/a?b=c", body=b"text")
        assert (answer.status, answer.json(), answer.header("x-release")) == (200, {"good": True}, "12")
    assert keepalive.request("HEAD", server.url).body == b""
    assert server.connections == 1
    assert server.asked == [("POST", "/a?b=c", b"text")] * 3 + [("HEAD", "/", b"")]


def test_a_connection_that_was_closed_meanwhile_is_made_anew(server: Server) -> None:
    server.closes_quietly = True
    for _ in range(3):
        assert keepalive.request("GET", f"{server.url}/a").status == 200
    assert server.connections == 3


def test_a_process_that_was_forked_off_has_connections_of_its_own(server: Server) -> None:
    keepalive.request("GET", server.url)
    kept = keepalive._pools(os.getpid())
    assert keepalive._pools(os.getpid()) is kept
    assert keepalive._pools(os.getpid() + 1) is not kept


def test_nobody_there_and_nobody_who_answers_are_told_apart() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(keepalive.Away, match="unreachable"):
            keepalive.request("GET", url)
        silent.listen()
        with pytest.raises(keepalive.Away, match="timeout"):
            keepalive.request("GET", url, answer_seconds=0.05)
    with pytest.raises(keepalive.Away, match="unreachable"):
        keepalive.request("GET", "http://no.such.name.invalid/")


def test_an_answer_that_is_no_http_is_nobody_there() -> None:
    with socket.socket() as rude:
        rude.bind(("127.0.0.1", 0))
        rude.listen()

        def answer() -> None:
            taken, _ = rude.accept()
            with taken:
                taken.recv(1000)
                taken.sendall(b"220 ready\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(keepalive.Away, match="unreachable"):
            keepalive.request("GET", f"http://127.0.0.1:{rude.getsockname()[1]}/")
        thread.join()
