"""What is said to people about files: problems of a section, verdicts for an admin, and the message a visitor reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

#: Code of a verdict -> the phrase a visitor reads, as the chat window's pop-up does (widget/frame/files.ts); a test holds the two together.
VISITOR_REASONS: dict[str, str] = {
    "attachments_off": "fileRefusedOff",
    "empty": "fileRefusedEmpty",
    "too_large": "fileRefusedTooLarge",
    "too_large_for_type": "fileRefusedTooLargeForType",
    "bomb": "fileRefusedArchive",
    "unreadable_archive": "fileRefusedArchive",
    "two_formats": "fileRefusedTwoFormats",
    "program": "fileRefusedProgram",
    "program_inside": "fileRefusedProgramInside",
    "macros": "fileRefusedMacros",
    "not_what_it_says": "fileRefusedDisguised",
    "type_not_allowed": "fileRefusedType",
}
#: Descriptions a list comes with -> the phrase a visitor reads for them.
CATEGORY_WORDS: dict[str, str] = {
    "images": "fileKindImages",
    "videos": "fileKindVideos",
    "audio files": "fileKindAudio",
    "text files": "fileKindText",
}


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
    types = [_words(entry, reader) for entry in listed]
    return {
        "locale": reader.locale,
        "title": reader.say("fileSendingFailed"),
        "name": verdict.name,
        "reason": reader.say(VISITOR_REASONS[verdict.code]) or reader.say("uploadMessage"),
        "allowed": reader.say("sendFileTextSize", filesize=served["allowedFileSize"]) if types else "",
        "types": types,
    }


def _words(entry: Mapping[str, str], reader: Reader) -> str:
    """A type of the list: the channel's own phrase for it, else ours, else what the admin wrote."""
    description = entry["description"]
    own = reader.say(f"fileTypes.{entry['mimeType']}")
    return own or reader.say(CATEGORY_WORDS.get(description, "")) or description or entry["mimeType"]
