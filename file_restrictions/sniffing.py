"""What a file is, judged by its bytes: one media type, and everything in it that a verdict must know.

The order is: signatures and structure that this module reads itself (containers are opened, so that Office files are told
from zips and macros are seen), then text, then the `filetype` library for the long tail of pictures, sounds and
archives. The choice of library, with measurements, is in `docs/adr/0002-sniffing.md`.

A file name never turns bytes into something harmless. It is used in two ways only: to name the dialect of plain text
(`.csv`), and to make a verdict stricter (`.exe`, or text called `.html`, is what the system will do with it).
"""

from __future__ import annotations

import io
import json
import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

import filetype  # type: ignore[import-untyped]

from . import archives, media_types, names, ole

HEAD = 64 * 1024
TAIL = 64 * 1024
_SCAN_BLOCK = 1024 * 1024
OCTETS = "application/octet-stream"
_OOXML = "application/vnd.openxmlformats-officedocument."


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What `sniff` found.

    `media_type` is canonical and concrete. `sure` is False when the bytes say nothing specific (unrecognised data, or
    plain text), so that a more precise name for them cannot be refuted. `also` lists other media types that the same bytes
    work as: a polyglot. `program` names what in it would run: the file itself, its extension, or a member of an archive.
    `readable` is False for an archive that could not be looked into.
    """

    media_type: str
    sure: bool = True
    also: tuple[str, ...] = ()
    macros: bool = False
    program: str | None = None
    inside: bool = False
    bomb: bool = False
    encrypted: bool = False
    readable: bool = True
    archive: bool = False


def sniff_bytes(content: bytes, name: str = "") -> Sniffed:
    """`sniff` for a file that is in memory."""
    return sniff(io.BytesIO(content), len(content), name)


def sniff(file: BinaryIO, size: int, name: str = "") -> Sniffed:
    """What the `size` bytes of `file` are; `file` is seekable, and its position is not kept.

    `name` is the file's name as the sender gives it. Never raises on content, however broken; reads the whole file once
    at most, in pieces of 1 MiB.
    """
    return _Sniffer(file, size, names.safe_name(name) if name else "").run()


class _Sniffer:
    """One look at one file."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.file = file
        self.size = size
        self.name = name
        self.head = self.at(0, HEAD)
        self.tail = self.head if size <= HEAD else self.at(size - TAIL, TAIL)
        self.zip = (
            archives.read_zip(file, size) if b"PK\x05\x06" in self.at(max(size - 65_557, 0), 65_557) else None
        )
        self.macros = False

    def at(self, place: int, length: int) -> bytes:
        """The bytes from `place` on."""
        self.file.seek(place)
        return self.file.read(length)

    def run(self) -> Sniffed:
        if self.size == 0:
            return Sniffed("application/x-empty")
        text = _as_text(self.head, whole=self.size <= len(self.head))
        binary = self.binary() if text is None or _BINARY_TEXT.match(self.head) else None
        sure = True
        if binary is not None:
            kind = binary
        elif text is not None:
            kind, sure = _text_kind(text, self.name, whole=self.size <= len(self.head))
        else:
            kind, sure = self.long_tail()
        also = self.polyglot(kind, text)
        kind, program, sure = self.by_name(kind, sure, is_text=text is not None and binary is None)
        contents = self.contents(kind)
        inside = program is None and contents is not None and contents.program is not None
        if inside and contents is not None:
            program = contents.program
        return Sniffed(
            media_type=kind,
            sure=sure,
            also=tuple(sorted(set(also) - {kind})),
            macros=self.macros
            or (contents is not None and contents.macros)
            or media_types.has_trait(kind, "macros"),
            program=program,
            inside=inside,
            bomb=contents is not None and contents.bomb,
            encrypted=contents is not None and contents.encrypted,
            readable=contents is None or contents.readable,
            archive=media_types.has_trait(kind, "archive"),
        )

    def by_name(self, kind: str, sure: bool, *, is_text: bool) -> tuple[str, str | None, bool]:
        """`kind` after the name had its say (see the module's sentence), the program it is if any, and `sure`."""
        if media_types.has_trait(kind, "program"):
            return kind, self.name or kind, sure
        named = media_types.of_extension(self.name)
        if named is None:
            return kind, None, sure
        if media_types.has_trait(named, "program"):
            return (named if is_text or not sure else kind), self.name, True
        if is_text and media_types.has_trait(named, "active") and kind not in _MARKUP:
            return named, None, True
        return kind, None, sure

    def contents(self, kind: str) -> archives.Contents | None:
        """What is inside: of archives, of documents that are zips, and of a zip that anything else ends with."""
        budget = archives.Budget()
        if media_types.has_trait(kind, "program"):
            return None
        if self.zip is not None and self.head.startswith(b"PK"):
            contents = archives.inspect_zip(self.file, self.zip, self.size, kind, budget)
            # Bytes in front of the first listed member are members to whoever reads from the start.
            if self.zip.prefix > 0 or min((member.offset for member in self.zip.members), default=0) > 0:
                contents.readable = False
            return contents
        contents = archives.Contents()
        if media_types.has_trait(kind, "archive"):
            contents = archives.inspect(self.file, self.size, kind, budget=budget)
        if self.zip is not None:
            contents.take(
                archives.inspect_zip(self.file, self.zip, self.size, kind, budget), "(a zip inside)"
            )
        return contents

    # --- structure ---------------------------------------------------------------------------------------------------

    def binary(self) -> str | None:
        """The media type that the bytes prove by signature and structure, or None."""
        head = self.head
        if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
            return self.zip_kind()
        if head.startswith(ole.SIGNATURE):
            return self.ole_kind()
        if head[4:8] in _BOXES:
            found = self.boxes()
            if found is not None:
                return found
        if head.startswith(b"\x1aE\xdf\xa3"):
            return _matroska(head)
        if head.startswith(b"OggS"):
            video = b"\x80theora" in head[:8192] or b"\x01video\0" in head[:8192]
            return "video/ogg" if video else "audio/ogg"
        if head.startswith(b"RIFF") and head[8:12] in _RIFF:
            return _RIFF[head[8:12]]
        if head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"):
            return "audio/aiff"
        if head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
            # The stream type GUIDs of ASF: video media, as bytes.
            return (
                "video/x-ms-wmv"
                if bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b") in head
                else "audio/x-ms-wma"
            )
        if head.startswith(b"MZ") and b"\0" in head[:64]:
            return "application/vnd.microsoft.portable-executable"
        if head.startswith(b"\xca\xfe\xba\xbe") and len(head) > 8:
            # Java classes and universal Mach-O share the number; a class has a version of 45 and more there.
            return (
                "application/java-vm"
                if struct.unpack(">I", head[4:8])[0] >= 45
                else "application/x-mach-binary"
            )
        if head.startswith(b"!<arch>\n"):
            return (
                "application/vnd.debian.binary-package"
                if head[8:21] == b"debian-binary"
                else "application/x-archive"
            )
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return "image/apng" if b"acTL" in head[:4096].partition(b"IDAT")[0] else "image/png"
        if head.startswith(b"ID3"):
            return self.after_id3()
        for place, signature, kind in _SIGNATURES:
            if head.startswith(signature, place):
                return kind
        if (
            head.startswith(b"BM")
            and len(head) >= 18
            and struct.unpack("<I", head[14:18])[0] in (12, 40, 52, 56, 64, 108, 124)
        ):
            return "image/bmp"
        if re.match(rb"BZh[1-9]1AY&SY", head):
            return "application/x-bzip2"
        if archives.is_tar(head):
            return "application/x-tar"
        pdf = head[:1024].find(b"%PDF-")
        if pdf >= 0 and not head[:pdf].strip(b"\0\t\n\f\r \xef\xbb\xbf"):
            return "application/pdf"
        if self.size > 32_774 and self.at(32_769, 5) == b"CD001":
            return "application/x-iso9660-image"
        if self.tail[-512:-508] == b"koly":
            return "application/x-apple-diskimage"
        return _frames(head) or self.targa()

    def zip_kind(self) -> str:
        """What kind of package a zip is; `application/zip` when it is just that."""
        found = self.zip
        if found is None:
            return "application/zip"
        members = {member.name.lower(): member for member in found.members}
        if found.members and (first := members.get("mimetype")) is not None:
            stated = archives.read_member(self.file, first, 256).strip().decode("ascii", "replace").lower()
            if stated == "application/epub+zip" or stated.startswith("application/vnd.oasis.opendocument."):
                return stated
        if "androidmanifest.xml" in members:
            return "application/vnd.android.package-archive"
        if "appxmanifest.xml" in members or "appxmetadata/appxbundlemanifest.xml" in members:
            return "application/msix"
        types = members.get("[content_types].xml")
        if types is not None:
            return self.package_kind(archives.read_member(self.file, types, 1024 * 1024), set(members))
        if any(name.endswith(".class") for name in members) or "meta-inf/manifest.mf" in members:
            return "application/java-archive"
        if any(re.match(r"payload/[^/]+\.app/", name) for name in members):
            return "application/x-ios-app"
        if "__main__.py" in members:
            return "text/x-python"
        if any(name.endswith("index/document.iwa") or name == "index.zip" for name in members):
            named = media_types.of_extension(self.name)
            return named if named in _IWORK else "application/vnd.apple.pages"
        if "doc.kml" in members:
            return "application/vnd.google-earth.kmz"
        return "application/zip"

    def package_kind(self, types: bytes, members: set[str]) -> str:
        """The kind of an Open Packaging zip (ECMA-376 part 2): by the content type of its main part."""
        lowered = types.lower()
        if types.startswith((b"\xff\xfe", b"\xfe\xff")):
            lowered = types.decode("utf-16", "replace").lower().encode()
        for marker, kind in _PACKAGES:
            if marker in lowered:
                return kind
        if "fixeddocseq.fdseq" in members or any(name.endswith(".fdseq") for name in members):
            return "application/vnd.ms-xpsdocument"
        return "application/vnd.ms-opc"

    def ole_kind(self) -> str:
        """What kind of OLE compound file this is, and whether it carries macros."""
        compound = ole.read(self.file)
        found = set(compound.names)
        lowered = {name.lower() for name in found}
        self.macros = bool(lowered & {"vba", "_vba_project", "_vba_project_cur", "macros"})
        if compound.clsid[:4] in (b"\x84\x10\x0c\0", b"\x86\x10\x0c\0", b"\x82\x10\x0c\0"):
            return "application/x-msi"
        if "WordDocument" in found:
            return "application/msword"
        for stream in ("Workbook", "Book"):
            if stream in found:
                self.macros = self.macros or _has_macro_sheet(compound.start_of(stream, 256 * 1024))
                return "application/vnd.ms-excel"
        if "PowerPoint Document" in found:
            self.macros = self.macros or self.slides_have_macros()
            return "application/vnd.ms-powerpoint"
        if "EncryptedPackage" in found:
            # An Office file with a password: which one only the name says.
            named = media_types.of_extension(self.name)
            return named if named is not None and named.startswith(_OOXML) else "application/x-cfb"
        if any(name.startswith("__substg1.0_") for name in found):
            return "application/vnd.ms-outlook"
        if "VisioDocument" in found:
            return "application/vnd.visio"
        if "Quill" in found:
            return "application/vnd.ms-publisher"
        if any(name.startswith("   ") and name.strip().isdigit() for name in found) or "Props9" in found:
            return "application/vnd.ms-project"
        return "application/x-cfb"

    def slides_have_macros(self) -> bool:
        """Whether a PowerPoint 97 stream holds a VBAInfoContainer whose atom says it has macros (MS-PPT 2.4.10)."""
        mark = b"\x1f\0\xff\x03\x14\0\0\0\x02\0\0\x04\x0c\0\0\0"
        for block in self.blocks(overlap=len(mark) + 8):
            at = block.find(mark)
            if at >= 0 and block[at + 20 : at + 24] not in (b"", b"\0\0\0\0"):
                return True
        return False

    def boxes(self) -> str | None:
        """The kind of an ISO base media file (ISO/IEC 14496-12): by brand, then by the handlers of its tracks."""
        head = self.head
        if head[4:12] == b"jP  \r\n\x87\n":
            return "image/jpx" if b"jpx " in head[16:40] else "image/jp2"
        if head[4:8] == b"JXL ":
            return "image/jxl"
        if head[4:8] != b"ftyp":
            length = struct.unpack(">I", head[:4])[0]
            return "video/quicktime" if (length == 1 or 8 <= length <= self.size) else None
        length = min(max(struct.unpack(">I", head[:4])[0], 16), 256)
        brands = [head[8:12], *(head[place : place + 4] for place in range(16, length - 3, 4))]
        for brand in brands:
            if brand in _BRANDS:
                kind = _BRANDS[brand]
                if kind == "video/3gpp" and not self.has_track(b"vide"):
                    return "audio/3gpp" if self.has_track(b"soun") else kind
                return kind
        return "audio/mp4" if self.has_track(b"soun") and not self.has_track(b"vide") else "video/mp4"

    def has_track(self, handler: bytes) -> bool:
        """Whether a track of the file's `moov` box has this handler (`vide`, `soun`)."""
        place = 0
        for _ in range(64):
            header = self.at(place, 16)
            if len(header) < 8:
                return False
            length, tag = struct.unpack(">I4s", header[:8])
            if length == 1 and len(header) == 16:
                length = struct.unpack(">Q", header[8:])[0]
            if tag == b"moov":
                box = self.at(place, min(length or self.size, 4 * 1024 * 1024))
                return any(box[match.start() + 12 :][:4] == handler for match in re.finditer(rb"hdlr", box))
            if length < 8:
                return False
            place += length
        return False

    def after_id3(self) -> str:
        """The sound behind an ID3v2 tag: its size is four seven-bit bytes (ID3v2.4, section 3.1)."""
        size = 0
        for byte in self.head[6:10]:
            size = size << 7 | byte & 0x7F
        behind = self.at(10 + size, 4096)
        if behind.startswith(b"fLaC"):
            return "audio/flac"
        return "audio/aac" if _frames(behind) == "audio/aac" else "audio/mpeg"

    def targa(self) -> str | None:
        """A Targa picture: by its footer, or, it having no signature of its own, by a header that makes sense and the name."""
        if self.tail[-18:-2] == b"TRUEVISION-XFILE":
            return "image/x-tga"
        head = self.head
        sensible = (
            len(head) > 18
            and head[1] in (0, 1)
            and head[2] in (1, 2, 3, 9, 10, 11)
            and head[16] in (8, 15, 16, 24, 32)
        )
        return "image/x-tga" if sensible and media_types.extension_of(self.name) == "tga" else None

    def long_tail(self) -> tuple[str, bool]:
        """What `filetype` knows beyond this module, else unrecognised data."""
        guess = filetype.guess_mime(self.head[:8192])
        if guess:
            kind = media_types.canonical(guess)
            # Its guesses at documents are by file order in the zip; those were read properly above.
            if not kind.startswith("application/vnd.") and kind not in ("application/msword", "text/html"):
                return kind, True
        return OCTETS, False

    # --- more than one thing -----------------------------------------------------------------------------------------

    def blocks(self, overlap: int) -> list[bytes] | _Blocks:
        """The file in pieces that overlap by `overlap` bytes."""
        return [self.head] if self.size <= len(self.head) else _Blocks(self.file, overlap)

    def polyglot(self, kind: str, text: str | None) -> list[str]:
        """The other media types that these bytes also work as."""
        also: list[str] = []
        head = self.head
        is_zip = head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06")
        # Archives and compound files (an Outlook message with an attachment) hold zips as they are.
        holder = (
            media_types.has_trait(kind, "archive")
            or media_types.has_trait(kind, "program")
            or head.startswith(ole.SIGNATURE)
        )
        if self.zip is not None and (not is_zip or self.zip.prefix > 0) and not holder:
            also.append("application/zip")
        pdf = re.search(rb"%PDF-\d", head[:1024])
        if (
            pdf is not None
            and kind != "application/pdf"
            and (text is None or media_types.has_trait(kind, "active"))
        ):
            also.append("application/pdf")
        if kind != "application/x-tar" and archives.is_tar(head):
            also.append("application/x-tar")
        if (
            kind not in ("application/x-iso9660-image", "application/x-apple-diskimage", OCTETS)
            and self.size > 32_774
            and self.at(32_769, 5) == b"CD001"
        ):
            also.append("application/x-iso9660-image")
        if kind == "application/dicom" and head.startswith(
            (b"MZ", b"\x7fELF", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"PK", b"#!")
        ):
            also.append(OCTETS)
        main = kind.partition("/")[0]
        media = main in ("image", "audio", "video", "font") and kind != "image/svg+xml"
        if media:
            also += self.scripts(kind)
        elif kind == "application/pdf":
            also += [
                other
                for mark, other in _MARKS
                if mark in head[:1024].lower() and _confirmed(head[:1024].lower(), mark)
            ]
        return also

    def scripts(self, kind: str) -> list[str]:
        """Markup and script hidden in a picture, sound, film or font; the whole file is looked through."""
        also = []
        # JavaScript: the magic number is read as a name, the size field as the beginning of a comment.
        place = {"image/gif": 6, "image/bmp": 2, "image/jpeg": 4}.get(
            kind, 4 if self.head.startswith(b"RIFF") else -1
        )
        opens = place > 0 and re.match(rb"\s*=?\s*/\*", self.head[place : place + 16]) is not None
        for block in self.blocks(overlap=32):
            lowered = block.lower()
            if opens and b"*/" in block:
                also.append("text/javascript")
            also += [other for mark, other in _MARKS if mark in lowered and _confirmed(lowered, mark)]
        return also


class _Blocks:
    """A file's bytes in pieces that overlap, so that a mark across a border is seen."""

    def __init__(self, file: BinaryIO, overlap: int) -> None:
        self.file, self.overlap, self.place, self.kept = file, overlap, 0, b""

    def __iter__(self) -> _Blocks:
        return self

    def __next__(self) -> bytes:
        self.file.seek(self.place)
        block = self.file.read(_SCAN_BLOCK)
        if not block:
            raise StopIteration
        self.place += len(block)
        block = self.kept + block
        self.kept = block[-self.overlap :]
        return block


_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"jP  ", b"JXL "}
_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"F4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"3gp6": "video/3gpp",
    b"3gp7": "video/3gpp",
    b"3g2a": "video/3gpp2",
    b"3g2b": "video/3gpp2",
    b"crx ": "image/x-canon-cr3",
    b"jxl ": "image/jxl",
    b"jp2 ": "image/jp2",
}
_RIFF = {
    b"WAVE": "audio/wav",
    b"WEBP": "image/webp",
    b"AVI ": "video/x-msvideo",
    b"RMID": "audio/midi",
    b"ACON": "image/x-win-bitmap",
}
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0", "image/tiff"),
    (0, b"MM\0+", "image/tiff"),
    (0, b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    (0, b"\0\0\x02\0", "image/x-win-bitmap"),
    (0, b"8BPS\0", "image/vnd.adobe.photoshop"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"\xff\x4f\xff\x51", "image/jp2"),
    (0, b"AT&TFORM", "image/vnd.djvu"),
    (0, b"gimp xcf", "image/x-xcf"),
    (0, b"\x76\x2f\x31\x01", "image/x-exr"),
    (0, b"icns", "image/x-icns"),
    (0, b"\x0a\x05\x01\x08", "image/vnd.zbrush.pcx"),
    (0, b"\x0a\x05\x01\x01", "image/vnd.zbrush.pcx"),
    (0, b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (40, b" EMF", "image/emf"),
    (0, b"AC10", "image/vnd.dwg"),
    (128, b"DICM", "application/dicom"),
    (0, b"fLaC", "audio/flac"),
    (0, b"MThd", "audio/midi"),
    (0, b"#!AMR-WB\n", "audio/amr-wb"),
    (0, b"#!AMR\n", "audio/amr"),
    (0, b".snd", "audio/basic"),
    (0, b"\x0bw", "audio/ac3"),
    (0, b"caff\0\x01", "audio/x-caf"),
    (0, b"MAC ", "audio/x-ape"),
    (0, b"\x7f\xfe\x80\x01", "audio/vnd.dts"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\0\0\x01\xba", "video/mpeg"),
    (0, b"\0\0\x01\xb3", "video/mpeg"),
    (0, b"{\\rt", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (0, b"\xe4\x52\x5c\x7b\x8d\x8a\xa7\x4d", "application/onenote"),
    (4, b"Standard Jet DB", "application/x-msaccess"),
    (4, b"Standard ACE DB", "application/x-msaccess"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"\xd4\xc3\xb2\xa1", "application/vnd.tcpdump.pcap"),
    (0, b"\xa1\xb2\xc3\xd4", "application/vnd.tcpdump.pcap"),
    (0, b"glTF", "model/gltf-binary"),
    (0, b"\0\x01\0\0\0", "font/ttf"),
    (0, b"true\0", "font/ttf"),
    (0, b"OTTO", "font/otf"),
    (0, b"ttcf", "font/collection"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"]\0\0\x80\0\xff", "application/x-lzma"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (2, b"-lh", "application/x-lzh-compressed"),
    (0, b"\x60\xea", "application/x-arj"),
    (0, b"070701", "application/x-cpio"),
    (0, b"070707", "application/x-cpio"),
    (0, b"vhdxfile", "application/x-vhd"),
    (0, b"conectix", "application/x-vhd"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (0, b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (0, b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"dex\n0", "application/vnd.android.dex"),
    (0, b"\0asm", "application/wasm"),
    (0, b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (0, b"ITSF\x03\0\0\0", "application/x-chm"),
    (0, b"FWS", "application/vnd.adobe.flash.movie"),
    (0, b"CWS", "application/vnd.adobe.flash.movie"),
    (0, b"ZWS", "application/vnd.adobe.flash.movie"),
    (0, b"\xed\xab\xee\xdb", "application/x-rpm"),
    (0, b"xar!", "application/vnd.apple.installer+xml"),
    (0, b"Cr24", "application/x-chrome-extension"),
)
# Formats that can consist of text throughout, and are recognised before text is. A picture or sound cannot: what begins with
# `GIF89a` and holds nothing but text is a script that begins with a variable's name.
_BINARY_TEXT = re.compile(
    rb"%PDF-|%!PS|\{\\rt|#!AMR|PK\x05\x06|PK\x03\x04|!<arch>|07070[17]|[\s\xef\xbb\xbf]{1,1023}%PDF-"
)
_IWORK = ("application/vnd.apple.pages", "application/vnd.apple.numbers", "application/vnd.apple.keynote")
_PACKAGES: tuple[tuple[bytes, str], ...] = (
    (
        b"application/vnd.ms-word.document.macroenabled.main+xml",
        "application/vnd.ms-word.document.macroenabled.12",
    ),
    (
        b"application/vnd.ms-word.template.macroenabledtemplate.main+xml",
        "application/vnd.ms-word.template.macroenabled.12",
    ),
    (
        b"application/vnd.ms-excel.sheet.macroenabled.main+xml",
        "application/vnd.ms-excel.sheet.macroenabled.12",
    ),
    (
        b"application/vnd.ms-excel.template.macroenabled.main+xml",
        "application/vnd.ms-excel.template.macroenabled.12",
    ),
    (
        b"application/vnd.ms-excel.addin.macroenabled.main+xml",
        "application/vnd.ms-excel.addin.macroenabled.12",
    ),
    (
        b"application/vnd.ms-excel.sheet.binary.macroenabled.main",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ),
    (
        b"application/vnd.ms-powerpoint.presentation.macroenabled.main+xml",
        "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    ),
    (
        b"application/vnd.ms-powerpoint.slideshow.macroenabled.main+xml",
        "application/vnd.ms-powerpoint.slideshow.macroenabled.12",
    ),
    (
        b"application/vnd.ms-powerpoint.template.macroenabled.main+xml",
        "application/vnd.ms-powerpoint.template.macroenabled.12",
    ),
    (
        b"application/vnd.ms-powerpoint.addin.macroenabled.main+xml",
        "application/vnd.ms-powerpoint.addin.macroenabled.12",
    ),
    (
        b"application/vnd.ms-visio.drawing.macroenabled.main+xml",
        "application/vnd.ms-visio.drawing.macroenabled.main+xml",
    ),
    (b"application/vnd.ms-visio.drawing.main+xml", "application/vnd.ms-visio.drawing.main+xml"),
    (b"wordprocessingml.document.main+xml", _OOXML + "wordprocessingml.document"),
    (b"wordprocessingml.template.main+xml", _OOXML + "wordprocessingml.template"),
    (b"spreadsheetml.sheet.main+xml", _OOXML + "spreadsheetml.sheet"),
    (b"spreadsheetml.template.main+xml", _OOXML + "spreadsheetml.template"),
    (b"presentationml.presentation.main+xml", _OOXML + "presentationml.presentation"),
    (b"presentationml.slideshow.main+xml", _OOXML + "presentationml.slideshow"),
    (b"presentationml.template.main+xml", _OOXML + "presentationml.template"),
    (b"application/vnd.ms-package.3dmanufacturing-3dmodel+xml", "model/3mf"),
)
# What must not stand inside a picture; lower case, confirmed by the byte that follows.
_MARKS = (
    (b"<?php", "application/x-httpd-php"),
    (b"<script", "text/html"),
    (b"<html", "text/html"),
    (b"<!doctype html", "text/html"),
    (b"<iframe", "text/html"),
)

# What `sniff` finds by content: a file that claims to be one of these and is not found to be is not one.
RECOGNISED = frozenset(
    {kind for _, _, kind in _SIGNATURES}
    | {kind for _, kind in (*_PACKAGES, *archives.SIGNATURES)}
    | {*_BRANDS.values(), *_RIFF.values(), *_IWORK}
    | {
        "application/pdf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-outlook",
        "application/vnd.visio",
        "application/vnd.ms-publisher",
        "application/vnd.ms-project",
        "application/x-msi",
        "application/zip",
        "application/epub+zip",
        "application/java-archive",
        "application/vnd.android.package-archive",
        "application/x-bzip2",
        "application/x-tar",
        "application/x-iso9660-image",
        "application/x-apple-diskimage",
        "application/json",
        "application/xml",
        "application/vnd.microsoft.portable-executable",
        "application/java-vm",
        "application/vnd.debian.binary-package",
        "application/xhtml+xml",
        "application/vnd.google-earth.kmz",
        "application/vnd.google-earth.kml+xml",
        "application/gpx+xml",
        "audio/aac",
        "audio/mpeg",
        "audio/mp4",
        "audio/3gpp",
        "audio/aiff",
        "audio/ogg",
        "audio/webm",
        "audio/matroska",
        "audio/x-ms-wma",
        "image/png",
        "image/apng",
        "image/bmp",
        "image/jpx",
        "image/svg+xml",
        "image/x-tga",
        "message/rfc822",
        "text/calendar",
        "text/html",
        "text/vcard",
        "video/mp4",
        "video/ogg",
        "video/webm",
        "video/matroska",
        "video/mp2t",
        "video/x-ms-wmv",
    }
)


def _confirmed(lowered: bytes, mark: bytes) -> bool:
    return re.search(re.escape(mark) + rb"[\s>/]", lowered) is not None


def _matroska(head: bytes) -> str:
    """WebM or Matroska by DocType, sound or film by the codec ids of the tracks (element 0x86)."""
    name = "webm" if b"webm" in head[:64] else "matroska"
    sound_only = (
        re.search(rb"\x86[\x80-\xff]A_", head) is not None and re.search(rb"\x86[\x80-\xff]V_", head) is None
    )
    return f"{'audio' if sound_only else 'video'}/{name}"


def _frames(head: bytes) -> str | None:
    """Sound and film without a file header, known by two frames or packets at the right distance."""
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "video/mp2t"
    if len(head) > 388 and head[4] == head[196] == head[388] == 0x47:
        return "video/mp2t"
    if len(head) < 8 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:  # ADTS (ISO/IEC 13818-7): thirteen bits of frame length
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        follows = head[length : length + 2]
        return "audio/aac" if length >= 7 and (follows == head[:2] or len(head) == length) else None
    return _mpeg_audio(head)


_BITRATES = {
    (3, 3): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (3, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (3, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _mpeg_audio(head: bytes) -> str | None:
    """MPEG audio by a frame header whose length leads to another (ISO/IEC 11172-3, 2.4.2.3)."""
    version, layer, rate, frequency = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if head[1] & 0xE0 != 0xE0 or version == 1 or layer == 0 or rate in (0, 15) or frequency == 3:
        return None
    bits = _BITRATES[(3 if version == 3 else 2, layer)][rate - 1] * 1000
    hertz = (44100, 48000, 32000)[frequency] // {3: 1, 2: 2, 0: 4}[version]
    padding = head[2] >> 1 & 1
    if layer == 3:
        length = (12 * bits // hertz + padding) * 4
    else:
        length = (72 if layer == 1 and version != 3 else 144) * bits // hertz + padding
    follows = head[length : length + 2]
    return (
        "audio/mpeg"
        if not follows or (follows[0] == 0xFF and follows[1:2] and follows[1] & 0xFE == head[1] & 0xFE)
        else None
    )


def _has_macro_sheet(stream: bytes) -> bool:
    """Whether an Excel stream lists an Excel 4.0 macro sheet: BOUNDSHEET (0x85) of type 1 (MS-XLS 2.4.28)."""
    at = 0
    while at + 4 <= len(stream):
        record, length = struct.unpack_from("<HH", stream, at)
        if record == 0x85 and length >= 6 and stream[at + 9 : at + 10] == b"\x01":
            return True
        if record == 0x0A and at > 0:
            return False
        at += 4 + length
    return False


# --- text ------------------------------------------------------------------------------------------------------------

_MARKUP = ("text/html", "image/svg+xml", "application/xhtml+xml", "application/hta")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def _as_text(head: bytes, *, whole: bool) -> str | None:
    """`head` as text, or None when it is binary. UTF-8, UTF-16 and UTF-32 are read, with and without a mark."""
    for mark, encoding in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"\xef\xbb\xbf", "utf-8-sig"),
    ):
        if head.startswith(mark) and not head.startswith(b"\xff\xfe\0\0\0"):
            unit = 4 if encoding == "utf-32" else 2 if encoding == "utf-16" else 1
            decoded = head[: len(head) // unit * unit].decode(encoding, "replace")
            return None if _CONTROL.search(decoded) else decoded
    if len(head) >= 4 and b"\0" in head[:256]:
        # Markup is also markup in UTF-16 without a mark, to a parser that guesses.
        for encoding, zeros, others in (
            ("utf-16-le", head[1:256:2], head[0:256:2]),
            ("utf-16-be", head[0:256:2], head[1:256:2]),
        ):
            if not zeros.strip(b"\0") and b"\0" not in others:
                decoded = head[: len(head) // 2 * 2].decode(encoding, "replace")
                return None if _CONTROL.search(decoded) else decoded
        return None
    try:
        decoded = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if not whole and error.start > len(head) - 4:
            decoded = head[: error.start].decode("utf-8")
        else:
            decoded = head.decode("latin-1")
            # A short text of any single-byte or Asian encoding looks like data; a long one has no control characters,
            # which data of that length does (one byte in ten).
            if len(head) < 64 and sum(char > "\x7f" for char in decoded) > 0.35 * len(decoded):
                return None
    return None if _CONTROL.search(decoded) else decoded


# The beginnings that make a browser see HTML (WHATWG MIME Sniffing, section 7.1).
_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|object|embed|meta|link|img|form|base"
    r"|template|details|math|video|audio|frameset|marquee|input|button|span|center)(?=[\s>/])",
    re.IGNORECASE,
)
_PROLOGUE = re.compile(
    r"(?:\ufeff|\s+|<!--.*?-->|<\?.*?\?>|<!doctype[^>\[]*(?:\[.*?\]\s*)?>)", re.IGNORECASE | re.DOTALL
)
_INTERPRETERS = (
    (re.compile(r"\b(?:bash|dash|zsh|ksh|csh|tcsh|fish|sh)\b"), "application/x-sh"),
    (re.compile(r"\bpython"), "text/x-python"),
    (re.compile(r"\bphp"), "application/x-httpd-php"),
    (re.compile(r"\b(?:node|deno|bun|osascript -l JavaScript)\b"), "text/javascript"),
    (re.compile(r"\bperl"), "text/x-perl"),
    (re.compile(r"\bruby"), "text/x-ruby"),
    (re.compile(r"\bpwsh\b"), "application/x-powershell"),
)


def _text_kind(text: str, name: str, *, whole: bool) -> tuple[str, bool]:
    """The media type of text, and whether the text proves it (plain text proves nothing)."""
    if text.startswith("#!"):
        line = text.splitlines()[0][2:]
        for pattern, kind in _INTERPRETERS:
            if pattern.search(line):
                return kind, True
        if re.match(r"\s*/", line):
            return "application/x-sh", True
    if re.search(r"<\?php\b|<\?=", text, re.IGNORECASE):
        return "application/x-httpd-php", True
    if re.match(r"\s*<%(?:@|=|\s)", text):
        return "application/x-jsp", True
    markup = _markup(text)
    if markup is not None:
        return markup, True
    start = text.lstrip("\ufeff \t\r\n")
    for opening, kind in (
        ("BEGIN:VCALENDAR", "text/calendar"),
        ("BEGIN:VCARD", "text/vcard"),
        ("[InternetShortcut]", "application/internet-shortcut"),
        ("[Desktop Entry]", "application/x-desktop"),
        ("Windows Registry Editor Version", "application/x-ms-registry"),
        ("REGEDIT4", "application/x-ms-registry"),
        ("-----BEGIN CERTIFICATE-----", "application/x-x509-ca-cert"),
        ("-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted"),
        ("-----BEGIN PGP SIGNATURE-----", "application/pgp-signature"),
        ("WEBVTT", "text/vtt"),
        ("#EXTM3U", "audio/x-mpegurl"),
    ):
        if start[: len(opening)].upper() == opening.upper():
            return kind, True
    if start[:1] in ("{", "[") and _is_json(text, whole=whole):
        named = media_types.of_extension(name)
        return (
            named if named in ("application/geo+json", "application/ld+json") else "application/json"
        ), True
    if mail := _mail(text):
        return mail, True
    named = media_types.of_extension(name)
    dialect = named is not None and (
        media_types.has_trait(named, "text") or named in ("text/plain", "application/rtf")
    )
    script = _script(text) if not (dialect and named != "text/plain") else None
    if script is not None:
        return script, True
    if dialect and named is not None and named != "application/rtf":
        return named, False
    return "text/plain", False


def _markup(text: str) -> str | None:
    """HTML, XHTML, SVG or another XML, when `text` begins as such after what parsers skip; else None."""
    place, declared = 0, False
    doctype = ""
    while (match := _PROLOGUE.match(text, place)) and match.end() > place:
        piece = match[0].lower()
        declared = declared or piece.startswith("<?xml")
        if piece.startswith("<!doctype"):
            doctype = piece
        place = match.end()
        if place > 32_768:
            break
    if re.match(r"<!doctype\s+html(?![^>]*xhtml)", doctype) and not declared:
        return "text/html"
    root = re.match(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)", text[place : place + 256])
    if root is not None:
        element, opening = root[1].lower(), text[place : place + 4096]
        if element == "svg":
            return "image/svg+xml"
        if element in ("html", "head", "body") and (
            declared or "http://www.w3.org/1999/xhtml" in opening.partition(">")[0]
        ):
            return "application/xhtml+xml"
        if re.search(r"<hta:application\b", text, re.IGNORECASE):
            return "application/hta"
        if _HTML.match(text, place) and not declared:
            return "text/html"
        if element in ("package", "job") and re.search(r"<script\b", text, re.IGNORECASE):
            return "application/x-wsf"
        if element == "stylesheet" and "http://www.w3.org/1999/XSL/Transform" in opening:
            return "application/xslt+xml"
        for name, kind in (
            ("kml", "application/vnd.google-earth.kml+xml"),
            ("gpx", "application/gpx+xml"),
            ("jnlp", "application/x-java-jnlp-file"),
        ):
            if element == name:
                return kind
        if 'office:mimetype="application/vnd.oasis.opendocument' in opening:
            # A flat OpenDocument file; macros may stand in it as text.
            return "application/xml"
        # Anything else: XML, but XML whose elements include HTML's or SVG's runs their scripts in a browser.
        if re.search(r"=\s*[\"']http://www\.w3\.org/(?:1999/xhtml|2000/svg)[\"']", text) and re.search(
            r"<(?:\w+:)?script\b", text
        ):
            return "application/xhtml+xml"
        if declared or doctype or re.search(r"</[\w:.-]+>\s*$|/>\s*$", text):
            return "application/xml"
    elif declared:
        return "application/xml"
    if doctype.startswith("<!doctype html") or (
        text[:place].strip().startswith("<!--") and "<script" in text.lower()
    ):
        return "text/html"
    return None


def _is_json(text: str, *, whole: bool) -> bool:
    if not whole:
        return (
            re.match(r'\s*(?:\{\s*"(?:[^"\\\n]|\\.)*"\s*:|\[\s*(?:[\[{"\d-]|true|false|null))', text)
            is not None
        )
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _mail(text: str) -> str | None:
    """A message (RFC 5322) or a saved web page (RFC 2557) by its header fields."""
    lines = text.split("\n", 60)[:60]
    fields: dict[str, str] = {}
    for line in lines:
        if not line.strip():
            break
        match = re.match(r"([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]?(.*)", line)
        if match:
            fields.setdefault(match[1].lower(), match[2].strip().lower())
        elif not line.startswith((" ", "\t")):
            return None
    if (
        "mime-version" in fields
        and fields.get("content-type", "").startswith("multipart/related")
        and "to" not in fields
    ):
        return "multipart/related"
    known = fields.keys() & {
        "from",
        "to",
        "subject",
        "date",
        "received",
        "message-id",
        "mime-version",
        "return-path",
    }
    return "message/rfc822" if len(known) >= 3 and "from" in fields | {"": ""} else None


_SCRIPTS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = (
    (
        "application/x-bat",
        re.compile(r"\A\s*@echo\s+off\b", re.IGNORECASE),
        re.compile(
            r"(?im)^\s*@?(?:set\s+\w+=|rem\s|goto\s+\w|if\s+(?:not\s+)?(?:exist|errorlevel)|start\s|call\s|echo\s+off|pause\s*$|%~)"
        ),
    ),
    (
        "application/x-powershell",
        re.compile(
            r"\b(?:Invoke-Expression|Set-ExecutionPolicy|DownloadString|Start-Process|Invoke-WebRequest|New-Object\s+System\.|IEX\s*\()",
            re.IGNORECASE,
        ),
        re.compile(
            r"(?m)^\s*(?:\$\w+\s*=|param\s*\(|function\s+\w+-\w+|(?:Get|Set|New|Write|Import|Invoke|Start|Add|Remove)-[A-Z]\w+\b|\}\s*$)"
        ),
    ),
    (
        "text/vbscript",
        re.compile(
            r"\b(?:CreateObject\s*\(\s*\"|WScript\.(?:Shell|Echo|CreateObject)|GetObject\s*\(\s*\"winmgmts)",
            re.IGNORECASE,
        ),
        re.compile(
            r"(?im)^\s*(?:dim\s+\w+|set\s+\w+\s*=|on\s+error\s+resume\s+next|end\s+(?:sub|function|if)|(?:sub|function)\s+\w+\s*\()"
        ),
    ),
    (
        "text/javascript",
        re.compile(
            r"\b(?:document\.(?:getElementById|write|cookie|createElement|querySelector|location)|window\.(?:location|open|addEventListener)"
            r"|new\s+ActiveXObject|eval\s*\(|require\s*\(\s*['\"]|module\.exports|addEventListener\s*\(|XMLHttpRequest|String\.fromCharCode)"
        ),
        re.compile(
            r"(?m)^\s*(?:(?:async\s+)?function\b[^\n]*\{|(?:var|let|const)\s+[\w$]+\s*=|(?:export|import)\s.*['\"];?\s*$|return\b[^\n]*;\s*$"
            r"|\}\)?;?\s*$|[\w$.]+\([^\n]*\);\s*$|[\w$.]+\s*=\s*[^\n]*;\s*$|if\s*\([^\n]*\{\s*$)"
        ),
    ),
    (
        "text/x-python",
        re.compile(r"(?m)^(?:if __name__ == ['\"]__main__['\"]:|import (?:os|sys|subprocess|socket)\b)"),
        re.compile(
            r"(?m)^\s*(?:from\s+[\w.]+\s+import\s|import\s+[\w.]+\s*$|def\s+\w+\([^\n]*\)[^\n]*:\s*$|class\s+\w+[^\n]*:\s*$|return\b|print\()"
        ),
    ),
)


def _script(text: str) -> str | None:
    """The scripting language that `text` is written in: a tell-tale call, and a good part of its lines being code."""
    sample = text[:32_768]
    lines = [line for line in sample.splitlines() if line.strip()]
    if not lines:
        return None
    for kind, telltale, code in _SCRIPTS:
        hits = len(code.findall(sample))
        sure = telltale.search(sample) is not None
        if (sure and hits >= max(1, 0.2 * len(lines))) or (hits >= 3 and hits >= 0.6 * len(lines)):
            return kind
    return None
