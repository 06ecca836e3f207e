"""Visitors' files (contract, endpoint 4): taken in as they come, judged, scanned, stored, claimed by a message, served, swept.

A file of 40 MB comes as 53 MB of JSON. It is decoded while it arrives and written to the disk; from there it is judged, scanned
and handed to the storage in pieces. No step holds it in memory.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import psycopg
from django.core.files import File
from django.core.files.storage import storages

from file_restrictions import rules
from gateway import clamav, database, doors, file_links, metrics, pictures, settings
from gateway.logs import logger
from gateway.published import Channel

log = logger("gateway.attachments")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
T = TypeVar("T")

#: The scope's key under which an upload's body travels past Django, which would read it first.
BODY = "chatadmin.body"
#: Bytes of a body: base64 of 40 MB is 53.4 MB, and a client may break its lines.
MOST_BYTES = 56 * 1024 * 1024
#: Uploads a process takes at the same time; seconds after which an address that has used up its burst may send one more.
MOST_AT_ONCE = 16
EVERY = 2.0
#: Seconds without a byte, seconds altogether, seconds a file waits for its message.
_SILENCE, _ALTOGETHER, WAITS = 30.0, 900.0, 3600
_PIECE = 256 * 1024
#: Judging and storing have threads of their own: they must not hold up what else runs beside the loop.
_threads = ThreadPoolExecutor(4, thread_name_prefix="files")

BUSY = doors.Refusal(
    429, "too_many_uploads", "TooManyUploads", "Too many files at once; try again in a moment."
)
FULL = doors.Refusal(
    429,
    "too_many_files_waiting",
    "TooManyUploads",
    "Too many files of this channel wait for their messages; try again later.",
)
TOO_LONG = doors.Refusal(413, "too_large", "AttachmentTooLarge", f"{MOST_BYTES} bytes are the most here.")
NOT_SCANNED = doors.Refusal(
    503, "not_scanned", "AttachmentNotScanned", "The file cannot be checked right now; try again."
)
UNAVAILABLE = doors.Refusal(
    503, "unavailable", "Unavailable", "The environment cannot do this right now; try again."
)


class Gone(Exception):
    """The sender went away in the middle."""


class TooLong(Exception):
    """The body is longer than any upload."""


class Refused(Exception):
    """The channel does not take this file; `code` is that of the verdict, or `infected`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Turned(Exception):
    """The upload is turned away for a reason that is none of the file's."""

    def __init__(self, refusal: doors.Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class Body:
    """The body of one request, read once, piece by piece."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self.over = False
        self._told = False
        self._end = asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        """What is left of it. Raises Gone, TooLong, TimeoutError."""
        while not self.over:
            async with asyncio.timeout(_SILENCE):
                message = await self._receive()
            if message["type"] != "http.request":
                self.over = True
                raise Gone
            chunk: bytes = message.get("body", b"")
            self.over = not message.get("more_body", False)
            self._size += len(chunk)
            if self._size > MOST_BYTES:
                raise TooLong
            for start in range(0, len(chunk), _PIECE):
                yield chunk[start : start + _PIECE]

    async def drain(self) -> None:
        """Read and drop the rest: a client that still writes would not read the answer."""
        try:
            async for _ in self.pieces():
                pass
        except (Gone, TooLong, TimeoutError):
            self.over = True

    async def instead(self) -> MutableMapping[str, Any]:
        """What Django is given for a body: nothing, and then silence."""
        if not self._told:
            self._told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._end.wait()
        return {"type": "http.disconnect"}

    def before(self, send: Send) -> Send:
        """`send`, after the whole body was read."""

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                await self.drain()
            await send(message)

        return sending


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that waits for its message."""

    url: str


def section_of(channel: Channel) -> dict[str, Any] | None:
    """The channel's rules; None when it has none, or none that can be read: then nothing is taken."""
    section = channel.private.get("file_restrictions")
    if not isinstance(section, Mapping):
        return None
    normal = rules.normalised(section)
    return None if any(one.level == "error" for one in rules.problems(normal)) else normal


def refusal_body(channel: Channel) -> dict[str, Any]:
    """The contract's body of a refused upload, which is a 200."""
    served = channel.settings["fileRestrictions"]
    return {name: served[name] for name in ("allowedFileSize", "allowedFileTypes", "isAttachmentsEnabled")}


# -- taking in ---------------------------------------------------------------------------------------------------------

_under_way = 0


async def take_in(channel: Channel, body: Body, address: str) -> Kept:
    """Take an upload. Raises Refused (the channel's rules), Turned (anything else), rules.BodyRefused, Gone."""
    global _under_way
    section = section_of(channel)
    if section is None or not section["is_attachments_enabled"]:
        raise Refused("attachments_off")
    if _under_way >= MOST_AT_ONCE or not _allowance.take(address):
        raise Turned(BUSY)
    _under_way += 1
    try:
        async with asyncio.timeout(_ALTOGETHER):
            return await _take_in(channel, section, body)
    except TimeoutError:
        raise Gone from None
    except TooLong:
        raise Turned(TOO_LONG) from None
    except (psycopg.Error, OSError) as trouble:
        log.warning("file.not_stored", channel=channel.id, error=type(trouble).__name__)
        raise Turned(UNAVAILABLE) from trouble
    finally:
        _under_way -= 1


async def _take_in(channel: Channel, section: dict[str, Any], body: Body) -> Kept:
    await _room_for(channel, section["max_size_mb"])
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="upload-", dir=_incoming())))
        source = folder / "file"
        file = opened.enter_context(source.open("w+b"))
        reader = rules.AttachmentBody(file, section["max_size_mb"] * rules.MEGABYTE)
        try:
            async for piece in body.pieces():
                reader.feed(piece)
            upload = reader.close()
        except rules.BodyRefused as refused:
            if refused.code == "too_large":
                raise Refused("too_large") from None
            raise
        file.flush()
        verdict = await _beside(rules.verdict, section, upload.file_name, upload.mime_type, upload.size, file)
        if not verdict.accepted:
            raise Refused(verdict.code)
        if settings.CLAMAV_ADDRESS:
            try:
                found = await clamav.scan(settings.CLAMAV_ADDRESS, file)
            except clamav.ScanFailed as trouble:
                log.warning("file.not_scanned", channel=channel.id, error=str(trouble))
                raise Turned(NOT_SCANNED) from trouble
            if found is not None:
                log.warning("file.infected", channel=channel.id, found=found)
                raise Refused("infected")
        preview = folder / "preview"
        drawn = verdict.inline and await pictures.redraw(source, preview)
        return await _keep(channel, verdict, file, preview if drawn else None)


async def _keep(channel: Channel, verdict: rules.Verdict, file: BinaryIO, preview: Path | None) -> Kept:
    token, name = secrets.token_urlsafe(32), f"{channel.id}/{uuid.uuid4().hex}"
    made: list[str] = []
    try:
        made.append(await _beside(_save, name, file))
        if preview is not None:
            made.append(await _beside(_save_path, f"{name}-shown", preview))
        async with database.connection() as connection:
            await connection.execute(
                _INSERT,
                (
                    token,
                    channel.id,
                    verdict.name,
                    verdict.media_type,
                    verdict.size,
                    made[0],
                    made[1] if preview else "",
                ),
            )
    except BaseException:
        for one in made:
            await asyncio.shield(_beside(_delete, one))
        raise
    metrics.files.labels("taken").inc()
    log.info("file.taken", channel=channel.id, media_type=verdict.media_type, size=verdict.size)
    return Kept(file_links.address(token, verdict.name))


def _incoming() -> Path | None:
    """On the storage's own disk where that is one: /tmp may be memory."""
    if settings.GATEWAY_FILES_S3_BUCKET:
        return None
    folder = settings.GATEWAY_FILES_DIR / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


async def _room_for(channel: Channel, megabytes: int) -> None:
    async with database.connection() as connection:
        row = await (await connection.execute(_WAITING, (channel.id,))).fetchone()
    if (
        row is not None
        and row[0] + megabytes * rules.MEGABYTE > settings.GATEWAY_UNCLAIMED_MB * rules.MEGABYTE
    ):
        raise Turned(FULL)


class StorageFailed(OSError):
    """The storage is away, or has refused."""


def _storage_errors() -> tuple[type[Exception], ...]:
    """What a storage raises: a bucket's client has errors of its own, and is loaded only where there is a bucket."""
    if not settings.GATEWAY_FILES_S3_BUCKET:
        return (OSError,)
    from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    return (OSError, Boto3Error, BotoCoreError, ClientError)


_ERRORS = _storage_errors()


def _save(name: str, file: BinaryIO) -> str:
    file.seek(0)
    try:
        return str(storages["default"].save(name, File(file, name=name)))
    except _ERRORS as trouble:
        raise StorageFailed(type(trouble).__name__) from trouble


def _save_path(name: str, path: Path) -> str:
    with path.open("rb") as file:
        return _save(name, file)


def _delete(name: str) -> None:
    try:
        storages["default"].delete(name)
    except _ERRORS as trouble:
        raise StorageFailed(type(trouble).__name__) from trouble


async def _beside(act: Callable[..., T], *arguments: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, partial(act, *arguments))


class _Allowance:
    """How many uploads each address may begin: GATEWAY_UPLOAD_BURST at once, then one every EVERY seconds."""

    def __init__(self) -> None:
        #: Address -> the moment at which it has its whole allowance again.
        self._full_at: dict[str, float] = {}

    def take(self, address: str) -> bool:
        now = time.monotonic()
        if len(self._full_at) > 50_000:
            self._full_at = {one: at for one, at in self._full_at.items() if at > now}
        full_at = max(self._full_at.get(address, now), now) + EVERY
        if full_at - now > settings.GATEWAY_UPLOAD_BURST * EVERY:
            return False
        self._full_at[address] = full_at
        return True


_allowance = _Allowance()


# -- in a conversation -------------------------------------------------------------------------------------------------


async def claim(
    connection: database.Connection, channel: Channel, thread_id: int, given: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]] | None:
    """Give these files to the conversation, in the caller's transaction; what a message says of them, or None.

    None: one of them is no file of this channel, or another conversation's. A file can be named again where it belongs.
    """
    tokens = [file_links.token_of(one["url"]) for one in given]
    wanted = [token for token in tokens if token is not None]
    if len(wanted) < len(tokens):
        return None
    rows = await (
        await connection.execute(_CLAIM, {"thread": thread_id, "tokens": wanted, "channel": channel.id})
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    if set(found) != set(wanted):
        return None
    return [
        {
            "id": token[:16],
            "url": file_links.address(token, found[token][0]),
            "friendlyName": found[token][0],
            "fileName": found[token][0],
            "mimeType": found[token][1],
            "fileSize": found[token][2],
            "preview": found[token][3],
        }
        for token in dict.fromkeys(wanted)
    ]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that belongs to a conversation, and whose that is."""

    name: str
    media_type: str
    size: int
    stored: str
    preview: str
    channel: str
    customer: str


async def find(token: str) -> Stored | None:
    """The file in a conversation; one that still waits for its message is nobody's to open."""
    async with database.connection() as connection:
        row = await (await connection.execute(_FIND, (token,))).fetchone()
    return None if row is None else Stored(*row)


async def content(name: str) -> tuple[int, AsyncIterator[bytes]]:
    """Size and pieces of a stored object. Raises OSError when the storage has it no more or is away."""
    file, size = await _beside(_open, name)

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while piece := await _beside(file.read, _PIECE):
                yield piece
        finally:
            await _beside(file.close)

    return size, pieces()


def _open(name: str) -> tuple[File[bytes], int]:
    try:
        file = storages["default"].open(name)
        return file, file.size
    except _ERRORS as trouble:
        raise StorageFailed(type(trouble).__name__) from trouble


# -- letting go --------------------------------------------------------------------------------------------------------


async def remove_conversations(connection: database.Connection, threads: Sequence[int]) -> int:
    """Take the files out of these conversations (ids of gateway_thread), in the caller's transaction; how many they were.

    Nobody opens them from its commit on; `sweep` removes them from the storage. Deleting a conversation's row does the same.
    """
    return (await connection.execute(_RELEASE, (list(threads),))).rowcount


async def sweep(most: int = 200) -> int:
    """Remove files whose conversation is gone, or whose message never came: from the storage, then from the table.

    Several processes may do it at once. What cannot be removed now stays for the next time.
    """
    removed = 0
    async with database.connection() as connection:
        while removed < most:
            async with connection.transaction():
                row = await (await connection.execute(_ABANDONED, (WAITS,))).fetchone()
                if row is None:
                    return removed
                number, stored, preview = row
                for name in filter(None, (stored, preview)):
                    await _beside(_delete, name)
                await connection.execute(_FORGET, (number,))
            removed += 1
    return removed


async def sweep_for_ever() -> None:
    """The environment's own sweeping."""
    while True:
        await asyncio.sleep(settings.GATEWAY_SWEEP_SECONDS)
        try:
            removed = await sweep()
        except (psycopg.Error, OSError) as trouble:
            log.warning("files.not_swept", error=type(trouble).__name__)
        else:
            if removed:
                log.info("files.swept", count=removed)


_WAITING = "SELECT COALESCE(sum(size), 0) FROM gateway_attachment WHERE channel = %s AND thread_id IS NULL"
_INSERT = """
INSERT INTO gateway_attachment (token, channel, name, media_type, size, stored, preview) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_CLAIM = """
UPDATE gateway_attachment SET thread_id = %(thread)s, claimed_at = COALESCE(claimed_at, now())
 WHERE token = ANY(%(tokens)s) AND channel = %(channel)s AND (claimed_at IS NULL OR thread_id = %(thread)s)
RETURNING token, name, media_type, size, preview <> ''
"""
_FIND = """
SELECT a.name, a.media_type, a.size, a.stored, a.preview, a.channel, k.external_id
  FROM gateway_attachment a
  JOIN gateway_thread t ON t.id = a.thread_id
  JOIN gateway_customer k ON k.id = t.customer_id
 WHERE a.token = %s
"""
_RELEASE = "UPDATE gateway_attachment SET thread_id = NULL WHERE thread_id = ANY(%s)"
_ABANDONED = """
SELECT id, stored, preview FROM gateway_attachment
 WHERE thread_id IS NULL AND (claimed_at IS NOT NULL OR created_at < now() - make_interval(secs => %s))
 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_FORGET = "DELETE FROM gateway_attachment WHERE id = %s"
