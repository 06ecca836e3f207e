"""How well and how fast files are recognised, beside the libraries that do it: on the kinds of the tests, in one run.

    python bench/bench_sniffing.py [--json FILE] [--verbose]

Prints a table and one line of JSON. `filetype` comes with the project; `puremagic`, `python-magic` and `magika` are compared
where they can be imported, so install them in an environment of their own. Rounds are taken in turn, the best processor time
counts. Every library is asked for a media type by content alone; names that mean the same count as right. `two formats` and
`macros` are the files of `file_restrictions/tests/hostile.py`: a library that gives one name cannot see them, and it is said
how often that one name gives the file away.
"""

from __future__ import annotations

import argparse
import base64
import gc
import importlib
import io
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from file_restrictions import media_types, rules
from file_restrictions.sniffing import sniff_bytes
from file_restrictions.tests import hostile, kinds
from file_restrictions.uploads import AttachmentBody

ROUNDS = 3
MEBIBYTE = 1024 * 1024
# Names that the libraries use beyond the aliases of `media_types.json`.
SYNONYMS = {
    "application/csv": "text/csv",
    "application/font-sfnt": "font/ttf",
    "application/java": "application/java-vm",
    "application/x-java": "application/java-vm",
    "application/x-java-bytecode": "application/java-vm",
    "application/x-mach-o": "application/x-mach-binary",
    "application/x-powershell-script": "application/x-powershell",
    "application/x-vba": "text/vbscript",
    "audio/x-hx-aac-adts": "audio/aac",
    "image/heif": "image/heic",
    "text/postscript": "application/postscript",
    "video/mpeg-2": "video/mpeg",
    "video/mpv": "video/mpeg",
    "video/x-ms-asf": "video/x-ms-wmv",
}
MACROS = (
    hostile.docx_with_macros,
    hostile.xlsx_with_macro_sheet,
    hostile.xls_with_macro_sheet,
    hostile.ppt_with_macros,
    hostile.odt_with_macros,
)
TWO_FORMATS = (
    hostile.gif_and_javascript,
    hostile.bmp_and_javascript,
    hostile.wav_and_javascript,
    hostile.jpeg_and_php,
    hostile.png_and_html,
    hostile.pdf_and_zip,
    hostile.jpeg_and_zip,
    hostile.gif_and_jar,
    hostile.jpeg_and_pdf,
    hostile.html_and_pdf,
    hostile.pdf_and_html,
    hostile.pdf_and_tar,
    hostile.gif_and_tar,
    hostile.pdf_and_iso,
)


def libraries() -> dict[str, Callable[[bytes], str | None]]:
    """What can be imported here: name to a function from bytes to a media type."""
    found: dict[str, Callable[[bytes], str | None]] = {
        "this project": lambda content: sniff_bytes(content).media_type
    }
    try:
        found["filetype"] = importlib.import_module("filetype").guess_mime
    except ImportError:
        print("filetype is not installed here; left out")
    try:
        puremagic = importlib.import_module("puremagic")
        found["puremagic"] = lambda content: puremagic.from_string(content, mime=True)
    except ImportError:
        print("puremagic is not installed here; left out")
    try:
        found["python-magic"] = importlib.import_module("magic").Magic(mime=True).from_buffer
    except ImportError:
        print("python-magic (or the libmagic it loads) is not installed here; left out")
    try:
        model = importlib.import_module("magika").Magika()
        found["magika"] = lambda content: model.identify_bytes(content).output.mime_type
    except ImportError:
        print("magika is not installed here; left out")
    return found


def ask(look: Callable[[bytes], str | None], content: bytes) -> str:
    """The library's answer under this project's name for it; '' for none or an error of its own."""
    try:
        answer = look(content) or ""
    except Exception:  # noqa: BLE001 - a library may raise anything on a file it does not know
        return ""
    known = media_types.canonical(answer)
    return SYNONYMS.get(known, known)


def seconds(run: Callable[[], object]) -> float:
    """The processor time of one run."""
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start


def largest() -> dict[str, float]:
    """The worst honest case: milliseconds for a verdict on 40 MiB, and for decoding such an upload; megabytes held at once."""
    photo = kinds.jpeg() + bytes(40 * MEBIBYTE - len(kinds.jpeg()))
    archive = kinds.zipped(
        {f"{n}.bin": bytes((n + m) % 256 for m in range(1024)) * 400 for n in range(90)},
        stored=tuple(f"{n}.bin" for n in range(90)),
    )
    section = rules.default_section()
    body = json.dumps(
        {"fileName": "a.jpg", "mimeType": "image/jpeg", "content": base64.b64encode(photo).decode()}
    ).encode()

    def upload() -> None:
        with tempfile.TemporaryFile() as sink:
            reader = AttachmentBody(sink, 40 * MEBIBYTE)
            for place in range(0, len(body), 65_536):
                reader.feed(body[place : place + 65_536])
            reader.close()

    figures = {
        "verdict_40_mib_photo_ms": min(
            seconds(lambda: rules.verdict(section, "a.jpg", "image/jpeg", len(photo), io.BytesIO(photo)))
            for _ in range(3)
        )
        * 1000,
        "verdict_35_mib_zip_ms": min(
            seconds(
                lambda: rules.verdict(section, "a.zip", "application/zip", len(archive), io.BytesIO(archive))
            )
            for _ in range(3)
        )
        * 1000,
        "decode_40_mib_upload_ms": min(seconds(upload) for _ in range(3)) * 1000,
    }
    tracemalloc.start()
    upload()
    figures["decode_40_mib_upload_peak_mb"] = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return {name: round(value, 2) for name, value in figures.items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments.add_argument("--verbose", action="store_true", help="name the files each library gets wrong")
    options = arguments.parse_args()
    files = list(kinds.KINDS.values())
    candidates = libraries()
    rows: dict[str, dict[str, Any]] = {}
    for name, look in candidates.items():
        wrong = [
            (kind.name, answer) for kind in files if (answer := ask(look, kind.content)) != kind.media_type
        ]
        rows[name] = {"right": len(files) - len(wrong), "of": len(files)}
        if options.verbose:
            print(name, *(f"\n  {file}: {answer or 'nothing'}" for file, answer in wrong))
        if name == "this project":
            rows[name]["macros"] = sum(sniff_bytes(make()).macros for make in MACROS)
            rows[name]["two_formats"] = sum(bool(sniff_bytes(make()).also) for make in TWO_FORMATS)
        else:
            rows[name]["macros"] = sum("macro" in ask(look, make()) for make in MACROS)
            # One name for two formats gives the file away only when it is the dangerous one.
            rows[name]["two_formats"] = sum(
                ask(look, make()).partition("/")[0] not in ("image", "audio")
                and "pdf" not in ask(look, make())
                for make in TWO_FORMATS
            )
    times: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, look in candidates.items():
            taken = seconds(lambda look=look: [ask(look, kind.content) for kind in files])  # type: ignore[misc]
            times[name] = min(times.get(name, 1e9), taken / len(files) * 1e6)
    for name, value in times.items():
        rows[name]["microseconds"] = round(value, 1)
        rows[name]["ratio_to_ours"] = round(times["this project"] / value, 2)
    large = largest()
    figures = {"libraries": rows, "largest": large}
    print(f"\n{len(files)} files of {len({kind.media_type for kind in files})} types")
    print(
        f"  {'':<16}{'right':>10}{'macros':>10}{'two formats':>14}{'µs a file':>12}{'ours is x times that':>24}"
    )
    for name, row in rows.items():
        print(
            f"  {name:<16}{row['right']:>6}/{row['of']}{row['macros']:>8}/{len(MACROS)}{row['two_formats']:>11}/{len(TWO_FORMATS)}"
            f"{row['microseconds']:>12.1f}{row['ratio_to_ours']:>24.2f}"
        )
    for name, value in large.items():
        print(f"  {name:<34}{value:>10.2f}")
    print(json.dumps(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
