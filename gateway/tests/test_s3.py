"""Visitors' files in a bucket: an environment beside a server that speaks S3 (moto), with a way between them that can be cut."""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from gateway.tests.client import Visitor
from gateway.tests.environment import HTTP, Channel, Environment, free_port, until
from gateway.tests.test_attachments import (
    MB,
    PDF,
    PNG_HEAD,
    act,
    body,
    picture,
    post,
    published,
    send,
    sweep,
    upload,
)


class Way:
    """A relay to the bucket's server. While it is cut nobody gets through, and the server keeps what it has."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._to = port
        self._open: list[socket.socket] = []
        self._server: socketserver.ThreadingTCPServer | None = None
        self.mend()

    def mend(self) -> None:
        way = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with socket.create_connection(("127.0.0.1", way._to)) as there:
                    way._open += [self.request, there]
                    back = threading.Thread(target=way._carry, args=(there, self.request), daemon=True)
                    back.start()
                    way._carry(self.request, there)
                    back.join()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
        except OSError:
            pass
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()
            server.server_close()


class Bucket:
    """A server with one bucket in it."""

    name = "visitors"

    def __init__(self) -> None:
        self._port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._url = f"http://127.0.0.1:{self._port}/{self.name}"
        until(self._made, seconds=60)
        self.way = Way(self._port)

    def _made(self) -> bool:
        try:
            return HTTP.put(self._url).status_code == 200
        except httpx.HTTPError:
            return False

    def objects(self) -> set[str]:
        return set(re.findall(r"<Key>([^<]+)</Key>", HTTP.get(f"{self._url}?list-type=2").text))

    def stop(self) -> None:
        self.way.cut()
        self._process.terminate()
        self._process.wait()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    made = Bucket()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def beside(gateway_database: str, env: Environment, bucket: Bucket) -> Iterator[Environment]:
    """An environment that keeps its files in the bucket."""
    environment = Environment(
        "test",
        gateway_database,
        extra={
            "GATEWAY_FILES_S3_BUCKET": bucket.name,
            "GATEWAY_FILES_S3_ENDPOINT": f"http://127.0.0.1:{bucket.way.port}",
            "GATEWAY_FILES_S3_REGION": "ca-central-1",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": secrets.token_hex(8),
        },
    )
    environment.start()
    yield environment
    environment.stop()


@pytest.fixture(scope="module")
def channel(beside: Environment) -> Channel:
    return published(beside)


def refused(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["errorCode"]


def test_a_file_lies_in_the_bucket_and_opens_by_its_ticket(
    beside: Environment, channel: Channel, bucket: Bucket
) -> None:
    content = picture(300, 200)
    with Visitor(beside, channel) as visitor:
        attached = send(visitor, upload(beside, channel, content, "été.png"))["attachments"][0]
    # The file and its picture drawn anew, in the environment's own folder, under names nobody can guess.
    assert len(bucket.objects()) == 2
    assert all(re.fullmatch(rf"test/{channel.id}/[0-9a-f]{{32}}(-shown)?", one) for one in bucket.objects())
    answer = HTTP.get(attached["url"])
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert HTTP.get(attached["url"].partition("?")[0]).status_code == 404


def test_forty_megabytes_come_back_without_lying_in_memory(
    beside: Environment, channel: Channel, bucket: Bucket
) -> None:
    assert beside.process is not None
    process = psutil.Process(beside.process.pid)
    everything = [process, *process.children(recursive=True)]
    most, over = [0], threading.Event()

    def weight() -> int:
        return sum(one.memory_info().rss for one in everything)

    def watch() -> None:
        while not over.wait(0.01):
            most[0] = max(most[0], weight())

    before = weight()
    content = PNG_HEAD + bytes(40 * MB - len(PNG_HEAD))
    with Visitor(beside, channel) as visitor:
        attached = send(visitor, upload(beside, channel, content))["attachments"][0]
    watching = threading.Thread(target=watch)
    watching.start()
    try:
        with HTTP.stream("GET", attached["url"]) as answer:
            assert sum(len(piece) for piece in answer.iter_bytes()) == len(content)
    finally:
        over.set()
        watching.join()
    # What sending it has left behind counts, too: 34 MB here, and 74 with the file in memory.
    assert most[0] - before < 60 * MB, f"{(most[0] - before) // MB} MB more"


def test_what_is_let_go_of_leaves_the_bucket(beside: Environment, channel: Channel, bucket: Bucket) -> None:
    before = bucket.objects()
    late = upload(beside, channel, PDF, "late.pdf")
    assert len(bucket.objects() - before) == 1
    beside.execute(
        "UPDATE gateway_attachment SET created_at = now() - interval '2 hours' WHERE token = %s",
        late.split("/")[-2],
    )
    assert sweep(beside) == 1
    assert bucket.objects() == before


def test_while_the_bucket_is_away_files_are_turned_down_and_none_is_lost(
    beside: Environment, channel: Channel, bucket: Bucket
) -> None:
    content = picture()
    with Visitor(beside, channel) as visitor:
        attached = send(visitor, upload(beside, channel, content))["attachments"][0]
        late = upload(beside, channel, PDF, "late.pdf")
        beside.execute(
            "UPDATE gateway_attachment SET created_at = now() - interval '2 hours' WHERE token = %s",
            late.split("/")[-2],
        )
        count = "SELECT count(*) FROM gateway_attachment"
        before, kept = beside.execute(count), bucket.objects()
        bucket.way.cut()
        try:
            assert refused(post(beside, channel, body(content))) == (503, "unavailable")
            assert refused(HTTP.get(attached["url"], timeout=60)) == (503, "unavailable")
            swept = "try:\n        print(await attachments.sweep())\n    except OSError as trouble:\n        print(type(trouble).__name__)"
            assert act(beside, swept) == "StorageFailed"
        finally:
            bucket.way.mend()
        assert beside.execute(count) == before
        assert bucket.objects() == kept
        # The conversation goes on meanwhile, and everything opens again.
        assert HTTP.get(attached["url"]).content == content
        assert "/files/" in upload(beside, channel, content)
    assert sweep(beside) == 1
