"""Files that lie: two formats at once, programs under other names, programs and macros inside archives, bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import zipfile
import zlib

from .kinds import biff, cfb, elf, gif, java_class, jpeg, ooxml, pdf, pe, png, sample, tarred, zipped

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PHP = b"<?php system($_GET['c']); ?>"
SCRIPT = b"<script>alert(1)</script>"


def gif_and_javascript() -> bytes:
    """A picture whose width reads as the beginning of a comment: `GIF89a/*...*/=1;alert(1)`."""
    picture = bytearray(gif())
    picture[6:8] = b"/*"
    return bytes(picture) + b"*/=1;alert(1);"


def text_that_begins_like_a_gif() -> bytes:
    """Plain JavaScript that assigns to a variable called GIF89a."""
    return b"GIF89a=1;\nalert(document.cookie);\n"


def jpeg_and_php() -> bytes:
    """A photograph with PHP in a comment segment."""
    photo = jpeg()
    return photo[:2] + b"\xff\xfe" + struct.pack(">H", len(PHP) + 2) + PHP + photo[2:]


def png_and_html() -> bytes:
    """A picture with a page in a text chunk, far inside."""
    picture = png()
    body = b"Comment\0" + b"x" * 70_000 + b"<html><body>" + SCRIPT
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    return picture[:33] + chunk + picture[33:]


def bmp_and_javascript() -> bytes:
    """A bitmap whose size field begins a comment."""
    picture = bytearray(sample("image.bmp"))
    picture[2:4] = b"/*"
    return bytes(picture) + b"*/=alert(1);"


def wav_and_javascript() -> bytes:
    """A sound whose size field begins a comment."""
    sound = bytearray(sample("audio.wav"))
    sound[4:6] = b"/*"
    return bytes(sound) + b"*/=1;alert(1)"


def pdf_and_zip() -> bytes:
    """A document with an archive behind it."""
    return pdf() + zipped({"a.txt": b"bonjour"})


def jpeg_and_zip() -> bytes:
    """A photograph with an archive behind it."""
    return jpeg() + zipped({"a.txt": b"bonjour"})


def gif_and_jar() -> bytes:
    """The GIFAR: a picture that is a Java program."""
    return gif() + zipped({"META-INF/MANIFEST.MF": b"Main-Class: A\n", "A.class": java_class()})


def jpeg_and_pdf() -> bytes:
    """A photograph whose comment begins a document (readers look for %PDF in the first kilobyte)."""
    photo, document = jpeg(), pdf()
    return photo[:2] + b"\xff\xfe" + struct.pack(">H", len(document) + 2) + document + photo[2:]


def html_and_pdf() -> bytes:
    """A page with a document's header behind its first tag."""
    return b"<html>" + SCRIPT + b"<!--\n" + pdf() + b"-->"


def pdf_and_html() -> bytes:
    """A document whose header is followed by a page."""
    return b"%PDF-1.4\n<html>" + SCRIPT + pdf()


def pdf_and_tar() -> bytes:
    """A tar whose first member's name is a document's header."""
    archive = bytearray(tarred({"x" * 90: b"bonjour"}))
    archive[0:9] = b"%PDF-1.4\n"
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    return bytes(archive)


def gif_and_tar() -> bytes:
    """A tar whose first member's name is a picture's header."""
    archive = bytearray(tarred({"x" * 90: b"bonjour"}))
    archive[: len(gif())] = gif()
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    return bytes(archive)


def pdf_and_iso() -> bytes:
    """A document in front of a disc image."""
    return pdf().ljust(32_768, b"\0") + b"\x01CD001\x01\0" + b"\0" * 4096


def docx_with_macros() -> bytes:
    """A Word document that says it has no macros, and has."""
    return ooxml(WORD + ".main+xml", "word/document.xml", {"word/vbaProject.bin": cfb({"VBA/dir": b"x"})})


def xlsx_with_macro_sheet() -> bytes:
    """An Excel workbook with an Excel 4.0 macro sheet."""
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    return ooxml(main, "xl/workbook.xml", {"xl/macrosheets/sheet1.xml": b"<macrosheet/>"})


def xls_with_macro_sheet() -> bytes:
    """An Excel 97 workbook with an Excel 4.0 macro sheet."""
    return cfb({"Workbook": biff(macro_sheet=True)})


def ppt_with_macros() -> bytes:
    """A PowerPoint 97 stream whose VBAInfoAtom says that it has macros."""
    atom = struct.pack("<HHI", 0x001F, 0x03FF, 20) + struct.pack("<HHIIII", 2, 0x0400, 12, 7, 1, 2)
    return cfb({"PowerPoint Document": b"\0" * 64 + atom})


def odt_with_macros() -> bytes:
    """An OpenDocument text with a StarBasic module."""
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": b"<x/>",
            "Basic/Standard/Module1.xml": b"<script:module/>",
        },
        stored=("mimetype",),
    )


def zip_with_program() -> bytes:
    """An archive with a Windows program under its own name."""
    return zipped({"a.txt": b"bonjour", "setup.exe": pe()})


def zip_with_disguised_program() -> bytes:
    """An archive with a Windows program called a picture."""
    return zipped({"a.txt": b"bonjour", "photo.jpg": pe()})


def zip_in_zip_with_program() -> bytes:
    """An archive in an archive, the inner one under a wrong name."""
    return zipped({"inner.dat": zipped({"deep/run.elf.txt": elf()})})


def zip_in_zip_in_zip_in_zip() -> bytes:
    """Deeper than anybody looks."""
    content = zipped({"setup.exe": pe()})
    for depth in range(4):
        content = zipped({f"level{depth}.zip": content})
    return content


def tgz_with_program() -> bytes:
    """A compressed tar with a program."""
    return tarred({"bin/tool": elf(), "a.txt": b"x"}, "w:gz")


def tar_with_zip_with_program() -> bytes:
    """A tar with an archive with a program, and a long name in front."""
    return tarred({"d/" * 60 + "a.txt": b"x", "b.zip": zip_with_program()})


def gz_of_program() -> bytes:
    """A program, compressed."""
    return gzip.compress(pe())


def bz2_of_tar_with_script() -> bytes:
    """A compressed tar with a script that Windows runs on a double click."""
    return tarred({"facture.js": b"WScript.Echo(1)"}, "w:bz2")


def rar5(names: list[str]) -> bytes:
    """A RAR 5 archive with empty stored members of these names (header checksums left zero: nobody here reads them)."""

    def block(kind: int, rest: bytes) -> bytes:
        body = bytes((kind, 0)) + rest
        return b"\0\0\0\0" + bytes((len(body),)) + body

    out = b"Rar!\x1a\x07\x01\0" + block(1, b"\0")
    for name in names:
        out += block(2, b"\0\0\0\0\0" + bytes((len(name),)) + name.encode())
    return out + block(5, b"\0")


def rar4(names: list[str]) -> bytes:
    """A RAR 4 archive with empty members of these names."""
    out = b"Rar!\x1a\x07\0" + struct.pack("<HBHH", 0, 0x73, 0, 13) + b"\0" * 6
    for name in names:
        fields = struct.pack("<IIBIIBBHI", 0, 0, 2, 0, 0, 29, 0x30, len(name), 0) + name.encode()
        out += struct.pack("<HBHH", 0, 0x74, 0x8000, 7 + len(fields)) + fields
    return out + struct.pack("<HBHH", 0, 0x7B, 0, 7)


def bomb_flat() -> bytes:
    """100 MiB of zeros in a zip of 100 KB."""
    return zipped({"zeros.txt": bytes(100 * 1024 * 1024)})


def bomb_overlapping() -> bytes:
    """A zip whose directory lists one compressed member a hundred times, each over the same bytes."""
    single = zipped({"a": b"\0" * 100_000})
    directory_at = single.index(b"PK\x01\x02")
    entry = single[directory_at : single.index(b"PK\x05\x06")]
    directory = b"".join(entry[:46] + entry[46:] for _ in range(100))
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 100, 100, len(directory), directory_at, 0)
    return single[:directory_at] + directory + end


def bomb_gzip() -> bytes:
    """64 MiB of zeros, compressed."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9) as stream:
        for _ in range(64):
            stream.write(bytes(1024 * 1024))
    return buffer.getvalue()


def bomb_nested() -> bytes:
    """A zip of ten zips of ten files of 10 MiB."""
    inner = zipped({f"{n}.bin": bytes(10 * 1024 * 1024) for n in range(10)})
    return zipped({f"{n}.zip": inner for n in range(10)})


def zip_with_encrypted_member(name: str = "a.txt") -> bytes:
    """An archive whose only member has the encryption bit set."""
    content = bytearray(zipped({name: b"secret"}))
    content[6] |= 1
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    return bytes(content)


def zip64() -> bytes:
    """An archive with a zip64 record, as streaming writers make them."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w") as archive,
        archive.open(zipfile.ZipInfo("a.txt"), "w", force_zip64=True) as member,
    ):
        member.write(b"bonjour")
    return buffer.getvalue()


def many_members(count: int) -> bytes:
    """An archive with `count` empty members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number:06d}.txt"), b"")
    return buffer.getvalue()


def truncations(content: bytes) -> list[bytes]:
    """`content` cut at many places."""
    return [content[: len(content) * step // 40] for step in range(1, 40)]


def bz2_bomb() -> bytes:
    """96 MiB of zeros in a hundred bytes."""
    return bz2.compress(bytes(96 * 1024 * 1024))
