"""File names as they may be kept and shown: one component, nothing invisible, nothing that turns around.

A visitor's file name is text of a stranger. `invoice\u202efdp.exe` reads « invoiceexe.pdf » on screen (U+202E reverses
what follows): such characters are taken out, so that what is seen is what is there.
"""

from __future__ import annotations

import re
import unicodedata

MAX_BYTES = 255  # what ext4, NTFS (characters) and APFS take for one name
FALLBACK = "file"
# Zero-width joiner and non-joiner: emoji and several scripts need them, and they reorder nothing.
_KEEP = {"\u200c", "\u200d"}
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """`name` as one visible file-name component of at most 255 bytes of UTF-8, its extension kept; never empty.

    Takes the part after the last `/` or `\\`; removes control, format (bidirectional overrides, zero widths), line
    separator, private and unpaired surrogate characters; replaces what Windows forbids by `_`; strips dots and spaces at
    both ends (Windows drops trailing ones, so `x.exe.` would run); sets `_` before a device name. Applying it twice
    changes nothing.
    """
    text = unicodedata.normalize("NFC", name)
    text = re.split(r"[/\\]", text)[-1]
    text = "".join(
        char
        for char in text
        if char in _KEEP or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    text = re.sub(r"\s+", " ", _FORBIDDEN.sub("_", text)).strip(". ")
    if _DEVICE.match(text):
        text = "_" + text
    stem, dot, extension = text.rpartition(".")
    if dot and 0 < len(extension.encode()) <= 32:
        room = MAX_BYTES - 1 - len(extension.encode())
        text = _cut(stem, room).rstrip(". ") + "." + extension
    else:
        text = _cut(text, MAX_BYTES).rstrip(". ")
    return text.strip("\u200c\u200d. ") or FALLBACK


def _cut(text: str, room: int) -> str:
    """The longest beginning of `text` that fits `room` bytes of UTF-8."""
    return text.encode()[:room].decode(errors="ignore")
