"""What files are found to be: every kind, whatever its name, and the files that lie."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from file_restrictions import media_types
from file_restrictions.sniffing import RECOGNISED, sniff, sniff_bytes

from . import hostile
from .kinds import KINDS, cfb, pdf, pe, png, sample, tarred, zipped

# Only the name tells these apart from other plain text.
BY_NAME = {"table.csv", "notes.md"}


def test_at_least_sixty_kinds_of_files_are_judged() -> None:
    assert len({kind.media_type for kind in KINDS.values()}) >= 60


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_file_is_what_its_bytes_are(name: str) -> None:
    kind = KINDS[name]
    assert sniff_bytes(kind.content, name).media_type == kind.media_type


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_missing_name_changes_nothing_but_the_dialect_of_text(name: str) -> None:
    kind = KINDS[name]
    expected = "text/plain" if name in BY_NAME else kind.media_type
    found = sniff_bytes(kind.content)
    assert found.media_type == expected


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_picture_s_name_makes_nothing_a_picture(name: str) -> None:
    kind = KINDS[name]
    found = sniff_bytes(kind.content, "photo.png")
    expected = {"table.csv": "text/plain", "notes.md": "text/plain"}
    assert found.media_type == expected.get(name, kind.media_type)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_honest_files_are_one_thing_only(name: str) -> None:
    found = sniff_bytes(KINDS[name].content, name)
    assert (found.also, found.bomb) == ((), False)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_type_found_is_in_the_list_under_that_name(name: str) -> None:
    media_type = KINDS[name].media_type
    assert media_types.canonical(media_type) == media_type
    assert media_type in media_types.catalogue().types


def test_every_program_of_the_kinds_is_seen_as_a_program_under_any_name() -> None:
    for kind in KINDS.values():
        if media_types.has_trait(kind.media_type, "program"):
            assert sniff_bytes(kind.content, "photo.png").program is not None, kind.name


@pytest.mark.parametrize(
    ("make", "main", "other"),
    [
        (hostile.gif_and_javascript, "image/gif", "text/javascript"),
        (hostile.bmp_and_javascript, "image/bmp", "text/javascript"),
        (hostile.wav_and_javascript, "audio/wav", "text/javascript"),
        (hostile.jpeg_and_php, "image/jpeg", "application/x-httpd-php"),
        (hostile.png_and_html, "image/png", "text/html"),
        (hostile.pdf_and_zip, "application/pdf", "application/zip"),
        (hostile.jpeg_and_zip, "image/jpeg", "application/zip"),
        (hostile.gif_and_jar, "image/gif", "application/zip"),
        (hostile.jpeg_and_pdf, "image/jpeg", "application/pdf"),
        (hostile.html_and_pdf, "text/html", "application/pdf"),
        (hostile.pdf_and_html, "application/pdf", "text/html"),
        (hostile.pdf_and_tar, "application/x-tar", "application/pdf"),
        (hostile.gif_and_tar, "image/gif", "application/x-tar"),
        (hostile.pdf_and_iso, "application/pdf", "application/x-iso9660-image"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_file_that_is_two_formats_is_told_as_both(make: Callable[[], bytes], main: str, other: str) -> None:
    found = sniff_bytes(make())
    assert (found.media_type, found.also) == (main, (other,))


def test_a_mark_across_the_border_of_two_blocks_is_seen() -> None:
    for shift in range(12):
        content = (
            png() + b"\0" * (1024 * 1024 - len(png()) - shift) + b"<script>alert(1)</script>" + b"\0" * 100
        )
        assert sniff_bytes(content).also == ("text/html",), shift


@pytest.mark.parametrize(
    "make",
    [
        hostile.docx_with_macros,
        hostile.xlsx_with_macro_sheet,
        hostile.xls_with_macro_sheet,
        hostile.ppt_with_macros,
        hostile.odt_with_macros,
    ],
)
def test_macros_are_seen_in_documents_that_do_not_say_they_have_any(make: Callable[[], bytes]) -> None:
    assert sniff_bytes(make()).macros


@pytest.mark.parametrize(
    "name",
    ["office.doc", "office.xls", "office.ppt", "office.docx", "office.xlsx", "office.pptx", "office.odt"],
)
def test_an_ordinary_office_file_has_no_macros_and_no_program(name: str) -> None:
    found = sniff_bytes(KINDS[name].content, name)
    assert (found.macros, found.program, found.readable) == (False, None, True)


@pytest.mark.parametrize(
    ("make", "program"),
    [
        (hostile.zip_with_program, "setup.exe"),
        (hostile.zip_with_disguised_program, "photo.jpg"),
        (hostile.zip_in_zip_with_program, "inner.dat/deep/run.elf.txt"),
        (hostile.tgz_with_program, "bin/tool"),
        (hostile.tar_with_zip_with_program, "b.zip/setup.exe"),
        (hostile.gz_of_program, "(the packed file)"),
        (hostile.bz2_of_tar_with_script, "facture.js"),
        (lambda: hostile.rar5(["a.txt", "b.exe"]), "b.exe"),
        (lambda: hostile.rar4(["a.txt", "b.exe"]), "b.exe"),
        (lambda: sample("program.7z"), "setup.exe"),
        (lambda: hostile.zip_with_encrypted_member("facture.pdf.exe"), "facture.pdf.exe"),
    ],
    ids=[
        "zip",
        "disguised",
        "zip-in-zip",
        "tgz",
        "zip-in-tar",
        "gz",
        "tar.bz2",
        "rar5",
        "rar4",
        "7z",
        "encrypted",
    ],
)
def test_a_program_inside_an_archive_is_named(make: Callable[[], bytes], program: str) -> None:
    found = sniff_bytes(make())
    assert (found.program, found.inside) == (program, True)


@pytest.mark.parametrize(
    "content",
    [
        zipped({"a.txt": b"x", "b/c.png": png()}),
        hostile.zip64(),
        tarred({"d/" * 60 + "a.txt": b"x"}),
        tarred({"a.txt": b"x" * 2000}, "w:xz"),
        hostile.rar5(["a.txt"]),
        hostile.rar4(["a.txt"]),
        sample("archive.7z"),
        hostile.zip_with_encrypted_member(),
        zipped({"inner.zip": zipped({"a.txt": b"x"})}),
    ],
    ids=["zip", "zip64", "tar", "tar.xz", "rar5", "rar4", "7z", "encrypted", "zip-in-zip"],
)
def test_a_harmless_archive_is_read_to_its_end(content: bytes) -> None:
    found = sniff_bytes(content)
    assert (found.program, found.readable, found.bomb, found.also) == (None, True, False, ())


@pytest.mark.parametrize(
    "content",
    [
        hostile.zip_in_zip_in_zip_in_zip(),
        zipped({"a.txt": b"x"})[:-30],
        hostile.many_members(10_001),
        tarred({"a.txt": b"x" * 9000}, "w:gz")[:-20],
        zipped({"b.rar": hostile.rar5(["a.txt"])[:20]}),
        zipped({"first.exe": pe()}) + zipped({"a.txt": b"x"}),
        sample("hidden-names.7z"),
    ],
    ids=["too-deep", "no-directory", "too-many", "cut-gzip", "rar-in-zip", "two-zips", "encrypted-names"],
)
def test_what_could_not_be_looked_into_is_said(content: bytes) -> None:
    assert not sniff_bytes(content).readable


def test_an_office_file_in_a_mail_message_is_no_polyglot() -> None:
    message = cfb(
        {"__properties_version1.0": b"", "__substg1.0_37010102": b"x" + KINDS["office.docx"].content}
    )
    found = sniff_bytes(message)
    assert (found.media_type, found.also) == ("application/vnd.ms-outlook", ())


@pytest.mark.parametrize(
    "make",
    [hostile.bomb_flat, hostile.bomb_overlapping, hostile.bomb_gzip, hostile.bomb_nested, hostile.bz2_bomb],
)
@pytest.mark.timeout(5)
def test_a_bomb_is_seen_without_going_off(make: Callable[[], bytes]) -> None:
    assert sniff_bytes(make()).bomb


@pytest.mark.parametrize("name", ["page.txt", "page", "page.png", "page.csv"])
def test_markup_is_markup_under_every_name(name: str) -> None:
    for content in (
        b"<!DOCTYPE html><p>x",
        b"\xef\xbb\xbf\n <HTML><body onload=alert(1)>",
        b"<!-- x --><script>1</script>",
        b"<img src=x onerror=alert(1)>",
        "<script>1</script>".encode("utf-16-le"),
        b"<html><p>" + b"\x83e\x83X\x83g" * 50,
    ):
        assert sniff_bytes(content, name).media_type == "text/html"


@pytest.mark.parametrize(
    "content",
    [
        b"Bonjour, 3 < 4 et 5 > 2.\n",
        "Prix : 3 € <b>".encode(),
        b"<nom@example.com> a \xe9crit :\n> oui\n",
        b"function is a word; return is another; let us go on.\n",
        "日本語の短い文章です。\n".encode(),
        b"MZ was here\n",
        b"BM is short for bitmap, and this is text that goes on and on.\n",
        b"RIFF raff of a sentence\n",
        b"ID3 is a tag format, says this text.\n",
    ],
)
def test_plain_text_is_plain_text(content: bytes) -> None:
    found = sniff_bytes(content, "note.txt")
    assert (found.media_type, found.also, found.program) == ("text/plain", (), None)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("x.html", "text/html"),
        ("x.svg", "image/svg+xml"),
        ("x.js", "text/javascript"),
        ("x.bat", "application/x-bat"),
    ],
)
def test_text_is_what_the_system_will_do_with_its_name(name: str, media_type: str) -> None:
    assert sniff_bytes(b"alert 1\n", name).media_type == media_type


@pytest.mark.parametrize(
    "name", ["photo.exe", "photo.png.scr", "photo.exe. ", "photo\u202egnp.exe", "PHOTO.EXE"]
)
def test_a_program_s_name_makes_any_content_a_program(name: str) -> None:
    found = sniff_bytes(png(), name)
    assert (found.media_type, found.program is not None, found.inside) == ("image/png", True, False)


def test_films_without_pictures_are_sounds() -> None:
    kinds = {
        name: sniff_bytes(KINDS[name].content).media_type
        for name in ("audio.webm", "audio.m4a", "audio.mka", "audio.wma")
    }
    assert {kind.partition("/")[0] for kind in kinds.values()} == {"audio"}


def test_text_that_begins_like_a_picture_is_a_script() -> None:
    assert sniff_bytes(hostile.text_that_begins_like_a_gif(), "photo.gif").media_type == "text/javascript"


def test_a_targa_picture_without_a_footer_is_known_by_a_sensible_header_and_its_name() -> None:
    old = sample("image.tga")[:-26]
    assert sniff_bytes(old, "photo.tga").media_type == "image/x-tga"
    assert sniff_bytes(old, "photo").media_type == "application/octet-stream"
    assert sniff_bytes(b"\xff" * 40, "photo.tga").media_type == "application/octet-stream"


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert sniff_bytes(b"", "photo.png").media_type == "application/x-empty"


def test_a_document_may_begin_with_blank_space_but_not_with_something_else() -> None:
    assert sniff_bytes(b"\r\n\r\n" + pdf()).media_type == "application/pdf"
    assert sniff_bytes(b"<b>" + pdf()).also == ("application/pdf",)


def test_every_claim_that_content_can_refute_is_in_the_list_or_a_container() -> None:
    assert {name for name in RECOGNISED if name not in media_types.catalogue().types} <= {"image/x-canon-cr3"}


@pytest.mark.parametrize(
    "name", ["office.docx", "office.doc", "video.mp4", "archive.tgz", "office.pdf", "image.png", "archive.7z"]
)
def test_a_file_cut_anywhere_is_judged_without_an_error(name: str) -> None:
    for content in hostile.truncations(KINDS[name].content):
        assert sniff_bytes(content, name).media_type


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(KINDS)), data=st.data())
def test_a_damaged_file_is_judged_without_an_error(name: str, data: st.DataObject) -> None:
    content = bytearray(KINDS[name].content[:200_000])
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert sniff_bytes(bytes(content), name).media_type


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=600), name=st.text(max_size=30))
def test_any_bytes_under_any_name_are_judged_without_an_error(content: bytes, name: str) -> None:
    assert sniff_bytes(content, name).media_type


def test_a_large_file_is_read_in_pieces() -> None:
    class Counting(io.BytesIO):
        largest = 0

        def read(self, length: int | None = -1, /) -> bytes:
            piece = super().read(length)
            Counting.largest = max(Counting.largest, len(piece))
            return piece

    content = sample("image.jpg") + bytes(20 * 1024 * 1024)
    sniff(Counting(content), len(content), "photo.jpg")
    assert 0 < Counting.largest <= 1024 * 1024
