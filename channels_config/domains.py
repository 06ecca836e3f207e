"""The list of domains on which a channel may appear, as a person types it: one entry on each line."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kit import origins

#: Entries of the domain list.
MOST_DOMAINS = 500

DOMAIN_SENTENCES: dict[str, Promise] = {
    "empty": _("Enter a domain, for example www.example.com."),
    "too_long": _("A domain is never this long."),
    "scheme": _("Only http:// and https:// pages can show the chat."),
    "credentials": _("A user name or password has no place in a domain."),
    "path": _("Enter the domain only, without a path: every page of it is allowed."),
    "wildcard": _("An asterisk may only stand alone, in front: *.example.com."),
    "too_wide": _("This would allow far too many sites; name a domain."),
    "port": _("A port is a number from 1 to 65535, or * for any."),
    "host": _("This is not a domain name or an address."),
}


def read_domains(text: str) -> list[str]:
    """Entries as they are kept, one for each line, doubles dropped. Raises ValidationError with a sentence for each bad line."""
    found: dict[str, None] = {}
    wrong: list[ValidationError] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found[str(origins.parse(line))] = None
        except origins.BadEntry as bad:
            shown = line.strip() if len(line.strip()) <= 60 else line.strip()[:59] + "…"
            wrong.append(
                ValidationError(
                    _("Line %(line)s, “%(entry)s”: %(why)s"),
                    params={"line": number, "entry": shown, "why": DOMAIN_SENTENCES[bad.code]},
                    code=bad.code,
                )
            )
            if len(wrong) == 10:
                break
    if wrong:
        raise ValidationError(wrong)
    if len(found) > MOST_DOMAINS:
        raise ValidationError(
            _(
                "The list has %(count)s domains; at most %(most)s fit. *.example.com stands for all sub-domains."
            ),
            params={"count": len(found), "most": MOST_DOMAINS},
            code="too_many",
        )
    return list(found)
