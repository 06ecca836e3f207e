"""What an archive holds: read far enough to see programs, macros and bombs, and never further.

Everything here works on untrusted bytes with a fixed budget of members, nesting and decompressed bytes. What could not
be looked into (encrypted headers, an unknown format, a budget spent) is said as `readable=False`, and a verdict treats
it as if it held a program.
"""

from __future__ import annotations

import bz2
import io
import lzma
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from . import media_types, names

MAX_MEMBERS = 10_000
MAX_DIRECTORY = 4 * 1024 * 1024  # bytes of a zip's central directory
MAX_DEPTH = 3
NESTED_BUDGET = 32 * 1024 * 1024  # decompressed bytes of archives inside archives, altogether
STREAM_BUDGET = {"application/gzip": 256 * 1024 * 1024}  # gzip decompresses ten times as fast as the others
OTHER_STREAM_BUDGET = 64 * 1024 * 1024
# A bomb: more than 64 MiB that were packed a hundred times smaller. Office files and logs stay below 50.
BOMB_BYTES = 64 * 1024 * 1024
BOMB_RATIO = 100
SNIFFED_MEMBERS = 1_000
SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x04\x22\x4d\x18", "application/x-lz4"),
    (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (b"!<arch>\n", "application/x-archive"),
    (b"\x1f\x9d", "application/x-compress"),
    (b"070701", "application/x-cpio"),
    (b"070707", "application/x-cpio"),
)
_EPUB_PARTS = ("text/javascript",)  # EPUB 3 lets a book carry scripts; its readers sandbox them


@dataclass(slots=True)
class Contents:
    """What was seen inside: the first program's member name, macros, a bomb, encrypted members, and whether all was seen."""

    members: int = 0
    program: str | None = None
    macros: bool = False
    bomb: bool = False
    encrypted: bool = False
    readable: bool = True

    def meet(self, name: str, head: bytes = b"", *, ignore: tuple[str, ...] = ()) -> None:
        """Take note of a member by its name and, where known, its first bytes."""
        self.members += 1
        kind = media_types.of_extension(names.safe_name(name)) if not name.endswith("/") else None
        if kind is not None and media_types.has_trait(kind, "macros"):
            self.macros = True
        by_name = kind is not None and kind not in ignore and media_types.has_trait(kind, "program")
        if self.program is None and (by_name or is_program(head)):
            self.program = name

    def take(self, inner: Contents, name: str) -> None:
        """Add what an archive inside, `name`, holds."""
        if self.program is None and inner.program is not None:
            self.program = f"{name}/{inner.program}"
        self.macros = self.macros or inner.macros
        self.bomb = self.bomb or inner.bomb
        self.encrypted = self.encrypted or inner.encrypted
        self.readable = self.readable and inner.readable


@dataclass(slots=True)
class Budget:
    """What may still be decompressed for archives inside archives."""

    left: int = NESTED_BUDGET


class Reader(Protocol):
    """What a tar is read from."""

    def read(self, length: int, /) -> bytes: ...


def is_program(head: bytes) -> bool:
    """Whether `head` begins a native program, a script with an interpreter line, a shortcut or compiled code."""
    if head.startswith(b"MZ"):
        return b"\0" in head[:64]
    return head.startswith(
        (
            b"\x7fELF",
            b"#!/",
            b"#! /",
            b"\xfe\xed\xfa\xce",
            b"\xfe\xed\xfa\xcf",
            b"\xce\xfa\xed\xfe",
            b"\xcf\xfa\xed\xfe",
            b"\xca\xfe\xba\xbe",
            b"dex\n0",
            b"L\0\0\0\x01\x14\x02\0",
        )
    )


# --- zip -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a zip's central directory."""

    name: str
    flags: int
    method: int
    packed: int
    size: int
    offset: int


@dataclass(slots=True)
class Zip:
    """A zip's central directory. `prefix` is the number of bytes before the archive (a self-extractor's stub, or a lie)."""

    members: list[Member]
    prefix: int = 0
    complete: bool = True
    overlapping: bool = False

    def names(self) -> set[str]:
        """All member names."""
        return {member.name for member in self.members}


def read_zip(file: BinaryIO, size: int) -> Zip | None:
    """The central directory of the zip that ends `file` (APPNOTE 4.3.16), or None when there is none.

    Found whatever the file begins with, as zip readers do; that is what makes zips half of many polyglots.
    """
    tail_length = min(size, 65_557)
    file.seek(size - tail_length)
    tail = file.read(tail_length)
    place = len(tail)
    for _ in range(64):
        place = tail.rfind(b"PK\x05\x06", 0, place)
        if place < 0:
            return None
        if place + 22 <= len(tail):
            found = _directory(file, size, tail, place, size - tail_length + place)
            if found is not None:
                return found
    return None


def _directory(file: BinaryIO, size: int, tail: bytes, place: int, end: int) -> Zip | None:
    count, length, start = struct.unpack_from("<HII", tail, place + 10)
    if 0xFFFFFFFF in (length, start) or count == 0xFFFF:
        # Zip64 (APPNOTE 4.3.14): the real numbers stand in a record in front of its locator.
        file.seek(max(end - 76, 0))
        block = file.read(min(76, end))
        record = block.rfind(b"PK\x06\x06")
        if record >= 0 and len(block) - record >= 56:
            count, length, start = struct.unpack_from("<QQQ", block, record + 32)
            end = end - len(block) + record
    if count == 0 and length == 0:
        return Zip([], prefix=end) if end == 0 or start <= end else None
    prefix = end - length - start
    if prefix < 0 or length > end or length < 46:
        return None
    if length > MAX_DIRECTORY:
        return Zip([], prefix=prefix, complete=False)
    file.seek(end - length)
    block = file.read(length)
    if not block.startswith(b"PK\x01\x02"):
        return None
    found = Zip([], prefix=prefix)
    at, packed_total = 0, 0
    while at + 46 <= len(block) and block[at : at + 4] == b"PK\x01\x02":
        if len(found.members) >= MAX_MEMBERS:
            found.complete = False
            break
        flags, method = struct.unpack_from("<HH", block, at + 8)
        packed, whole, name_length, extra_length, comment_length = struct.unpack_from(
            "<IIHHH", block, at + 20
        )
        offset = struct.unpack_from("<I", block, at + 42)[0]
        raw = block[at + 46 : at + 46 + name_length]
        if 0xFFFFFFFF in (packed, whole, offset):
            extra = block[at + 46 + name_length : at + 46 + name_length + extra_length]
            packed, whole, offset = _zip64(extra, packed, whole, offset)
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace").replace("\\", "/")
        found.members.append(Member(name, flags, method, packed, whole, offset + prefix))
        packed_total += packed
        at += 46 + name_length + extra_length + comment_length
    # Members that share their bytes are how a 42 KB file unpacks to petabytes.
    found.overlapping = packed_total > size
    return found


def _zip64(extra: bytes, packed: int, whole: int, offset: int) -> tuple[int, int, int]:
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == 1:
            values = [
                struct.unpack_from("<Q", extra, at + 4 + n)[0]
                for n in range(0, min(length, len(extra) - at - 4) - 7, 8)
            ]
            if whole == 0xFFFFFFFF and values:
                whole = values.pop(0)
            if packed == 0xFFFFFFFF and values:
                packed = values.pop(0)
            if offset == 0xFFFFFFFF and values:
                offset = values.pop(0)
            break
        at += 4 + length
    return packed, whole, offset


def read_member(file: BinaryIO, member: Member, limit: int) -> bytes:
    """The first bytes of `member`, `limit` at most; b'' when it is encrypted, broken or packed by an unusual method."""
    if member.flags & 1 or limit <= 0:
        return b""
    file.seek(member.offset)
    header = file.read(30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        return b""
    name_length, extra_length = struct.unpack_from("<HH", header, 26)
    file.seek(member.offset + 30 + name_length + extra_length)
    if member.method == 0:
        return file.read(min(member.size, limit))
    if member.method != 8:
        return b""
    decoder = zlib.decompressobj(-15)
    out = bytearray()
    packed = member.packed
    try:
        while packed > 0 and len(out) < limit and not decoder.eof:
            block = file.read(min(packed, 4096 if limit <= 4096 else 65_536))
            if not block:
                break
            packed -= len(block)
            out += decoder.decompress(block, limit - len(out))
    except zlib.error:
        pass
    return bytes(out)


def inspect_zip(file: BinaryIO, found: Zip, size: int, kind: str, budget: Budget, depth: int = 0) -> Contents:
    """What the zip `found` in `file` holds; `kind` is the media type that the package was recognised as."""
    contents = Contents(readable=found.complete)
    total = sum(member.size for member in found.members)
    contents.bomb = found.overlapping or (total > BOMB_BYTES and total > BOMB_RATIO * max(size, 1))
    ignore = _EPUB_PARTS if kind == "application/epub+zip" else ()
    for index, member in enumerate(found.members):
        head = read_member(file, member, 512) if index < SNIFFED_MEMBERS and not contents.bomb else b""
        contents.meet(member.name, head, ignore=ignore)
        lowered = member.name.lower()
        contents.encrypted = contents.encrypted or bool(member.flags & 1)
        if _carries_macros(lowered, kind):
            contents.macros = True
        if contents.bomb or member.name.endswith("/"):
            continue
        archive = _archive_kind(lowered, head)
        if archive is not None:
            inner = (
                read_member(file, member, min(member.size, budget.left))
                if member.size <= budget.left
                else b""
            )
            contents.take(_inside(inner, archive, budget, depth), member.name)
        elif member.size and not head and not member.flags & 1 and member.method not in (0, 8):
            contents.readable = False
    return contents


def _carries_macros(lowered: str, kind: str) -> bool:
    base = lowered.rpartition("/")[2]
    if base in ("vbaproject.bin", "vbadata.xml") or "xl/macrosheets/" in lowered:
        return True
    if not kind.startswith("application/vnd.oasis.opendocument"):
        return False
    # OpenDocument: StarBasic modules lie under Basic/<library>/, other languages under Scripts/.
    module = (
        lowered.startswith("basic/")
        and base.endswith(".xml")
        and not base.startswith(("script-l", "dialog-l"))
    )
    return module or (lowered.startswith("scripts/") and not lowered.endswith("/"))


def _archive_kind(lowered: str, head: bytes) -> str | None:
    kind = stream_kind(head)
    if kind is None and head[257:262] == b"ustar":
        kind = "application/x-tar"
    if kind is None:
        named = media_types.of_extension(lowered)
        kind = named if named is not None and media_types.has_trait(named, "archive") else None
    return kind


def stream_kind(head: bytes) -> str | None:
    """The archive or compression format that `head` begins with, or None."""
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            return kind
    if re.match(rb"BZh[1-9]1AY&SY", head):
        return "application/x-bzip2"
    return None


def _inside(content: bytes, kind: str, budget: Budget, depth: int) -> Contents:
    if not content or depth + 1 >= MAX_DEPTH:
        return Contents(readable=False)
    budget.left -= len(content)
    return inspect(io.BytesIO(content), len(content), kind, budget=budget, depth=depth + 1)


# --- streams and tar -------------------------------------------------------------------------------------------------


class _Unpacked:
    """A gzip, bzip2 or xz file as the bytes it unpacks to, up to a limit; concatenated streams are followed."""

    def __init__(self, file: BinaryIO, kind: str, limit: int) -> None:
        self._file = file
        makers: dict[str, Callable[[], zlib._Decompress | bz2.BZ2Decompressor | lzma.LZMADecompressor]] = {
            "application/gzip": lambda: zlib.decompressobj(31),
            "application/x-bzip2": bz2.BZ2Decompressor,
            # A memory limit: an xz header may ask for 4 GB.
            "application/x-xz": lambda: lzma.LZMADecompressor(memlimit=128 * 1024 * 1024),
        }
        self._make = makers[kind]
        self._decoder = self._make()
        self._limit = limit
        self._input = b""
        self._ready = bytearray()
        self.out = 0
        self.consumed = 0
        self.broken = False
        self.spent = False

    def read(self, length: int, /) -> bytes:
        while len(self._ready) < length and self._step():
            pass
        piece = bytes(self._ready[:length])
        del self._ready[:length]
        return piece

    def _step(self) -> bool:
        if self.out >= self._limit:
            self.spent = True
            return False
        try:
            if self._decoder.eof:
                rest = self._decoder.unused_data or self._file.read(65_536)
                if not rest.strip(b"\0"):
                    return False
                self._decoder, self._input = self._make(), rest
            elif not self._input and getattr(self._decoder, "needs_input", True):
                self._input = self._file.read(65_536)
                self.consumed += len(self._input)
                if not self._input:
                    self.broken = True
                    return False
            piece = self._decoder.decompress(self._input, 262_144)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
            self.broken = True
            return False
        self._input = getattr(self._decoder, "unconsumed_tail", b"")
        self.out += len(piece)
        self._ready += piece
        return True


def inspect_stream(file: BinaryIO, size: int, kind: str, budget: Budget, depth: int = 0) -> Contents:
    """What a gzip, bzip2 or xz file holds: a tar is walked, a single file is judged by its first bytes."""
    limit = STREAM_BUDGET.get(kind, OTHER_STREAM_BUDGET) if depth == 0 else budget.left
    file.seek(0)
    unpacked = _Unpacked(file, kind, limit)
    contents = Contents()
    head = unpacked.read(512)
    if head[257:262] == b"ustar" and _checksum_holds(head):
        contents = _walk_tar(unpacked, head, budget, depth)
    else:
        contents.meet("", head)
        if contents.program is not None:
            contents.program = "(the packed file)"
        if stream_kind(head) is not None:
            contents.readable = False
    # To the end, so that damage and a bomb behind a harmless beginning are seen.
    while unpacked.read(262_144):
        pass
    if depth:
        budget.left -= unpacked.out
    if unpacked.out > BOMB_BYTES / 4 and unpacked.out > BOMB_RATIO * max(min(size, unpacked.consumed), 1):
        contents.bomb = True
    if unpacked.spent or unpacked.broken:
        contents.readable = False
    return contents


def _checksum_holds(block: bytes) -> bool:
    """Whether a tar header's checksum is right (POSIX ustar: the sum of its bytes, the field itself as spaces)."""
    written = re.match(rb"[ \0]*([0-7]+)", block[148:156])
    return (
        len(block) == 512
        and written is not None
        and int(written[1], 8) == sum(block) - sum(block[148:156]) + 8 * 0x20
    )


def is_tar(head: bytes) -> bool:
    """Whether `head` begins with a tar header; the checksum decides, so the name in front may be anything."""
    return head[257:262] == b"ustar" and _checksum_holds(head[:512])


def inspect_tar(file: BinaryIO, budget: Budget, depth: int = 0) -> Contents:
    """What a tar holds."""
    file.seek(0)
    return _walk_tar(file, file.read(512), budget, depth)


def _walk_tar(source: Reader, block: bytes, budget: Budget, depth: int) -> Contents:
    contents = Contents()
    long_name: str | None = None
    while len(block) == 512 and block.strip(b"\0"):
        if not _checksum_holds(block) or contents.members >= MAX_MEMBERS:
            contents.readable = False
            return contents
        field = block[124:136]
        # GNU's base-256 for files of 8 GB and more; nothing of that size is ever here.
        size = -1 if field[0] & 0x80 else int(re.match(rb"[ \0]*([0-7]*)", field)[1] or b"0", 8)  # type: ignore[index]
        kind = block[156:157]
        if size < 0:
            contents.readable = False
            return contents
        padding = -size % 512
        if kind in (b"L", b"x", b"g"):
            if size > 65_536:
                contents.readable = False
                return contents
            body = source.read(size)
            if kind == b"L":
                long_name = body.rstrip(b"\0").decode("utf-8", "replace")
            else:
                path = re.search(rb"\d+ path=([^\n]*)\n", body)
                long_name = path[1].decode("utf-8", "replace") if path and kind == b"x" else long_name
            source.read(padding)
        else:
            prefix = block[345:500].split(b"\0", 1)[0]
            short = block[:100].split(b"\0", 1)[0]
            name = long_name or (prefix + b"/" + short if prefix else short).decode("utf-8", "replace")
            long_name = None
            _tar_member(source, contents, name, size if kind in (b"0", b"\0", b"7") else 0, budget, depth)
            if kind in (b"0", b"\0", b"7"):
                source.read(padding)
        block = source.read(512)
    return contents


def _tar_member(source: Reader, contents: Contents, name: str, size: int, budget: Budget, depth: int) -> None:
    head = source.read(min(size, 512))
    contents.meet(name, head)
    left = size - len(head)
    archive = _archive_kind(name.lower(), head) if size else None
    if archive is not None:
        whole = b""
        if size <= budget.left:
            whole = head + source.read(left)
            left = 0
        contents.take(_inside(whole, archive, budget, depth), name)
    while left > 0:
        skipped = source.read(min(left, 262_144))
        if not skipped:
            contents.readable = False
            return
        left -= len(skipped)


# --- 7z, rar ---------------------------------------------------------------------------------------------------------


def inspect_7z(file: BinaryIO, size: int) -> Contents:
    """What a 7z holds, by its names: its header lies at the end, usually packed with LZMA (7zFormat.txt)."""
    file.seek(0)
    start = file.read(32)
    contents = Contents(readable=False)
    if len(start) < 32:
        return contents
    offset, length = struct.unpack_from("<QQ", start, 12)
    if length == 0:
        return Contents(readable=size == 32)
    if 32 + offset + length > size or length > MAX_DIRECTORY:
        return contents
    file.seek(32 + offset)
    header = file.read(length)
    for _ in range(4):
        if not header.startswith(b"\x17"):
            break
        header = _unpack_7z_header(file, header)
    if not header.startswith(b"\x01"):
        return contents
    # kNames (0x11): its size, a zero byte (« not external »), then UTF-16 names, each ended by a zero.
    listed: list[str] = []
    for match in re.finditer(rb"\x11", header):
        block_length, at = _number_7z(header, match.end())
        block = header[at + 1 : at + block_length]
        if (
            3 <= block_length <= len(header) - at
            and header[at] == 0
            and len(block) % 2 == 0
            and block.endswith(b"\0\0")
        ):
            listed = block.decode("utf-16-le", "replace").split("\0")[:-1]
            break
    for name in listed[:MAX_MEMBERS]:
        contents.meet(name)
    # Archives inside cannot be reached without unpacking the whole solid block.
    nested = any(_archive_kind(name.lower(), b"") is not None for name in listed)
    readable = bool(listed) and len(listed) <= MAX_MEMBERS and not nested
    contents.readable = readable
    return contents


def _number_7z(block: bytes, at: int) -> tuple[int, int]:
    """7z's variable-length number at `at`, and the place after it; (-1, at) when cut."""
    if at >= len(block):
        return -1, at
    first, mask, value = block[at], 0x80, 0
    at += 1
    for index in range(8):
        if not first & mask:
            return value | (first & (mask - 1)) << (8 * index), at
        if at >= len(block):
            return -1, at
        value |= block[at] << (8 * index)
        at += 1
        mask >>= 1
    return value, at


def _unpack_7z_header(file: BinaryIO, header: bytes) -> bytes:
    """The header that `header` (kEncodedHeader) says is packed elsewhere; b'' unless it is plain LZMA or LZMA2."""
    # kPackInfo 06, position, count 1, kSize 09, size, kEnd 00, kUnPackInfo 07, kFolder 0B, 1, external 0, 1 coder, ...
    if header[1:2] != b"\x06":
        return b""
    place, at = _number_7z(header, 2)
    count, at = _number_7z(header, at)
    if count != 1 or header[at : at + 1] != b"\x09":
        return b""
    packed, at = _number_7z(header, at + 1)
    at = header.find(b"\x07\x0b\x01\x00\x01", at)
    if at < 0 or place < 0 or not 0 <= packed <= MAX_DIRECTORY:
        return b""
    at += 5
    flags = header[at : at + 1]
    identity_length = flags[0] & 0x0F if flags else 0
    identity = header[at + 1 : at + 1 + identity_length]
    at += 1 + identity_length
    if not flags or not flags[0] & 0x20:
        return b""
    length, at = _number_7z(header, at)
    properties = header[at : at + max(length, 0)]
    at += max(length, 0)
    if header[at : at + 1] != b"\x0c":
        return b""
    unpacked, _ = _number_7z(header, at + 1)
    if not 0 < unpacked <= MAX_DIRECTORY:
        return b""
    if identity == b"\x03\x01\x01" and len(properties) == 5 and properties[0] < 225:
        packing, dictionary = properties[0], struct.unpack("<I", properties[1:])[0]
        chain = {"id": lzma.FILTER_LZMA1, "lc": packing % 9, "lp": packing // 9 % 5, "pb": packing // 45}
        chain["dict_size"] = max(min(dictionary, MAX_DIRECTORY), 4096)
    elif identity == b"\x21":
        chain = {"id": lzma.FILTER_LZMA2, "dict_size": MAX_DIRECTORY}
    else:
        return b""
    file.seek(32 + place)
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain]).decompress(file.read(packed), unpacked)
    except (lzma.LZMAError, ValueError, EOFError):
        return b""


def inspect_rar(file: BinaryIO, size: int) -> Contents:
    """What a RAR (version 4 or 5) holds, by its names; encrypted headers leave it unreadable."""
    file.seek(0)
    return _walk_rar5(file, size) if file.read(8) == b"Rar!\x1a\x07\x01\0" else _walk_rar4(file, size)


def _walk_rar5(file: BinaryIO, size: int) -> Contents:
    contents, at = Contents(), 8
    while at < size and contents.members < MAX_MEMBERS:
        file.seek(at + 4)
        block = file.read(4096)
        length, cursor = _vint(block, 0)
        begin = cursor
        kind, cursor = _vint(block, cursor)
        flags, cursor = _vint(block, cursor)
        if length <= 0 or kind < 0 or flags < 0:
            break
        extra = data = 0
        if flags & 1:
            extra, cursor = _vint(block, cursor)
        if flags & 2:
            data, cursor = _vint(block, cursor)
        if kind == 5:  # end of archive
            return contents
        if kind == 4 or extra < 0 or data < 0:  # encrypted headers
            break
        if kind == 2:
            file_flags, cursor = _vint(block, cursor)
            for _ in range(2):  # unpacked size, attributes
                _, cursor = _vint(block, cursor)
            cursor += 4 * bool(file_flags & 2) + 4 * bool(file_flags & 4)
            for _ in range(2):  # compression, operating system
                _, cursor = _vint(block, cursor)
            name_length, cursor = _vint(block, cursor)
            _meet_packed(contents, block[cursor : cursor + max(name_length, 0)])
        at += 4 + begin + length + data
    contents.readable = False
    return contents


def _walk_rar4(file: BinaryIO, size: int) -> Contents:
    contents, at = Contents(), 7
    while at + 7 <= size and contents.members < MAX_MEMBERS:
        file.seek(at)
        block = file.read(4096)
        kind, flags, length = struct.unpack_from("<BHH", block, 2)
        if length < 7 or (kind == 0x73 and flags & 0x80):  # encrypted headers
            contents.readable = False
            return contents
        if kind == 0x7B:
            return contents
        data = struct.unpack_from("<I", block, 7)[0] if flags & 0x8000 or kind == 0x74 else 0
        if kind == 0x74 and len(block) >= 32:
            name_length = struct.unpack_from("<H", block, 26)[0]
            begin = 40 if flags & 0x100 else 32
            _meet_packed(contents, block[begin : begin + name_length].split(b"\0", 1)[0])
        at += length + data
    contents.readable = at == size
    return contents


def _meet_packed(contents: Contents, raw: bytes) -> None:
    name = raw.decode("utf-8", "replace")
    contents.meet(name)
    if _archive_kind(name.lower(), b"") is not None:
        contents.readable = False


def _vint(block: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(block):
            return -1, at
        value |= (block[at] & 0x7F) << shift
        at += 1
        if not block[at - 1] & 0x80:
            return value, at
    return -1, at


# --- the door --------------------------------------------------------------------------------------------------------


def inspect(
    file: BinaryIO, size: int, kind: str, *, budget: Budget | None = None, depth: int = 0
) -> Contents:
    """What the archive in `file` (seekable, `size` bytes, of media type `kind`) holds.

    A format that cannot be looked into (cab, iso, zstd, ...) answers `readable=False`.
    """
    budget = budget or Budget()
    if kind == "application/zip":
        found = read_zip(file, size)
        return inspect_zip(file, found, size, kind, budget, depth) if found else Contents(readable=False)
    if kind in ("application/gzip", "application/x-bzip2", "application/x-xz"):
        return inspect_stream(file, size, kind, budget, depth)
    if kind == "application/x-tar":
        return inspect_tar(file, budget, depth)
    if kind == "application/x-7z-compressed":
        return inspect_7z(file, size)
    if kind == "application/vnd.rar":
        return inspect_rar(file, size)
    return Contents(readable=False)
