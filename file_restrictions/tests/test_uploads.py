"""The contract's upload, decoded while it arrives."""

from __future__ import annotations

import base64
import io
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from file_restrictions.uploads import AttachmentBody, BodyRefused, Upload, decode_base64_stream

LIMIT = 40 * 1024 * 1024


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[place : place + size] for place in range(0, len(body), size)]


def take(body: bytes, *, size: int = 7, limit: int = LIMIT) -> tuple[Upload, bytes]:
    sink = io.BytesIO()
    reader = AttachmentBody(sink, limit)
    for piece in pieces(body, size):
        reader.feed(piece)
    return reader.close(), sink.getvalue()


def refused(body: bytes, *, limit: int = LIMIT) -> str:
    with pytest.raises(BodyRefused) as caught:
        take(body, limit=limit)
    return caught.value.code


def body_of(content: bytes, **more: object) -> bytes:
    return json.dumps(
        {"content": base64.b64encode(content).decode(), "fileName": "a.png", "mimeType": "image/png", **more}
    ).encode()


@settings(deadline=None)
@given(content=st.binary(max_size=300), size=st.integers(1, 50))
def test_base64_in_any_pieces_gives_the_bytes(content: bytes, size: int) -> None:
    assert b"".join(decode_base64_stream(pieces(base64.b64encode(content), size))) == content


@settings(deadline=None)
@given(
    content=st.binary(max_size=300),
    size=st.integers(1, 50),
    name=st.text(max_size=20),
    first=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
def test_an_upload_in_any_pieces_gives_the_file(
    content: bytes, size: int, name: str, first: bool, indent: int | None
) -> None:
    fields = {"content": base64.b64encode(content).decode(), "fileName": name, "mimeType": "image/png"}
    ordered = dict(fields.items() if first else reversed(fields.items()))
    upload, written = take(json.dumps(ordered, indent=indent).encode(), size=size)
    assert (upload, written) == (Upload(name, "image/png", len(content)), content)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 64])
def test_the_escapes_of_all_encoders_are_understood(size: int) -> None:
    content = b"\xfb\xff\xfe" * 10 + b"x"
    encoded = base64.b64encode(content).decode()
    for written in (
        encoded.replace("/", "\\/"),
        encoded.replace("=", "\\u003d"),
        "\\n".join(encoded[place : place + 8] for place in range(0, len(encoded), 8)),
        encoded.replace("+", "-").replace("/", "_"),
        encoded.rstrip("="),
        "data:image\\/png;base64," + encoded,
    ):
        body = f'{{"fileName":"a.png","content":"{written}","mimeType":"image/png"}}'.encode()
        assert take(body, size=size) == (Upload("a.png", "image/png", len(content)), content), written


def test_content_whose_first_letters_are_those_of_data_is_content() -> None:
    content = base64.b64decode("data")
    assert take(body_of(content))[1] == content


def test_other_fields_are_passed_over() -> None:
    upload, written = take(
        body_of(b"x", extra={"content": "nested", "list": [1, {"content": "]}"}]}, **{'quo"te': 'a"b\\'})
    )
    assert (upload.size, written) == (1, b"x")


def test_a_key_may_be_escaped() -> None:
    assert take(b'{"\\u0063ontent": "eA==", "fileName": "a", "mimeType": "b"}')[1] == b"x"


def test_the_limit_is_exact_and_nothing_larger_is_written() -> None:
    assert take(body_of(b"x" * 100), limit=100)[0].size == 100
    sink = io.BytesIO()
    with pytest.raises(BodyRefused) as caught:
        AttachmentBody(sink, 99).feed(body_of(b"x" * 100))
    assert caught.value.code == "too_large"
    assert len(sink.getvalue()) <= 99


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed"),
        (b"[]", "malformed"),
        (b"null", "malformed"),
        (b'{"content": "eA=="', "malformed"),
        (b'{"content": "eA==', "malformed"),
        (b'{"content": "eA==\\', "malformed"),
        (b'{"content": "eA==\\"', "malformed"),
        (b'{"content": "eA\\u00"}', "malformed"),
        (b'{"fileName": "a"}', "no_content"),
        (b'{"content": 7}', "no_content"),
        (b'{"content": null}', "no_content"),
        (b'{"content": "e"}', "not_base64"),
        (b'{"content": "eA==eA=="}', "not_base64"),
        (b'{"content": "e$A="}', "not_base64"),
        (b'{"content": "\\u00e9AAA"}', "not_base64"),
        (b'{"content": "eA==", "content": "eA=="}', "malformed"),
        (b'{"content": "eA==", "fileName": 7}', "malformed"),
        (b'{"content": "eA=="} {}', "malformed"),
        (b'{"content": "eA==", "a": ' + b"[" * 60_000 + b"}", "malformed"),
        (b'{"content": "eA==", "a": "' + b"x" * 70_000 + b'"}', "malformed"),
        (b"\xff\xfe{}", "malformed"),
    ],
)
def test_what_is_no_upload_is_refused_with_a_code(body: bytes, code: str) -> None:
    assert refused(body) == code


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=80) | st.text(alphabet='{}[]":,\\contentAu0=', max_size=60).map(str.encode),
    size=st.integers(1, 20),
)
def test_any_body_is_an_upload_or_refused(body: bytes, size: int) -> None:
    try:
        take(body, size=size)
    except BodyRefused as refusal:
        assert refusal.code in ("malformed", "not_base64", "too_large", "no_content")


def test_a_large_upload_never_sits_in_memory() -> None:
    class Counter:
        written = 0

        def write(self, piece: bytes) -> int:
            self.written += len(piece)
            return len(piece)

    piece = base64.b64encode(bytes(48 * 1024))
    sink = Counter()
    reader = AttachmentBody(sink, LIMIT)  # type: ignore[arg-type]
    tracemalloc.start()
    reader.feed(b'{"content":"')
    for _ in range(LIMIT // (48 * 1024)):
        reader.feed(piece)
    reader.feed(b'","fileName":"a","mimeType":"b"}')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reader.close().size == sink.written > 39 * 1024 * 1024
    assert peak < 1024 * 1024
