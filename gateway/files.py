"""Files served from memory with their encodings made once: the widget's build and the test page's own script and style."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

import brotli

from gateway import doors
from gateway.encodings import accepts

_TYPES = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    # cxone.d.ts, the types of the chat's commands.
    ".ts": b"text/plain; charset=utf-8",
}
_HASHED = re.compile(r"-[0-9a-f]{8,}\.[a-z]+$")
#: Seconds between two looks at the disk: a rebuild in development shows by itself.
_LOOK = 1.0


@dataclass(frozen=True, slots=True)
class File:
    """A file ready to be sent."""

    plain: bytes
    packed: dict[bytes, bytes]
    etag: bytes
    content_type: bytes
    cache: bytes

    def answer(self, headers: doors.RawHeaders) -> tuple[int, doors.Headers, bytes]:
        """Status, headers and body for a GET with these request headers."""
        common: doors.Headers = [
            (b"etag", self.etag),
            (b"cache-control", self.cache),
            (b"access-control-allow-origin", b"*"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"Accept-Encoding"),
        ]
        asked = doors.header(headers, b"if-none-match") or b""
        if self.etag.removeprefix(b"W/") in (tag.strip().removeprefix(b"W/") for tag in asked.split(b",")):
            return 304, common, b""
        common.append((b"content-type", self.content_type))
        accepted = doors.header(headers, b"accept-encoding") or b""
        for coding in (b"br", b"gzip"):
            if coding in self.packed and accepts(accepted, coding):
                return 200, [*common, (b"content-encoding", coding)], self.packed[coding]
        return 200, common, self.plain


class Folder:
    """The files of one folder with one of the known endings, read again when the folder changed."""

    def __init__(self, path: Path, *, cache: bytes) -> None:
        self._path = path
        self._cache = cache
        self._files: dict[str, tuple[int, File]] = {}
        self._looked: dict[str, float] = {}

    async def get(self, name: str) -> File | None:
        """A file by its bare name; None when there is none."""
        if "/" in name or name.startswith(".") or Path(name).suffix not in _TYPES:
            return None
        known = self._files.get(name)
        now = time.monotonic()
        if known is not None and now - self._looked[name] < _LOOK:
            return known[1]
        try:
            changed = (self._path / name).stat().st_mtime_ns
        except OSError:
            # Gone from the disk by a new build, but a page may hold a loader that asks for it still.
            return known[1] if known is not None else None
        if known is None or known[0] != changed:
            known = (changed, await asyncio.to_thread(self._read, name))
            self._files[name] = known
        self._looked[name] = now
        return known[1]

    def text(self, name: str) -> str | None:
        """A file that is not sent as it is."""
        try:
            return (self._path / name).read_text(encoding="utf-8")
        except OSError:
            return None

    def _read(self, name: str) -> File:
        plain = (self._path / name).read_bytes()
        packed = {b"br": brotli.compress(plain), b"gzip": gzip.compress(plain, compresslevel=9, mtime=0)}
        return File(
            plain,
            {coding: content for coding, content in packed.items() if len(content) < len(plain)},
            # Weak: one tag for every encoding of it.
            b'W/"' + hashlib.sha256(plain).hexdigest()[:24].encode() + b'"',
            _TYPES[Path(name).suffix],
            b"public, max-age=31536000, immutable" if _HASHED.search(name) else self._cache,
        )
