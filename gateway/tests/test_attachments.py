"""Visitors' files: taken, refused with the contract's body, sent in a message, opened by whom it is for, and removed."""

from __future__ import annotations

import base64
import io
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from PIL import Image

from file_restrictions import rules
from gateway.tests.client import Agent, Visitor, agent_key, token
from gateway.tests.environment import FILES, HTTP, Channel, Environment, until

MB = 1024 * 1024
PNG_HEAD = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def picture(width: int = 40, height: int = 30, kind: str = "PNG", **options: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(made, kind, **options)
    return made.getvalue()


def published(environment: Environment, **section: Any) -> Channel:
    """A channel with these file restrictions over the defaults."""
    made = rules.default_section() | section
    channel = Channel()
    channel.private = {**channel.private, "file_restrictions": made}
    channel.document = {"settings": {"fileRestrictions": rules.served(made)}}
    assert environment.push(channel).status_code == 200
    return channel


@pytest.fixture(scope="module")
def channel(env: Environment) -> Channel:
    return published(env)


def body(content: bytes, name: str = "a.png", media_type: str = "image/png") -> bytes:
    return json.dumps(
        {"content": base64.b64encode(content).decode(), "fileName": name, "mimeType": media_type}
    ).encode()


def post(environment: Environment, channel: Channel, content: Any) -> httpx.Response:
    return HTTP.post(
        f"{environment.url}{channel.path}/attachment",
        content=content,
        headers={"Content-Type": "application/json", "Origin": "http://localhost:3000"},
        timeout=60,
    )


def upload(environment: Environment, channel: Channel, content: bytes, name: str = "a.png") -> str:
    answer = post(environment, channel, body(content, name))
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"fileUrl"}
    return str(answer.json()["fileUrl"])


def refusal(answer: httpx.Response) -> str:
    """The code of a refusal, which is a 200 with the contract's body."""
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"allowedFileSize", "allowedFileTypes", "isAttachmentsEnabled"}
    assert isinstance(answer.json()["allowedFileSize"], str)
    return answer.headers["X-Refusal"]


def send(visitor: Visitor, *urls: str, **options: Any) -> dict[str, Any]:
    return visitor.say("", attachments=[{"url": url, "friendlyName": "anything"} for url in urls], **options)


def objects() -> set[str]:
    return {str(path) for path in (FILES / "test").rglob("*") if path.is_file()}


# -- taken, and told ---------------------------------------------------------------------------------------------------


def test_a_file_is_taken_sent_and_opened_by_its_customer_and_an_agent_alone(
    env: Environment, channel: Channel
) -> None:
    content = picture(2000, 900)
    url = upload(env, channel, content, "é\u202egnp.reçu.png")
    assert HTTP.get(url).status_code == 404
    with Visitor(env, channel) as visitor, Agent(env, channel) as agent:
        message = send(visitor, url)
        [shown] = message["attachments"]
        assert shown["friendlyName"] == "égnp.reçu.png"
        assert (shown["mimeType"], shown["fileSize"]) == ("image/png", len(content))
        assert message["hasAdditionalMessageContent"] is False
        [to_agent] = agent.event("message")["message"]["attachments"]
        for address in (shown["url"], to_agent["url"]):
            answer = HTTP.get(address)
            assert answer.content == content
            assert answer.headers["Content-Type"] == "image/png"
            assert answer.headers["Content-Disposition"] == (
                "attachment; filename=\"_gnp.re_u.png\"; filename*=UTF-8''%C3%A9gnp.re%C3%A7u.png"
            )
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
            assert (
                "no-store" in answer.headers["Cache-Control"] or "private" in answer.headers["Cache-Control"]
            )
        assert shown["url"] != to_agent["url"]
        preview = HTTP.get(shown["previewUrl"])
        assert preview.headers["Content-Type"] == "image/webp"
        with Image.open(io.BytesIO(preview.content)) as drawn:
            assert drawn.size == (1280, 576)
        # By a token of theirs, as endpoint 7, or by an agent's key; by nobody else's.
        bare = shown["url"].partition("?")[0]
        for bearer, status in (
            (token(env, channel, visitor.customer)["accessToken"], 200),
            (token(env, channel, "somebody else")["accessToken"], 404),
            (agent_key(env, channel), 200),
            (agent_key(env, Channel()), 404),
            ("x.y.z", 404),
        ):
            assert HTTP.get(bare, headers={"Authorization": f"Bearer {bearer}"}).status_code == status
        assert HTTP.get(bare).status_code == 404
        for wrong in (
            shown["url"][:-1] + ("A" if shown["url"][-1] != "A" else "B"),
            bare + "?t=7fffffff.xxxx",
            bare + "?t=é",
        ):
            assert HTTP.get(wrong).status_code == 404
        with Visitor(env, channel, customer=visitor.customer) as again:
            recovered = again.data("RecoverThread", {"thread": {"idOnExternalPlatform": visitor.thread}})[
                "messages"
            ][-1]

            assert HTTP.get(recovered["attachments"][0]["url"]).content == content


def test_a_ticket_opens_one_file_for_one_viewer_until_its_end() -> None:
    from gateway import file_links

    alice, bob = file_links.customer("chat_1", "alice"), file_links.customer("chat_1", "bob")
    seal = file_links.ticket("a" * 43, alice, now=1000.0)
    assert file_links.opens(seal, "a" * 43, [bob, alice], now=2000.0)
    assert not file_links.opens(seal, "a" * 43, [bob, file_links.agents("chat_1")], now=2000.0)
    assert not file_links.opens(seal, "b" * 43, [alice], now=2000.0)
    assert not file_links.opens(seal, "a" * 43, [alice], now=1000.0 + 13 * 3600)
    end, _, signature = seal.partition(".")
    assert not file_links.opens(f"{int(end, 16) + 900:x}.{signature}", "a" * 43, [alice], now=2000.0)


def test_a_file_belongs_to_the_first_conversation_that_names_it(env: Environment, channel: Channel) -> None:
    url = upload(env, channel, PDF, "facture.pdf")
    with Visitor(env, channel) as alice, Visitor(env, channel) as bob:
        data = alice.message("", attachments=[{"url": url, "friendlyName": "x"}])
        assert alice.ask("SendMessage", data)["status"] == "success"
        # Sent again after a lost answer: the same message, not a second claim.
        assert alice.ask("SendMessage", data)["status"] == "success"
        assert send(alice, url)["attachments"][0]["fileName"] == "facture.pdf"
        theft = bob.message("mine now", attachments=[{"url": url, "friendlyName": "x"}])
        assert bob.refusal("SendMessage", theft) == "SendingMessageFailed"
        nothing = url.replace("/files/", "/files/x")
        assert (
            bob.refusal("SendMessage", bob.message("", attachments=[{"url": nothing, "friendlyName": "x"}]))
            == "SendingMessageFailed"
        )
        practice = f"{env.url}/practice/fr/exemple.pdf"
        assert (
            bob.refusal("SendMessage", bob.message("", attachments=[{"url": practice, "friendlyName": "x"}]))
            == "SendingMessageFailed"
        )
    other = published(env)
    with Visitor(env, other) as carol:
        stray = upload(env, channel, PDF, "b.pdf")
        assert (
            carol.refusal("SendMessage", carol.message("", attachments=[{"url": stray, "friendlyName": "x"}]))
            == "SendingMessageFailed"
        )


# -- refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("photo.png", b"<?php echo 1; ?>", "program"),
        ("photo.png", b"<!doctype html><html><script>alert(1)</script></html>", "not_what_it_says"),
        ("photo.png", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "not_what_it_says"),
        ("a.exe", b"MZ" + b"\0" * 300, "program"),
        ("empty.png", b"", "empty"),
        ("noextension", b"words\n", "not_what_it_says"),
    ],
)
def test_a_refused_file_is_a_200_with_the_contracts_body_and_leaves_nothing(
    env: Environment, channel: Channel, name: str, content: bytes, code: str
) -> None:
    before = objects()
    answer = post(env, channel, body(content, name))
    assert refusal(answer) == code
    assert "X-Refusal" in answer.headers["Access-Control-Expose-Headers"]
    assert answer.json()["allowedFileTypes"] == rules.served(rules.default_section())["allowedFileTypes"]
    assert objects() == before


def test_switched_off_or_without_rules_nothing_is_taken(env: Environment) -> None:
    off = published(env, is_attachments_enabled=False)
    answer = post(env, off, body(picture()))
    assert refusal(answer) == "attachments_off"
    assert answer.json()["isAttachmentsEnabled"] is False
    assert refusal(post(env, env.publish(), body(picture()))) == "attachments_off"
    broken = published(env, max_size_mb="40")
    assert refusal(post(env, broken, body(picture()))) == "attachments_off"


def test_an_upload_from_another_origin_is_refused(env: Environment, channel: Channel) -> None:
    answer = HTTP.post(
        f"{env.url}{channel.path}/attachment",
        content=body(b"x" * 2 * MB),
        headers={"Origin": "https://evil.example"},
    )
    assert (answer.status_code, answer.json()["errorCode"]) == (403, "origin_not_allowed")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"content": "!!"}', b'{"content": "QUJD', b'{"content": 7}']
)
def test_what_is_no_upload_is_a_400(env: Environment, channel: Channel, content: bytes) -> None:
    assert post(env, channel, content).status_code == 400


def test_forty_megabytes_pass_to_the_byte_and_never_sit_in_memory(env: Environment, channel: Channel) -> None:
    """One worker holds no more of four uploads at once than it held before: a file each would be 160 MB."""

    def pieces(size: int) -> Iterator[bytes]:
        yield b'{"fileName": "a.png", "mimeType": "image/png", "content": "'
        whole = PNG_HEAD + b"\0" * (3 * 1024 - len(PNG_HEAD) % 3)
        whole = whole[: len(whole) - len(whole) % 3]
        yield base64.b64encode(whole)
        left = size - len(whole)
        block = base64.b64encode(b"\0" * 3 * 65536)
        while left >= 3 * 65536:
            yield block
            left -= 3 * 65536
        yield base64.b64encode(b"\0" * left) + b'"}'

    assert env.process is not None
    workers = psutil.Process(env.process.pid).children(recursive=True)
    upload(env, channel, picture())
    before = max(one.memory_info().rss for one in workers)
    peak, done = before, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.01):
            peak = max(peak, *(one.memory_info().rss for one in workers))

    answers: list[httpx.Response] = []
    watcher = threading.Thread(target=watch)
    senders = [
        threading.Thread(target=lambda: answers.append(post(env, channel, pieces(40 * MB)))) for _ in range(4)
    ]
    watcher.start()
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    done.set()
    watcher.join()
    assert [set(answer.json()) for answer in answers] == [{"fileUrl"}] * 4
    assert peak - before < 40 * MB, f"{(peak - before) / MB:.0f} MB more"
    assert refusal(post(env, channel, pieces(40 * MB + 1))) == "too_large"
    too_long = post(env, channel, b" " * (57 * MB))
    assert (too_long.status_code, too_long.json()["code"]) == (413, "too_large")


def test_a_sender_who_goes_away_leaves_nothing(env: Environment, channel: Channel) -> None:
    with socket.create_connection(("127.0.0.1", env.port)) as connection:
        start = body(picture(400, 400))[:600]
        head = f"POST {channel.path}/attachment HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n"
        connection.sendall(head.encode() + start)
        until(lambda: any((FILES / "test" / "incoming").iterdir()))
    until(lambda: not any((FILES / "test" / "incoming").iterdir()))


def test_an_address_that_uploads_without_end_is_slowed_down(gateway_database: str, env: Environment) -> None:
    own = Environment("test", gateway_database, extra={"GATEWAY_UPLOAD_BURST": "30"})
    own.start()
    try:
        slow = published(own)
        codes = [post(own, slow, b"{}").status_code for _ in range(34)]
        assert codes.count(400) >= 30
        assert codes[-1] == 429
    finally:
        own.stop()


# -- pictures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "WEBP", "BMP", "AVIF"])
def test_a_picture_is_shown_drawn_anew_without_what_it_carried(
    env: Environment, channel: Channel, kind: str
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    content = picture(64, 48, kind, **({"exif": exif} if kind in {"JPEG", "WEBP", "AVIF"} else {}))
    url = upload(env, channel, content, f"a.{kind.lower()}")
    with Visitor(env, channel) as visitor:
        shown = HTTP.get(send(visitor, url)["attachments"][0]["previewUrl"])
    assert b"a secret place" not in shown.content
    with Image.open(io.BytesIO(shown.content)) as drawn:
        assert (drawn.format, drawn.size) == ("WEBP", (64, 48))


def test_a_picture_that_cannot_be_drawn_is_a_file_like_another(env: Environment, channel: Channel) -> None:
    # Forty bytes that say 60,000 x 60,000 pixels; and a head with nothing behind it.
    huge = PNG_HEAD[:16] + (60_000).to_bytes(4, "big") * 2 + PNG_HEAD[24:]
    for content in (huge, PNG_HEAD + b"\0" * 100):
        url = upload(env, channel, content)
        with Visitor(env, channel) as visitor:
            [shown] = send(visitor, url)["attachments"]
        assert "previewUrl" not in shown
        assert HTTP.get(shown["url"]).content == content


def test_what_a_browser_would_run_is_served_as_nothing_in_particular(env: Environment) -> None:
    types = [{"media_type": "text/html", "description": "", "max_size_mb": None}]
    channel = published(env, allowed_types=types)
    url = upload(env, channel, b"<!doctype html><html><script>alert(1)</script></html>", "a.html")
    with Visitor(env, channel) as visitor:
        answer = HTTP.get(send(visitor, url)["attachments"][0]["url"])
    assert answer.headers["Content-Type"] == "application/octet-stream"


# -- ClamAV ------------------------------------------------------------------------------------------------------------


class Clamd:
    """A small clamd: INSTREAM as clamd speaks it, finding the word VIRUS; `answer` replaces what it says."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.seen: list[bytes] = []
        self.answer: bytes | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                assert stream.read(10) == b"zINSTREAM\0"
                content = bytearray()
                while length := int.from_bytes(stream.read(4), "big"):
                    content += stream.read(length)
                self.seen.append(bytes(content))
                verdict = b"stream: Test.Virus FOUND" if b"VIRUS" in content else b"stream: OK"
                if self.answer != b"":
                    connection.sendall((self.answer or verdict) + b"\0")

    def close(self) -> None:
        # Closing alone does not wake who waits in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(5)


@contextmanager
def scanned(database: str, address: str) -> Iterator[Environment]:
    environment = Environment("test", database, extra={"CLAMAV_ADDRESS": address})
    environment.start()
    try:
        yield environment
    finally:
        environment.stop()


def test_a_file_is_scanned_and_without_a_scan_it_is_not_taken(
    gateway_database: str, env: Environment
) -> None:
    clamd = Clamd()
    with scanned(gateway_database, clamd.address) as environment:
        channel = published(environment)
        content = picture(300, 300)
        assert "/files/" in upload(environment, channel, content)
        assert clamd.seen == [content]
        before = objects()
        assert refusal(post(environment, channel, body(PDF + b"VIRUS", "a.pdf"))) == "infected"
        # Refused by the channel's rules: nobody else is asked.
        assert refusal(post(environment, channel, body(b"MZ" + b"\0" * 300, "a.exe"))) == "program"
        assert len(clamd.seen) == 2
        for answer in (b"INSTREAM size limit exceeded. ERROR", b"", b"stream: what?"):
            clamd.answer = answer
            refused = post(environment, channel, body(content))
            assert (refused.status_code, refused.json()["errorCode"]) == (503, "not_scanned")
        clamd.close()
        refused = post(environment, channel, body(content))
        assert (refused.status_code, refused.json()["errorCode"]) == (503, "not_scanned")
        assert objects() == before


# -- letting go --------------------------------------------------------------------------------------------------------


def test_a_conversation_that_is_deleted_takes_its_files_along(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        kept = send(visitor, upload(env, channel, picture()))["attachments"][0]["url"]
    with Visitor(env, channel) as visitor:
        gone = send(visitor, upload(env, channel, picture()))["attachments"][0]["url"]
    waiting = upload(env, channel, PDF, "waits.pdf")
    late = upload(env, channel, PDF, "late.pdf")
    before = objects()
    [(thread,)] = env.execute("SELECT id FROM gateway_thread WHERE external_id = %s", visitor.thread)
    for table in ("gateway_message", "gateway_contact"):
        env.execute(f"DELETE FROM {table} WHERE thread_id = %s", thread)
    env.execute("DELETE FROM gateway_thread WHERE id = %s", thread)
    assert HTTP.get(gone).status_code == 404
    late_token = late.split("/")[-2]
    env.execute(
        "UPDATE gateway_attachment SET created_at = now() - interval '2 hours' WHERE token = %s", late_token
    )
    swept = sweep(env)
    assert swept >= 2
    assert HTTP.get(kept).status_code == 200
    # The picture and its drawing, and the file whose message never came.
    assert len(before - objects()) == 3
    assert env.execute(
        "SELECT count(*) FROM gateway_attachment WHERE token = %s", waiting.split("/")[-2]
    ) == [(1,)]
    assert sweep(env) == 0


def test_files_can_be_taken_out_of_a_conversation_that_stays(env: Environment, channel: Channel) -> None:
    with Visitor(env, channel) as visitor:
        url = send(visitor, upload(env, channel, picture()))["attachments"][0]["url"]
    [(thread,)] = env.execute("SELECT id FROM gateway_thread WHERE external_id = %s", visitor.thread)
    assert (
        act(
            env,
            f"async with database.connection() as c:\n        print(await attachments.remove_conversations(c, [{thread}]))",
        )
        == "1"
    )
    assert HTTP.get(url).status_code == 404
    assert sweep(env) >= 1


def sweep(environment: Environment) -> int:
    return int(act(environment, "print(await attachments.sweep())"))


def act(environment: Environment, code: str) -> str:
    """Run this in a process of the environment's own."""
    import subprocess
    import sys

    program = (
        "import asyncio, django\ndjango.setup()\nfrom gateway import attachments, database\n"
        f"async def main():\n    await database.open_pool()\n    {code}\n    await database.close_pool()\nasyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment.variables, cwd=Path(__file__).parent.parent.parent,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]
