"""What is said to people about files: problems of a section, verdicts for an admin, and the message a visitor reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from areas.visitors import Reader
from file_restrictions import rules
from file_restrictions.rules import Problem, Verdict

PROBLEMS: dict[str, Promise] = {
    "wrong_format": _("This format is not known here."),
    "not_a_switch": _("true or false belongs here."),
    "not_a_whole_number": _("Whole megabytes only, such as 5."),
    "out_of_range": _("Between 1 and 40 MB."),
    "over_channel_maximum": _("This is more than the channel’s maximum; a type can only be stricter."),
    "not_a_list": _("A list belongs here."),
    "no_types": _("List at least one type, or do not allow attachments at all."),
    "too_many_types": _("There are %(value)s types; 200 are the most."),
    "not_an_entry": _("Each entry is an object with a media type and a description."),
    "empty": _("Which type? For example image/png, .pdf, or image/*."),
    "malformed": _("“%(value)s” is not a media type such as image/png."),
    "unknown_category": _(
        "“%(value)s”: there is no such kind of media type. Known kinds are image, video, text, application…"
    ),
    "duplicate": _("“%(value)s” is in the list already."),
    "description_too_long": _("A description has at most 100 characters."),
    "not_a_text": _("A text belongs here."),
    "unknown_type": _(
        "“%(value)s” is not among the types known here: it counts only for files that say so themselves."
    ),
    "same_type": _("“%(value)s” is another name of a type in the list."),
    "covered": _("“%(value)s” is covered by a wider entry of the list already."),
}
DID_YOU_MEAN = _("Did you mean %(suggestions)s?")

VERDICTS: dict[str, Promise] = {
    "accepted": _("The file is accepted."),
    "attachments_off": _("This channel takes no attachments."),
    "empty": _("The file is empty."),
    "too_large": _("The file is larger than %(limit)s MB."),
    "too_large_for_type": _("Files of type %(rule)s may be at most %(limit)s MB."),
    "bomb": _("The archive would unpack to far more than it seems."),
    "two_formats": _("The file is %(media_type)s and %(also)s at the same time."),
    "program": _("The file is a program: %(program)s."),
    "program_inside": _("The archive holds a program: %(program)s."),
    "unreadable_archive": _("The archive could not be looked into: it is encrypted, damaged or too deep."),
    "macros": _("The document holds macros."),
    "not_what_it_says": _("The file says it is %(claimed)s, but it is %(media_type)s."),
    "type_not_allowed": _("Files of type %(media_type)s are not allowed."),
}

#: In the words of the chat window's pop-up (widget/frame/files.ts), which adds them to the catalogue's phrases where it has them in the
#: visitor's language; a test holds the two together.
VISITOR_REASONS: dict[str, Promise] = {
    "attachments_off": _("Files cannot be sent here."),
    "empty": _("This file is empty."),
    "too_large": _("This file is too large."),
    "too_large_for_type": _("This file is too large for its type."),
    "bomb": _("This archive cannot be checked."),
    "two_formats": _("This file is of two types at once."),
    "program": _("Programs cannot be sent here."),
    "program_inside": _("This archive contains a program."),
    "unreadable_archive": _("This archive cannot be checked."),
    "macros": _("This document contains macros."),
    "not_what_it_says": _("This file’s content is not what its name says."),
    "type_not_allowed": _("This type of file is not accepted."),
}
CATEGORY_WORDS: dict[str, Promise] = {
    "images": _("images"),
    "videos": _("videos"),
    "audio files": _("audio files"),
    "text files": _("text files"),
}
#: Languages in which the pop-up has words of its own.
OWN_WORDS = frozenset({"en", "fr"})


def problem_sentence(problem: Problem) -> str:
    """What to tell a person about one problem, near misses included."""
    sentence = gettext(str(PROBLEMS[problem.code])) % {"value": problem.value}
    if problem.suggestions:
        meant = gettext(" or ").join(problem.suggestions)
        sentence = f"{sentence} {DID_YOU_MEAN % {'suggestions': meant}}"
    return sentence


def verdict_sentence(verdict: Verdict) -> str:
    """Why a file is taken or not, for an admin."""
    return str(VERDICTS[verdict.code]) % {"also": "", "program": "", **verdict.params}


def visitor_message(verdict: Verdict, section: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """The pop-up of a refused file as this visitor reads it: {"locale", "title", "name", "reason", "allowed" or "", "types": [text]}."""
    served = rules.served(section)
    listed = served["allowedFileTypes"] if served["isAttachmentsEnabled"] else []
    language = reader.locale[:2].lower()
    with translation.override(language if language in OWN_WORDS else "en"):
        own = language in OWN_WORDS
        reason = str(VISITOR_REASONS[verdict.code]) if own else reader.say("uploadMessage")
        types = [_words(entry, reader, own=own) for entry in listed]
    return {
        "locale": reader.locale,
        "title": reader.say("fileSendingFailed"),
        "name": verdict.name,
        "reason": reason,
        "allowed": reader.say("sendFileTextSize", filesize=served["allowedFileSize"]) if types else "",
        "types": types,
    }


def _words(entry: Mapping[str, str], reader: Reader, *, own: bool) -> str:
    """A type of the list: the channel's own phrase for it, else ours, else what the admin wrote."""
    text = reader.say(f"fileTypes.{entry['mimeType']}")
    if not text and own and entry["description"] in CATEGORY_WORDS:
        text = str(CATEGORY_WORDS[entry["description"]])
    return text or entry["description"] or entry["mimeType"]
