"""Real files of every kind the sniffing is judged on: made here byte by byte, or read from `samples/`.

`KINDS` maps a file name to a `Kind`: its bytes and the media type a careful person would give them. `HOSTILE` holds
the files that lie: two formats at once, programs inside archives, bombs.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).parent / "samples"
OOXML = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True)
class Kind:
    """One file of a known kind."""

    name: str
    content: bytes
    media_type: str


def sample(name: str) -> bytes:
    """The bytes of a bundled sample; `.xz` samples are kept compressed and come out whole."""
    path = SAMPLES / name
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def png() -> bytes:
    """A valid 2 x 2 picture."""

    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    rows = b"".join(b"\0" + bytes((255, 0, 0, 0, 255, 0)) for _ in range(2))
    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def gif() -> bytes:
    """A valid 1 x 1 picture."""
    return (
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\x00\x00\x00\x00\x00"
        b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    )


def ico() -> bytes:
    """An icon holding one PNG picture."""
    picture = png()
    return (
        struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 2, 2, 0, 0, 1, 24, len(picture), 22) + picture
    )


def jpeg() -> bytes:
    """A 32 x 24 photograph."""
    return sample("image.jpg")


def pdf(trailing: bytes = b"") -> bytes:
    """A one-page document with a correct cross-reference table."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >>",
        ),
        start=1,
    ):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    return bytes(out) + trailing


def zipped(members: dict[str, bytes], *, stored: tuple[str, ...] = (), comment: bytes = b"") -> bytes:
    """A zip of `members`, in their order; those named in `stored` are not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            info = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6))
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, body)
        archive.comment = comment
    return buffer.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w") -> bytes:
    """A tar of `members`; `mode` is `w`, `w:gz`, `w:bz2` or `w:xz`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def ooxml(main: str, part: str, extra: dict[str, bytes] | None = None) -> bytes:
    """An Office Open XML package whose main part is `part` with content type `main`."""
    types = (
        '<?xml version="1.0" encoding="UTF-8"?><Types '
        'xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{part}" ContentType="{main}"/></Types>'
    )
    return zipped(
        {
            "[Content_Types].xml": types.encode(),
            "_rels/.rels": b"<Relationships/>",
            part: b"<document/>",
            **(extra or {}),
        }
    )


def cfb(streams: dict[str, bytes], clsid: bytes = b"\0" * 16) -> bytes:
    """An OLE compound file (MS-CFB, version 3) with `streams` by path; storages are made from the `/` in the paths.

    Every stream is padded to 4,096 bytes, so that none goes to the mini stream.
    """
    entries: list[tuple[str, int, bytes]] = [("Root Entry", 5, b"")]
    seen: set[str] = set()
    for path, body in streams.items():
        parts = path.split("/")
        for depth in range(1, len(parts)):
            storage = "/".join(parts[:depth])
            if storage not in seen:
                seen.add(storage)
                entries.append((parts[depth - 1], 1, b""))
        entries.append((parts[-1], 2, body.ljust(4096, b"\0")))
    directory_sectors = -(-len(entries) // 4)
    fat = [0xFFFFFFFD] + [n + 2 for n in range(directory_sectors - 1)] + [0xFFFFFFFE]
    records, data = b"", b""
    for index, (name, kind, body) in enumerate(entries):
        start = 0xFFFFFFFE
        if body:
            start = len(fat)
            sectors = -(-len(body) // 512)
            fat += [start + n + 1 for n in range(sectors - 1)] + [0xFFFFFFFE]
            data += body.ljust(sectors * 512, b"\0")
        raw = name.encode("utf-16-le") + b"\0\0"
        right = index + 1 if 0 < index < len(entries) - 1 else 0xFFFFFFFF
        child = 1 if index == 0 and len(entries) > 1 else 0xFFFFFFFF
        records += raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, 0xFFFFFFFF, right, child)
        records += (clsid if index == 0 else b"\0" * 16) + b"\0" * 20 + struct.pack("<IQ", start, len(body))
    fat_bytes = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
    if len(fat_bytes) > 512:
        raise ValueError("too large for this writer's single FAT sector")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0
    )
    header += b"\xff" * (512 - len(header))
    return header + fat_bytes + records.ljust(directory_sectors * 512, b"\0") + data


def biff(*, macro_sheet: bool = False) -> bytes:
    """The start of an Excel 97 workbook stream with one sheet; `macro_sheet` makes it an Excel 4.0 macro sheet."""
    bof = struct.pack("<HHHH", 0x0809, 16, 0x0600, 0x0005) + b"\0" * 12
    name = b"Feuil1"
    sheet = struct.pack("<IBBBB", 0, 0, 1 if macro_sheet else 0, len(name), 0) + name
    return bof + struct.pack("<HH", 0x0085, len(sheet)) + sheet + struct.pack("<HH", 0x000A, 0)


def pe() -> bytes:
    """A Windows program: DOS stub, PE header, one empty section."""
    dos = b"MZ" + b"\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + b"\0" * 44 + struct.pack("<I", 128)
    stub = (
        dos
        + b"\x0e\x1f\xba\x0e\0\xb4\t\xcd!\xb8\x01L\xcd!This program cannot be run in DOS mode.\r\r\n$".ljust(
            64, b"\0"
        )
    )
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x22)
    return (stub + coff + struct.pack("<H", 0x20B) + b"\0" * 238 + b".text\0\0\0" + b"\0" * 32).ljust(
        1024, b"\0"
    )


def elf() -> bytes:
    """A 64-bit Linux program header."""
    ident = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    return (ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 0, 64, 0, 0)).ljust(
        256, b"\0"
    )


def java_class() -> bytes:
    """The start of a compiled Java class (version 52)."""
    return b"\xca\xfe\xba\xbe\0\0\0\x34\0\x02\x01\0\x05Hello" + b"\0" * 32


def iso9660() -> bytes:
    """A disc image's first sectors."""
    return b"\0" * 32768 + b"\x01CD001\x01\0" + b"LINUX".ljust(2040) + b"\xffCD001\x01".ljust(2048, b"\0")


def sqlite() -> bytes:
    """A database with one table."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    return connection.serialize()


def sfnt(version: bytes) -> bytes:
    """A font directory with two tables."""
    tables = b"".join(tag + struct.pack(">III", 0, 44, 16) for tag in (b"cmap", b"head"))
    return version + struct.pack(">HHHH", 2, 32, 1, 0) + tables + b"\0" * 64


def ar(members: dict[str, bytes]) -> bytes:
    """A Unix ar archive, as Debian packages are."""
    out = b"!<arch>\n"
    for name, body in members.items():
        out += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(body):<10}`\n".encode()
            + body
            + b"\n" * (len(body) % 2)
        )
    return out


def _made() -> list[Kind]:
    word, sheet, slides = ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
    html = b"<!DOCTYPE html>\n<html lang=fr><head><title>Bonjour</title></head><body><p>Bonjour</p></body></html>\n"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>\n'
    xml_head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    text = "Une phrase en français, déjà assez longue.\nEt une autre.\n"
    odf = {"content.xml": b"<office:document-content/>", "META-INF/manifest.xml": b"<manifest:manifest/>"}
    mail = (
        b"Return-Path: <alice@example.com>\r\nReceived: from a.example by b.example; Tue, 1 Sep 2026 10:00:00 +0000\r\n"
        b"From: Alice <alice@example.com>\r\nTo: Bob <bob@example.com>\r\nSubject: Bonjour\r\n"
        b"Date: Tue, 1 Sep 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\r\nBonjour Bob\r\n"
    )
    wide = "application/vnd.ms-"
    return [
        # pictures
        Kind("point.png", png(), "image/png"),
        Kind("point.gif", gif(), "image/gif"),
        Kind("icon.ico", ico(), "image/vnd.microsoft.icon"),
        Kind(
            "layers.psd",
            b"8BPS\0\x01" + b"\0" * 6 + struct.pack(">HIIHH", 3, 1, 1, 8, 3) + b"\0" * 40,
            "image/vnd.adobe.photoshop",
        ),
        Kind("drawing.svg", svg, "image/svg+xml"),
        Kind(
            "drawing-declared.svg",
            b"\xef\xbb\xbf" + xml_head + b"<!-- a note -->\n<!DOCTYPE svg>\n" + svg,
            "image/svg+xml",
        ),
        Kind(
            "drawing-prefixed.svg",
            svg.replace(b"<svg xmlns", b"<s:svg xmlns:s").replace(b"</svg", b"</s:svg"),
            "image/svg+xml",
        ),
        Kind(
            "drawing-utf16.svg",
            (xml_head + svg).replace(b"UTF-8", b"UTF-16").decode().encode("utf-16"),
            "image/svg+xml",
        ),
        # documents
        Kind("page.pdf", pdf(), "application/pdf"),
        Kind(
            "letter-macros.docm",
            ooxml(
                wide + "word.document.macroEnabled.main+xml",
                "word/document.xml",
                {"word/vbaProject.bin": cfb({"VBA/dir": b"x"})},
            ),
            wide + "word.document.macroenabled.12",
        ),
        Kind(
            "sheet-macros.xlsm",
            ooxml(
                wide + "excel.sheet.macroEnabled.main+xml",
                "xl/workbook.xml",
                {"xl/vbaProject.bin": cfb({"VBA/dir": b"x"})},
            ),
            wide + "excel.sheet.macroenabled.12",
        ),
        Kind(
            "slides-macros.pptm",
            ooxml(
                wide + "powerpoint.presentation.macroEnabled.main+xml",
                "ppt/presentation.xml",
                {"ppt/vbaProject.bin": cfb({"VBA/dir": b"x"})},
            ),
            wide + "powerpoint.presentation.macroenabled.12",
        ),
        Kind(
            "binary.xlsb",
            ooxml(wide + "excel.sheet.binary.macroEnabled.main", "xl/workbook.bin"),
            wide + "excel.sheet.binary.macroenabled.12",
        ),
        Kind(
            "template.dotx",
            ooxml(OOXML + "wordprocessingml.template.main+xml", "word/document.xml"),
            OOXML + "wordprocessingml.template",
        ),
        Kind("minimal.docx", ooxml(OOXML + word + ".main+xml", "word/document.xml"), OOXML + word),
        Kind("minimal.xlsx", ooxml(OOXML + sheet + ".main+xml", "xl/workbook.xml"), OOXML + sheet),
        Kind("minimal.pptx", ooxml(OOXML + slides + ".main+xml", "ppt/presentation.xml"), OOXML + slides),
        Kind(
            "letter-macros.doc",
            cfb({"WordDocument": b"\xec\xa5\xc1\0", "Macros/VBA/dir": b"x", "Macros/PROJECT": b"x"}),
            "application/msword",
        ),
        Kind(
            "sheet-macros.xls",
            cfb({"Workbook": biff(), "_VBA_PROJECT_CUR/VBA/dir": b"x"}),
            "application/vnd.ms-excel",
        ),
        Kind(
            "mail.msg",
            cfb(
                {"__properties_version1.0": b"", "__substg1.0_0037001F": b"B\0"},
                bytes.fromhex("0b0d020000000000c000000000000046"),
            ),
            "application/vnd.ms-outlook",
        ),
        Kind(
            "setup.msi",
            cfb({"\u4840\u3f3f": b"x"}, bytes.fromhex("84100c0000000000c000000000000046")),
            "application/x-msi",
        ),
        Kind(
            "minimal.odt",
            zipped({"mimetype": b"application/vnd.oasis.opendocument.text", **odf}, stored=("mimetype",)),
            "application/vnd.oasis.opendocument.text",
        ),
        Kind(
            "book.epub",
            zipped(
                {"mimetype": b"application/epub+zip", "META-INF/container.xml": b"<container/>"},
                stored=("mimetype",),
            ),
            "application/epub+zip",
        ),
        Kind("letter.rtf", b"{\\rtf1\\ansi Bonjour\\par}", "application/rtf"),
        Kind("print.ps", b"%!PS-Adobe-3.0\n%%Pages: 1\n72 72 moveto\nshowpage\n", "application/postscript"),
        # text
        Kind("note.txt", text.encode(), "text/plain"),
        Kind("note-latin1.txt", text.encode("latin-1"), "text/plain"),
        Kind("note-utf16.txt", text.encode("utf-16"), "text/plain"),
        Kind("table.csv", b"nom,ville,age\nAlice,Paris,30\nBob,Lyon,41\n", "text/csv"),
        Kind("notes.md", b"# Titre\n\n- un\n- deux\n\n[lien](https://example.com)\n", "text/markdown"),
        Kind("data.json", json.dumps({"nom": "Alice", "ages": [1, 2, 3]}).encode(), "application/json"),
        Kind("data.xml", xml_head + b"<commande><article n='1'/></commande>\n", "application/xml"),
        Kind(
            "agenda.ics",
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//FR\r\nEND:VCALENDAR\r\n",
            "text/calendar",
        ),
        Kind("alice.vcf", b"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Alice\r\nEND:VCARD\r\n", "text/vcard"),
        Kind("letter.eml", mail, "message/rfc822"),
        Kind("page.html", html, "text/html"),
        Kind("page-fragment.html", b"  \n<!-- x --><SCRIPT>alert(1)</SCRIPT>", "text/html"),
        Kind("page-utf16.html", html.decode().encode("utf-16"), "text/html"),
        Kind(
            "page.xhtml",
            xml_head + b'<html xmlns="http://www.w3.org/1999/xhtml"><head/><body/></html>',
            "application/xhtml+xml",
        ),
        # programs and scripts
        Kind("page.php", b"<?php echo shell_exec($_GET['c']); ?>\n", "application/x-httpd-php"),
        Kind("run.sh", b"#!/bin/sh\nrm -rf /tmp/x\n", "application/x-sh"),
        Kind("run.py", b"#!/usr/bin/env python3\nimport os\nprint(os.name)\n", "text/x-python"),
        Kind("run.bat", b"@echo off\r\nset X=1\r\nstart calc.exe\r\n", "application/x-bat"),
        Kind(
            "run.ps1",
            b"param([string]$Name)\nWrite-Host $Name\nInvoke-Expression $Name\n",
            "application/x-powershell",
        ),
        Kind(
            "run.js",
            b"function f(a) {\n  return document.getElementById(a);\n}\nvar x = f('y');\n",
            "text/javascript",
        ),
        Kind("run.vbs", b'Set sh = CreateObject("WScript.Shell")\r\nsh.Run "calc.exe"\r\n', "text/vbscript"),
        Kind("program.exe", pe(), "application/vnd.microsoft.portable-executable"),
        Kind("program.elf", elf(), "application/x-elf"),
        Kind(
            "program.macho",
            struct.pack("<IIIIIIII", 0xFEEDFACF, 0x01000007, 3, 2, 1, 72, 0, 0) + b"\0" * 128,
            "application/x-mach-binary",
        ),
        Kind("Hello.class", java_class(), "application/java-vm"),
        Kind("classes.dex", b"dex\n035\0" + b"\0" * 104, "application/vnd.android.dex"),
        Kind("module.wasm", b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0", "application/wasm"),
        Kind(
            "shortcut.lnk",
            b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + b"\x9b\0\x08\0" + b"\0" * 52,
            "application/x-ms-shortcut",
        ),
        Kind(
            "program.jar",
            zipped(
                {
                    "META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\nMain-Class: Hello\n",
                    "Hello.class": java_class(),
                }
            ),
            "application/java-archive",
        ),
        Kind(
            "program.apk",
            zipped(
                {
                    "AndroidManifest.xml": b"\x03\0\x08\0",
                    "classes.dex": b"dex\n035\0" + b"\0" * 104,
                    "resources.arsc": b"\x02\0\x0c\0",
                }
            ),
            "application/vnd.android.package-archive",
        ),
        Kind(
            "package.deb",
            ar({"debian-binary": b"2.0\n", "control.tar.gz": gzip.compress(b"x")}),
            "application/vnd.debian.binary-package",
        ),
        Kind(
            "package.rpm",
            b"\xed\xab\xee\xdb\x03\0\0\0\0\x01"
            + b"x-1.0-1".ljust(66, b"\0")
            + b"\0\x01\0\x05"
            + b"\0" * 16
            + b"\x8e\xad\xe8\x01"
            + b"\0" * 32,
            "application/x-rpm",
        ),
        Kind(
            "film.swf",
            b"FWS\x09" + struct.pack("<I", 64) + b"\x78\0\x05_\0\0\x0f\xa0\0\0\x0c\x01\0" + b"\0" * 43,
            "application/vnd.adobe.flash.movie",
        ),
        # archives
        Kind("archive.zip", zipped({"lisez-moi.txt": b"bonjour", "photos/a.png": png()}), "application/zip"),
        Kind("archive-empty.zip", zipped({}), "application/zip"),
        Kind("archive.tar", tarred({"a.txt": b"bonjour"}), "application/x-tar"),
        Kind("archive.tgz", tarred({"a.txt": b"bonjour"}, "w:gz"), "application/gzip"),
        Kind("archive.gz", gzip.compress(b"bonjour"), "application/gzip"),
        Kind("archive.bz2", bz2.compress(b"bonjour"), "application/x-bzip2"),
        Kind("archive.xz", lzma.compress(b"bonjour"), "application/x-xz"),
        Kind(
            "archive.rar",
            b"Rar!\x1a\x07\x01\0" + b"\x33\x92\xb5\xe5\x0a\x01\x05\x06\0\x05\x01\x01\0",
            "application/vnd.rar",
        ),
        Kind(
            "archive.cab",
            b"MSCF\0\0\0\0" + struct.pack("<IIIIBBHHHHH", 80, 0, 44, 0, 3, 1, 1, 1, 0, 0, 0) + b"\0" * 44,
            "application/vnd.ms-cab-compressed",
        ),
        Kind("disc.iso", iso9660(), "application/x-iso9660-image"),
        # data and fonts
        Kind("base.sqlite", sqlite(), "application/vnd.sqlite3"),
        Kind("font.ttf", sfnt(b"\0\x01\0\0"), "font/ttf"),
        Kind("font.otf", sfnt(b"OTTO"), "font/otf"),
        Kind("font.woff", b"wOFF\0\x01\0\0" + struct.pack(">IHH", 64, 1, 0) + b"\0" * 48, "font/woff"),
        Kind("font.woff2", b"wOF2\0\x01\0\0" + struct.pack(">IHH", 64, 1, 0) + b"\0" * 48, "font/woff2"),
        Kind("tune.mid", b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0", "audio/midi"),
        Kind("voice.amr", b"#!AMR\n" + b"\x0c" + b"\0" * 12, "audio/amr"),
        Kind("scan.dcm", b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0\0\0\0\0", "application/dicom"),
        Kind("scan.djvu", b"AT&TFORM\0\0\0\x10DJVUINFO\0\0\0\x0a" + b"\0" * 10, "image/vnd.djvu"),
        Kind("raw.bin", bytes(range(1, 256)) * 3, "application/octet-stream"),
    ]


_SAMPLE_TYPES = {
    "archive.7z": "application/x-7z-compressed",
    "archive.lz4": "application/x-lz4",
    "archive.zst": "application/zstd",
    "audio.aac": "audio/aac",
    "audio.ac3": "audio/ac3",
    "audio.aiff": "audio/aiff",
    "audio.au": "audio/basic",
    "audio.caf": "audio/x-caf",
    "audio.flac": "audio/flac",
    "audio-id3.mp3": "audio/mpeg",
    "audio.m4a": "audio/mp4",
    "audio.mka": "audio/matroska",
    "audio.mp3": "audio/mpeg",
    "audio.ogg": "audio/ogg",
    "audio.opus": "audio/ogg",
    "audio.wav": "audio/wav",
    "audio.webm": "audio/webm",
    "audio.wma": "audio/x-ms-wma",
    "image.avif": "image/avif",
    "image.bmp": "image/bmp",
    "image.gif": "image/gif",
    "image.heic": "image/heic",
    "image.jp2": "image/jp2",
    "image.jpg": "image/jpeg",
    "image.jxl": "image/jxl",
    "image.pcx": "image/vnd.zbrush.pcx",
    "image.png": "image/png",
    "image.tga": "image/x-tga",
    "image.tiff": "image/tiff",
    "image.webp": "image/webp",
    "office.doc": "application/msword",
    "office.docx": OOXML + "wordprocessingml.document",
    "office.odp": "application/vnd.oasis.opendocument.presentation",
    "office.ods": "application/vnd.oasis.opendocument.spreadsheet",
    "office.odt": "application/vnd.oasis.opendocument.text",
    "office.pdf": "application/pdf",
    "office.ppt.xz": "application/vnd.ms-powerpoint",
    "office.pptx": OOXML + "presentationml.presentation",
    "office.rtf": "application/rtf",
    "office.xls": "application/vnd.ms-excel",
    "office.xlsx": OOXML + "spreadsheetml.sheet",
    "video.3gp": "video/3gpp",
    "video.avi": "video/x-msvideo",
    "video-faststart.mp4": "video/mp4",
    "video.flv": "video/x-flv",
    "video-h264.mp4": "video/mp4",
    "video.m4v": "video/mp4",
    "video.mkv": "video/matroska",
    "video.mov": "video/quicktime",
    "video.mp4": "video/mp4",
    "video.mpg": "video/mpeg",
    "video.ogv": "video/ogg",
    "video.ts": "video/mp2t",
    "video.webm": "video/webm",
    "video.wmv": "video/x-ms-wmv",
}

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in [
        *(
            Kind(name.removesuffix(".xz"), sample(name), media_type)
            for name, media_type in _SAMPLE_TYPES.items()
        ),
        *_made(),
    ]
}
