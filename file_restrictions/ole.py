"""OLE compound files (MS-CFB), as far as a verdict needs them: the directory's names, and the start of one stream.

Reads untrusted bytes: every chain is bounded by the number of sectors of the file, and a broken structure gives what
could be read, never an error.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import BinaryIO

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA  # this and above are marks, not sector numbers
_MAX_ENTRIES = 16_384


@dataclass(slots=True)
class Compound:
    """The directory of a compound file: entry names, the root's class id, and where the streams begin."""

    names: list[str] = field(default_factory=list)
    clsid: bytes = b""
    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    _file: BinaryIO | None = None
    _fat: list[int] = field(default_factory=list)
    _sector: int = 512

    def start_of(self, name: str, limit: int) -> bytes:
        """The first bytes, `limit` at most, of the stream `name`; b'' when it is absent or lies in the mini stream."""
        start, size = self.streams.get(name, (_END, 0))
        if size < 4096 or self._file is None:
            return b""
        out = bytearray()
        for sector in _chain(self._fat, start):
            out += _read(self._file, (sector + 1) * self._sector, self._sector)
            if len(out) >= min(limit, size):
                break
        return bytes(out[: min(limit, size)])


def read(file: BinaryIO) -> Compound:
    """The directory of the compound file in `file` (seekable, position not kept)."""
    compound = Compound(_file=file)
    header = _read(file, 0, 512)
    if len(header) < 512 or not header.startswith(SIGNATURE):
        return compound
    shift = struct.unpack_from("<H", header, 30)[0]
    if shift not in (9, 12):
        return compound
    sector = compound._sector = 1 << shift
    directory, difat, difat_count = (struct.unpack_from("<I", header, place)[0] for place in (48, 68, 72))
    fat_sectors = [number for number in struct.unpack_from("<109I", header, 76) if number < _END]
    seen: set[int] = set()
    while difat < _END and difat not in seen and len(seen) < min(difat_count, 1024):
        seen.add(difat)
        numbers = _integers(_read(file, (difat + 1) * sector, sector))
        if not numbers:
            break
        fat_sectors += [number for number in numbers[:-1] if number < _END]
        difat = numbers[-1]
    for number in fat_sectors[:4096]:
        compound._fat += _integers(_read(file, (number + 1) * sector, sector))
    for number in _chain(compound._fat, directory):
        block = _read(file, (number + 1) * sector, sector)
        for place in range(0, len(block) - 127, 128):
            length, kind = struct.unpack_from("<HB", block, place + 64)
            if kind not in (1, 2, 5) or not 2 <= length <= 64:
                continue
            name = block[place : place + length - 2].decode("utf-16-le", "replace")
            if kind == 5:
                compound.clsid = block[place + 80 : place + 96]
            compound.names.append(name)
            if kind == 2:
                start, size = struct.unpack_from("<II", block, place + 116)
                compound.streams[name] = (start, size)
        if len(compound.names) > _MAX_ENTRIES:
            break
    return compound


def _chain(fat: list[int], start: int) -> list[int]:
    out: list[int] = []
    seen: set[int] = set()
    while start < len(fat) and start not in seen:
        seen.add(start)
        out.append(start)
        start = fat[start]
    return out


def _read(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(place)
    return file.read(length)


def _integers(block: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4]))
