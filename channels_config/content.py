"""What custom CSS and JS may be at all: text, of at most so many bytes, that can be read."""

from __future__ import annotations

import re
from typing import Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_config import css, js
from channels_config.remarks import Remark

Language = Literal["css", "js"]

#: Bytes of UTF-8 that each of the two texts may have.
MAX_BYTES = 256 * 1024

#: Controls (tab and line feed apart), lone surrogates, and what Unicode says are no characters.
_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def with_plain_line_ends(text: str) -> str:
    """LF line ends, no byte order mark: what a form posts, and what is kept."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def refuse_unacceptable(text: str) -> None:
    """Raises ValidationError for a text that is too long or is no text; `text` has plain line ends."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise ValidationError(
            _("This is %(size)s KB; at most %(most)s KB fit here. Remove what is not needed, or minify it."),
            params={"size": -(-size // 1024), "most": MAX_BYTES // 1024},
            code="too_large",
        )
    bad = _NO_TEXT.search(text)
    if bad is None:
        return
    line = text.count("\n", 0, bad.start()) + 1
    if bad[0] == "\x00" or "\ufffd" in text[:4]:
        raise ValidationError(
            _("This looks like a binary file, not like text (line %(line)s). Paste the source code."),
            params={"line": line},
            code="binary",
        )
    raise ValidationError(
        _("Line %(line)s holds a control character (%(name)s) that does not belong in a text. Delete it."),
        params={"line": line, "name": f"U+{ord(bad[0]):04X}"},
        code="control",
    )


def is_acceptable(text: str) -> bool:
    try:
        refuse_unacceptable(text)
    except ValidationError:
        return False
    return True


def remarks(language: Language, text: str) -> tuple[Remark, ...]:
    """What there is to say about an acceptable text, errors first."""
    return css.remarks(text) if language == "css" else js.checked(text)
