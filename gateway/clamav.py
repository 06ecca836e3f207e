"""Asking clamd about a file, in its own protocol (INSTREAM): the file is streamed, nothing is stored there.

Fails closed: whoever asks gets a verdict, or `ScanFailed`.
"""

from __future__ import annotations

import asyncio
from typing import BinaryIO

_CHUNK = 128 * 1024
_SECONDS = 60.0
_LONGEST_ANSWER = 4096


class ScanFailed(Exception):
    """clamd is away, too slow, or did not understand."""


async def scan(address: str, file: BinaryIO, *, seconds: float = _SECONDS) -> str | None:
    """The name of what was found in the file (read from its beginning), None when it is clean. Raises ScanFailed.

    `address` is host:port, or the path of a socket.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _scan(address, file)
    except (
        TimeoutError,
        OSError,
        ValueError,
        asyncio.IncompleteReadError,
        asyncio.LimitOverrunError,
    ) as trouble:
        raise ScanFailed(type(trouble).__name__) from trouble


async def _scan(address: str, file: BinaryIO) -> str | None:
    if address.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(address, limit=_LONGEST_ANSWER)
    else:
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), limit=_LONGEST_ANSWER)
    try:
        # z: commands and answers end with a NUL. Each chunk has its length before it, four bytes, network order.
        writer.write(b"zINSTREAM\0")
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            writer.write(len(chunk).to_bytes(4, "big") + chunk)
            await writer.drain()
        writer.write(b"\0\0\0\0")
        await writer.drain()
        answer = (await reader.readuntil(b"\0"))[:-1].decode("utf-8", "replace").strip()
    finally:
        writer.close()
    verdict = answer.removeprefix("stream:").strip()
    if verdict == "OK":
        return None
    if verdict.endswith(" FOUND"):
        return verdict.removesuffix(" FOUND")
    raise ScanFailed(answer[:200])
