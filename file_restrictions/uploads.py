"""The contract's upload, read as it comes: `{"content": <base64>, "fileName", "mimeType"}` decoded into a sink.

The body of a 40 MB file is 53 MB of JSON. Nothing here holds more than the chunk at hand: the value of `content` is
decoded while it arrives and written out, and only the small rest of the object is kept (wire contract, endpoint 4).
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

# Everything of the body that is not the file: names, the media type, and whatever a host adds.
MAX_ENVELOPE = 64 * 1024
_SPACE = b" \t\r\n"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class BodyRefused(ValueError):
    """The body is not an upload of the contract. `code`: `malformed`, `not_base64`, `too_large` or `no_content`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Base64Decoder:
    """Base64 (RFC 4648, section 4; the URL-safe alphabet and line breaks are taken too) decoded piece by piece."""

    def __init__(self) -> None:
        self._rest = b""
        self._ended = False

    def feed(self, piece: bytes) -> bytes:
        """The bytes that `piece` completes. Raises `BodyRefused("not_base64")`."""
        piece = piece.translate(_URL_SAFE, _SPACE)
        if not piece:
            return b""
        padding = len(piece) - len(piece.rstrip(b"="))
        core = piece[: len(piece) - padding] if padding else piece
        if (self._ended and core) or b"=" in core:
            raise BodyRefused("not_base64", "There is text after the end of the base64 content.")
        if padding:
            self._ended = True
        whole = self._rest + core
        cut = len(whole) - len(whole) % 4
        self._rest = whole[cut:]
        return self._decode(whole[:cut])

    def close(self) -> bytes:
        """The last one or two bytes; a missing padding is forgiven, a single left-over character is not."""
        if len(self._rest) == 1:
            raise BodyRefused("not_base64", "The base64 content is cut short.")
        return self._decode(self._rest + b"=" * (-len(self._rest) % 4))

    @staticmethod
    def _decode(block: bytes) -> bytes:
        if not block:
            return b""
        try:
            return binascii.a2b_base64(block, strict_mode=True)
        except binascii.Error as error:
            raise BodyRefused("not_base64", "The content is not base64.") from error


def decode_base64_stream(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The decoded bytes of base64 text that arrives in `chunks` of any size. Raises `BodyRefused("not_base64")`."""
    decoder = Base64Decoder()
    for chunk in chunks:
        piece = decoder.feed(chunk)
        if piece:
            yield piece
    piece = decoder.close()
    if piece:
        yield piece


@dataclass(frozen=True, slots=True)
class Upload:
    """What came with the file: the name and media type as the client says them (text of a stranger), the size in bytes."""

    file_name: str
    mime_type: str
    size: int


class AttachmentBody:
    """Takes the request body chunk by chunk and writes the decoded file to `sink`.

    `max_bytes` is the largest decoded file taken; `feed` raises `BodyRefused("too_large")` at the first byte over it, so
    nothing larger is ever written. The client's encoder may escape `/` (PHP) or `=` (Gson writes `\\u003d`), or break
    lines (Android's default): all are understood.
    """

    def __init__(self, sink: BinaryIO, max_bytes: int) -> None:
        self._sink = sink
        self._max = max_bytes
        self._decoder = Base64Decoder()
        self._envelope = bytearray()  # the object without the value of `content`
        self._size = 0
        self._in_content = False
        self._had_content = False
        self._escape = b""  # an escape sequence cut by the end of a chunk
        self._prefix: bytes | None = (
            b""  # the first characters, until it is clear whether they are a data: URL's
        )
        self._in_string = False
        self._string_start = 0
        self._backslash = False
        self._depth = 0
        self._key: str | None = None
        self._wants_value = False

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body. Raises `BodyRefused`."""
        place = 0
        while place < len(chunk):
            place = (
                self._take_content(chunk, place) if self._in_content else self._take_envelope(chunk, place)
            )

    def close(self) -> Upload:
        """What was uploaded, after the last chunk. Raises `BodyRefused` when the body was cut short or is no upload."""
        if self._in_content or self._depth or self._in_string:
            raise BodyRefused("malformed", "The body ends in the middle.")
        try:
            fields = json.loads(bytes(self._envelope))
        except (ValueError, RecursionError) as error:
            raise BodyRefused("malformed", "The body is not JSON.") from error
        if not isinstance(fields, dict):
            raise BodyRefused("malformed", "The body is not a JSON object.")
        if not self._had_content:
            raise BodyRefused("no_content", 'The body has no text "content".')
        name, media_type = fields.get("fileName", ""), fields.get("mimeType", "")
        if not isinstance(name, str) or not isinstance(media_type, str):
            raise BodyRefused("malformed", '"fileName" and "mimeType" must be texts.')
        return Upload(file_name=name, mime_type=media_type, size=self._size)

    def _take_envelope(self, chunk: bytes, place: int) -> int:
        for index in range(place, len(chunk)):
            byte = chunk[index]
            self._envelope.append(byte)
            if len(self._envelope) > MAX_ENVELOPE:
                raise BodyRefused("malformed", "The body holds too much beside the content.")
            if self._in_string:
                if self._backslash:
                    self._backslash = False
                elif byte == 0x5C:
                    self._backslash = True
                elif byte == 0x22:
                    self._in_string = False
                    if self._depth == 1 and not self._wants_value:
                        self._key = self._text(bytes(self._envelope[self._string_start :]))
                continue
            if byte == 0x22:
                if self._depth == 1 and self._wants_value and self._key == "content":
                    if self._had_content:
                        raise BodyRefused("malformed", 'The body has "content" twice.')
                    self._in_content = self._had_content = True
                    return index + 1
                self._in_string = True
                self._string_start = len(self._envelope) - 1
            elif byte in b"{[":
                self._depth += 1
            elif byte in b"}]":
                self._depth -= 1
            elif byte == 0x3A and self._depth == 1:
                self._wants_value = True
            elif byte == 0x2C and self._depth == 1:
                self._wants_value, self._key = False, None
        return len(chunk)

    def _take_content(self, chunk: bytes, place: int) -> int:
        # No escape that base64 can hold contains a quotation mark, so the next one ends the value.
        end = chunk.find(b'"', place)
        piece = self._escape + chunk[place : len(chunk) if end < 0 else end]
        self._escape = b""
        if b"\\" in piece:
            last = piece.rfind(b"\\")
            length = 6 if piece[last + 1 : last + 2] == b"u" else 2
            if len(piece) - last < length:
                if end >= 0:
                    raise BodyRefused("malformed", "The content ends inside an escape.")
                piece, self._escape = piece[:last], piece[last:]
            piece = self._text(b'"' + piece + b'"').encode("utf-8", "replace")
        self._write(piece, last=end >= 0)
        if end < 0:
            return len(chunk)
        self._in_content = False
        self._store(self._decoder.close())
        self._envelope += b'"'
        return end + 1

    def _write(self, piece: bytes, *, last: bool) -> None:
        if self._prefix is not None:
            # Some hosts send the whole data: URL that a FileReader gave them.
            self._prefix += piece
            if b"data:".startswith(self._prefix[:5].lower()) and b"," not in self._prefix and not last:
                if len(self._prefix) > 512:
                    raise BodyRefused("not_base64", "The content is not base64.")
                return
            piece, self._prefix = self._prefix, None
            if piece[:5].lower() == b"data:":
                piece = piece.partition(b",")[2]
        self._store(self._decoder.feed(piece))

    def _store(self, decoded: bytes) -> None:
        self._size += len(decoded)
        if self._size > self._max:
            raise BodyRefused("too_large", "The file is larger than the channel takes.")
        if decoded:
            self._sink.write(decoded)

    @staticmethod
    def _text(token: bytes) -> str:
        try:
            text = json.loads(token)
        except ValueError as error:
            raise BodyRefused("malformed", "The body is not JSON.") from error
        return text if isinstance(text, str) else ""
