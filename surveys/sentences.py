"""What is wrong with a form, and what a question asks, in a person's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels_config.models import Channel
from surveys import rules
from surveys.models import CustomField

FINDINGS: dict[str, Promise] = {
    "no_options": _("“%(ident)s” has no options to choose from."),
    "option_twice": _("The option id “%(option)s” is there twice."),
    "option_parent": _("The option “%(option)s” stands under one that is not there before it."),
    "option_deep": _("The option “%(option)s” lies deeper than %(most)s levels."),
    "asked_twice": _("The form asks this twice."),
    "no_text": _("Write what the visitor consents to."),
    "no_field": _(
        "There is no custom field “%(ident)s” any more: remove the question, or make the field anew."
    ),
    "pattern_long": _("This pattern is too long: 300 characters at most."),
    "pattern_big": _("This pattern repeats too much to be checked quickly. Use smaller numbers in { }."),
    "pattern_deep": _("These brackets are nested too deeply (character %(position)s)."),
    "pattern_open": _("The bracket at character %(position)s is never closed."),
    "pattern_close": _("The bracket at character %(position)s closes nothing."),
    "pattern_range": _("The range at character %(position)s runs backwards, or is none."),
    "pattern_escape": _("Nothing that can be read follows the \\ at character %(position)s."),
    "pattern_unsupported": _(
        "What stands at character %(position)s is not supported: no look-around, back-references or lazy repeats."
    ),
    "pattern_repeat": _(
        "The repeat at character %(position)s is not one: write {2}, {2,} or {2,5}, up to 200."
    ),
    "pattern_nothing": _("The repeat at character %(position)s has nothing before it to repeat."),
    "pattern_anchor": _("^ and $ only stand at the ends: a pattern always covers the whole answer."),
    "default_too_long": _("The default answer is longer than an answer may be."),
    "default_email": _("The default answer is not an e-mail address."),
    "default_option": _("The default answer is none of the field’s options."),
    "default_pattern": _("The default answer does not match the pattern."),
    "condition_gone": _("The condition speaks of a question that is not in this form."),
    "condition_test": _("“At or under” compares places in a tree; this question is none."),
    "condition_value": _("Say with which answer the condition compares."),
    "circle": _("These questions wait for each other: %(names)s."),
    "unreachable": _("No answers make “%(name)s” appear: its condition can never be true."),
}

TESTS: dict[str, Promise] = {
    "is": _("is"),
    "is_not": _("is not"),
    "under": _("is at or under"),
    "answered": _("is answered"),
    "not_answered": _("is not answered"),
}


def finding(one: rules.Finding, section: Mapping[str, Any] | None = None) -> str:
    """The sentence of a finding; its place in front when a section is given, for whoever does not see the place."""
    about = {key: " → ".join(value) if isinstance(value, list) else value for key, value in one.about.items()}
    said = str(FINDINGS[one.code]) % about
    if section is None or not one.path.startswith("form.items."):
        return said
    item = section["form"]["items"][int(one.path.split(".")[2])]
    # Not by rules.Survey: what is wrong may be a pattern it cannot be made of.
    labels = {field["ident"]: field["label"] for field in section["fields"]}
    named = labels.get(item["ident"]) or item["text"] or item["ident"]
    return gettext("“%(question)s”: %(what)s") % {"question": named[:60], "what": said}


def condition(item: Mapping[str, Any], survey: rules.Survey) -> str:
    """ "Subject is Billing and Order is answered"; empty without a condition."""
    if item["show_if"] is None:
        return ""
    word = gettext(" and ") if item["show_if"]["match"] == "all" else gettext(" or ")
    return word.join(
        f"{survey.label(one['ident'])} {TESTS[one['test']]} {survey.text(one['ident'], one['value'])}".strip()
        for one in item["show_if"]["when"]
    )


def item(one: Mapping[str, Any], survey: rules.Survey) -> str:
    """A question on one line."""
    parts = [survey.label(one["ident"])]
    if one["type"] == "consent":
        parts.append(gettext("consent, version %(version)s") % {"version": one["version"]})
    else:
        parts.append(one["ident"])
    if one["required"]:
        parts.append(gettext("required"))
    if one["skip_known"]:
        parts.append(gettext("skipped when known"))
    for name, label in (
        ("help", gettext("help")),
        ("default", gettext("default")),
        ("pattern", gettext("pattern")),
        ("pattern_message", gettext("message")),
        ("autocomplete", "autocomplete"),
    ):
        if one[name]:
            parts.append(f"{label} {one[name]}")
    if one["max_length"] != rules.LONGEST_ANSWER:
        parts.append(gettext("at most %(count)s characters") % {"count": one["max_length"]})
    shown = condition(one, survey)
    if shown:
        parts.append(gettext("shown if %(condition)s") % {"condition": shown})
    return " · ".join(parts)


def field_line(one: Mapping[str, Any]) -> str:
    """A custom field on one line, its options counted and named."""
    options = ", ".join(value["label"] for value in one["values"][:40])
    kind = str(CustomField.Kind(one["kind"]).label)
    return f"{one['label']} · {one['ident']} · {kind}" + (f" · {options}" if options else "")


def left_out(overtaken: Sequence[Channel], refused: Sequence[tuple[Channel, str]]) -> list[str]:
    """Which channels did not become what was asked for, and why."""
    return [
        *(
            gettext("“%(name)s” was changed by somebody else meanwhile, and was left alone.")
            % {"name": one.name}
            for one in overtaken
        ),
        *(gettext("“%(name)s”: %(why)s") % {"name": one.name, "why": why} for one, why in refused),
    ]
