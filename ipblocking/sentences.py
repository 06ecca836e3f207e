"""What is said about a line of a list, and about a section that cannot be taken: one sentence for each code."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ipblocking.entries import MAX_CHARACTERS, MAX_ENTRIES, MAX_LINE, MAX_LISTS, MAX_REASON, Finding

#: By code of `Finding`; %(value)s is the text in question, %(suggestion)s what may be meant, %(other)s another line's number.
FINDINGS: dict[str, Promise] = {
    "not_an_address": _("“%(value)s” is no IPv4 or IPv6 address, network or range."),
    "leading_zero": _("“%(value)s” has a leading zero: some programs read such a number as octal."),
    "wildcard": _("“%(value)s”: an asterisk or a missing part does not work here; write the network."),
    "with_port": _("“%(value)s” has a port; addresses are blocked whatever their port."),
    "brackets": _("“%(value)s”: leave the brackets out."),
    "bad_length": _("“%(value)s”: the length of the network or its mask cannot be."),
    "range_mixed": _("“%(value)s” begins in IPv4 and ends in IPv6, or the other way round."),
    "range_reversed": _("“%(value)s” ends before it begins."),
    "bad_expiry": _("“%(value)s” is no moment such as 2027-01-01 or 2027-01-01T18:30Z."),
    "unknown_word": _("“%(value)s” is not understood; a comment begins with #."),
    "too_long": _("The line is longer than %(most_line)s characters."),
    "too_many": _("A list has at most %(most)s entries; what follows is left out."),
    "host_bits": _("“%(value)s” names an address inside a network; the whole network %(suggestion)s counts."),
    "zone": _("The zone (after the percent sign) counts for nothing; %(suggestion)s is meant."),
    "mapped": _("“%(value)s” is an IPv4 address in the clothes of IPv6; %(suggestion)s is meant."),
    "expired": _("The entry ended on %(value)s: it has no effect."),
    "duplicate": _("%(value)s stands on line %(other)s already."),
    "covered": _("%(value)s lies within %(suggestion)s of line %(other)s."),
    "contradiction": _("%(value)s is both blocked and an exception (line %(other)s): the exception wins."),
    "reason_cut": _("The comment is longer than %(most_reason)s characters and is cut there."),
    "blocks_you": _("%(suggestion)s blocks you: your own address is %(value)s."),
    "blocks_everyone": _("%(suggestion)s blocks (nearly) every %(value)s address there is."),
    "blocks_private": _(
        "%(value)s blocks addresses of the private range %(suggestion)s: colleagues, or a proxy in front of the chat."
    ),
    "blocks_proxy": _(
        "%(value)s blocks %(suggestion)s, a proxy of this installation: no visitor would get in."
    ),
}

PROBLEMS: dict[str, Promise] = {
    "not_an_object": _("This is not an object with exactly the fields that belong here."),
    "unknown_field": _("There is no such field."),
    "wrong_format": _("This format is not known here."),
    "not_a_list": _("A list belongs here."),
    "too_large": _(
        "All lists of a channel together have %(value)s characters; %(most_characters)s is the most."
    ),
    "not_a_text": _("A text belongs here."),
    "not_an_entry": _("“%(value)s” is not exactly one entry."),
    "not_canonical": _("An entry is written in its shortest form here: “%(value)s”."),
    "not_sorted": _("“%(value)s” stands out of order; entries are sorted by address, lists by name."),
    "duplicate": _("“%(value)s” stands here twice."),
    "bad_name": _("“%(value)s” is no name of 1 to 120 characters."),
}

_LIMITS = {
    "most": MAX_ENTRIES,
    "most_line": MAX_LINE,
    "most_reason": MAX_REASON,
    "most_lists": MAX_LISTS,
    "most_characters": MAX_CHARACTERS,
}


def finding_sentence(one: Finding) -> str:
    """What to say to whoever wrote the line, in the language in force; with what may have been meant."""
    parts = {"value": one.value, "suggestion": one.suggestion, "other": one.other, **_LIMITS}
    text = str(FINDINGS[one.code]) % parts
    if one.level == "error" and one.suggestion:
        text += " " + gettext("Did you mean %(suggestion)s?") % parts
    return text


def problem_sentence(code: str, value: str) -> str:
    """What is wrong with a section that came from elsewhere."""
    text = PROBLEMS.get(code) or FINDINGS[code]
    return str(text) % {"value": value, "suggestion": "", "other": "", **_LIMITS}
