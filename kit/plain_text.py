"""Text without capitals and accents, for finding and sorting names as people expect: "quebec" finds "Québec", É is near E.

Not a collation: those depend on how the database server was built, and the embedded one knows only the order of code points.
"""

from __future__ import annotations

import unicodedata

from django.db.models import CharField, Func

_MARKS = range(0x0300, 0x0370)


def plain(text: str) -> str:
    """ "Éventail" -> "eventail". The same as the database's `Plain`."""
    letters = (letter for letter in unicodedata.normalize("NFD", text) if ord(letter) not in _MARKS)
    return "".join(letters).lower()


class Plain(Func):
    """`plain()` over a column: `.order_by(Plain("name"))`, `.alias(plain=Plain("name")).filter(plain__contains=plain(text))`."""

    template = r"lower(regexp_replace(normalize(%(expressions)s, NFD), '[\u0300-\u036f]', '', 'g'))"
    arity = 1
    output_field = CharField()
