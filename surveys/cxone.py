"""What of a CXone channel JSON belongs to this area: the pre-contact form and the custom fields it asks for (wire contract 1.3).

Nothing of the organisation's is overwritten: a custom field that is there keeps its definition, a form of the same name that asks
something else keeps its name, and the new one gets another. What has to be made is made when the section is loaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from areas.contract import Line, Section
from surveys import options, rules
from surveys.models import SurveyForm
from surveys.section import (
    AUTOCOMPLETE,
    CONSENT_IDENT,
    IDENT,
    LONGEST_NAME,
    LONGEST_TEXT,
    OPTION,
    compose,
    empty,
    fields_section,
    new_item,
)

_PATH = "preContactForm"


def from_channel_json(document: Mapping[str, Any], section: Section) -> tuple[Section, list[Line]]:
    """The section with the JSON's form, and the report. Reads the organisation's fields and forms; makes nothing."""
    if _PATH not in document:
        return section, []
    given = document[_PATH]
    if given is None:
        return empty(), [Line("taken", _PATH), *_other_fields(document, set(), [])]
    if not isinstance(given, Mapping) or not isinstance(given.get("customFields"), list):
        return section, [Line("unknown", _PATH, _("This is no form; what the channel asked before stays."))]
    reading = _Reading(document)
    items = list(reading.items(given["customFields"]))
    name = _text(given.get("name"), LONGEST_NAME) or "CXone"
    words = {"title": "", "intro": "", "submit": ""} | reading.words
    wanted = {**words, "items": items}
    lines = [Line("taken", f"{_PATH}.name")]
    if not items:
        return section, [
            *reading.lines,
            Line(
                "unknown",
                _PATH,
                _("No question of it can be asked here; what the channel asked before stays."),
            ),
        ]
    there = section["form"]
    if there is not None and there["name"] == name and _asks(there) == _asks(wanted):
        made = section
    else:
        form = _form_asking(name, wanted)
        if not form._state.adding:
            made = compose(form)
        else:
            made = compose(form, document=wanted, fields=reading.all_fields())
        if form.name != name:
            said = _(
                "Your organisation has another form “%(name)s”, which stays; this one is called “%(other)s”."
            )
            lines = [Line("changed", f"{_PATH}.name", said % {"name": name, "other": form.name})]
    channels = given.get("channels")
    if isinstance(channels, list) and len(channels) > 1:
        sentence = _("The form serves %(count)s channels in CXone; here it is given to this one.")
        lines.append(Line("changed", f"{_PATH}.channels", sentence % {"count": len(channels)}))
    else:
        lines.append(Line("taken", f"{_PATH}.channels"))
    lines.append(Line("taken", f"{_PATH}.id"))
    return made, [
        *lines,
        *reading.lines,
        *_rule_lines(document),
        *_other_fields(document, reading.idents, reading.there),
    ]


class _Reading:
    """The questions of one form: what they become, and what there is to say about it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.lines: list[Line] = []
        self.there = fields_section()
        self.new: list[dict[str, Any]] = []
        self.idents: set[str] = set()
        self.customer = {str(one.get("ident")) for one in _definitions(document.get("endUserCustomFields"))}
        rules_given = document.get("preContactRules")
        self.words = {
            name: text
            for name, most in (("title", LONGEST_NAME), ("intro", LONGEST_TEXT), ("submit", LONGEST_NAME))
            if isinstance(rules_given, Mapping) and (text := _text(rules_given.get(name), most))
        }

    def all_fields(self) -> list[dict[str, Any]]:
        return sorted([*self.there, *self.new], key=lambda one: str(one["ident"]))

    def items(self, given: list[Any]) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        for number, one in enumerate(given):
            path = f"{_PATH}.customFields.{number}"
            definition = one.get("definition") if isinstance(one, Mapping) else None
            if not isinstance(definition, Mapping) or not isinstance(definition.get("ident"), str):
                self._say("unknown", path, _("This is no question."))
                continue
            path = f"{_PATH}.customFields.{definition['ident']}"
            if len(seen) == rules.MOST_ITEMS:
                self._say(
                    "unknown", path, _("A form asks at most %(most)s questions.") % {"most": rules.MOST_ITEMS}
                )
                continue
            if _our_ident(definition["ident"]).lower() in seen:
                self._say("unknown", path, _("The form asks for it twice; it is asked once."))
                continue
            item = self._item(path, one, definition)
            if item is not None:
                seen.add(item["ident"].lower())
                yield item

    def _item(
        self, path: str, one: Mapping[str, Any], definition: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        ident = definition["ident"]
        required = one.get("isRequired") is True
        if CONSENT_IDENT.fullmatch(ident):
            text = _text(definition.get("label"), LONGEST_TEXT)
            if not text:
                self._say("unknown", path, _("It has no words to consent to."))
                return None
            self._say("taken", path)
            return new_item(ident, required=required, text=text)
        field = self._field(path, ident, definition)
        if field is None:
            return None
        self.idents.add(ident)
        autocomplete = definition.get("autocompleteAttribute")
        fits = isinstance(autocomplete, str) and AUTOCOMPLETE.fullmatch(autocomplete)
        return new_item(field["ident"], required=required, autocomplete=autocomplete if fits else "")

    def _field(self, path: str, ident: str, definition: Mapping[str, Any]) -> dict[str, Any] | None:
        """The organisation's field of that ident, or a new one; None for what cannot be one."""
        plain = _our_ident(ident)
        known = next((one for one in [*self.there, *self.new] if one["ident"].lower() == plain.lower()), None)
        kind = definition.get("type")
        if kind not in rules.KINDS:
            self._say("unknown", path, _("There are no fields of this type."))
            return None
        values, odd = _values(definition.get("values"), tree=kind == "tree")
        if kind in {"list", "tree"} and not values:
            self._say("unknown", path, _("It has no options, or they stand in a circle."))
            return None
        label = _text(definition.get("label"), LONGEST_NAME) or plain
        field = {
            "ident": plain,
            "label": label,
            "kind": kind,
            "level": "customer" if ident in self.customer else "contact",
            "values": values if kind in {"list", "tree"} else [],
        }
        changes: list[str] = []
        if plain != ident:
            changes.append(
                _("Its ident is “%(ident)s” here; commands on your pages have to name that.")
                % {"ident": plain}
            )
        if known is not None:
            if {**known, "ident": plain} != field:
                changes.append(
                    _("Your organisation has a custom field of this ident already; it stays as it is.")
                )
        elif len(self.there) + len(self.new) >= rules.MOST_FIELDS:
            self._say("unknown", path, _("There can be 200 custom fields at most."))
            return None
        else:
            self.new.append(field)
            if odd:
                changes.append(_("Some options got an id of their own, or stand elsewhere."))
            if isinstance(definition.get("label"), str) and len(definition["label"].strip()) > LONGEST_NAME:
                changes.append(_("Its label was cut to %(most)s characters.") % {"most": LONGEST_NAME})
        self._say("changed" if changes else "taken", path, " ".join(changes))
        return known or field

    def _say(self, verdict: Any, path: str, message: str = "") -> None:
        self.lines.append(Line(verdict, path, message))


def _form_asking(name: str, wanted: Mapping[str, Any]) -> SurveyForm:
    """The organisation's form of that name that asks the same; else an unsaved one under the first name that is free."""
    forms = {form.name.lower(): form for form in SurveyForm.objects.filter(name__istartswith=name[:100])}
    for candidate in _names(name):
        form = forms.get(candidate.lower())
        if form is None:
            return SurveyForm(name=candidate)
        if _asks(form.document) == _asks(wanted):
            return form
    raise AssertionError("names never end")


def _names(name: str) -> Iterator[str]:
    yield name
    number = 1
    while True:
        ending = " (CXone)" if number == 1 else f" (CXone {number})"
        yield f"{name[: LONGEST_NAME - len(ending)]}{ending}"
        number += 1


def _asks(form: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What of a form a channel JSON can tell: its questions, in order, and which of them have to be answered."""
    return [
        (one["ident"].lower(), one["text"], one["required"] and one["show_if"] is None)
        for one in form["items"]
    ]


def _values(given: Any, *, tree: bool) -> tuple[list[dict[str, Any]], bool]:
    """Options with ids of our form, parents first; and whether anything had to be changed for that. Empty if they are none."""
    if not isinstance(given, list):
        return [], False
    rows = [one for one in given if isinstance(one, Mapping)][: rules.MOST_VALUES]
    odd = len(rows) != len(given)
    names: dict[str, str] = {}
    made: list[dict[str, Any]] = []
    for one in rows:
        label = _text(one.get("value"), LONGEST_NAME) or _text(one.get("label"), LONGEST_NAME)
        stored = str(one["name"]) if isinstance(one.get("name"), str) else ""
        label = label or stored[:LONGEST_NAME].strip()
        if not label or stored in names:
            odd = True
            continue
        name = stored if OPTION.fullmatch(stored) else options.slug(label, set(names.values()))
        odd = odd or name != stored
        names[stored] = name
        parent = one.get("parentId")
        made.append(
            {"name": name, "label": label, "parent": parent if tree and isinstance(parent, str) else None}
        )
    for one in made:
        if one["parent"] is not None:
            one["parent"] = names.get(one["parent"])
            odd = odd or one["parent"] is None
    placed = options.values(options.rows_of(made), tree=tree)
    return placed, odd or len(placed) != len(made)


def _rule_lines(document: Mapping[str, Any]) -> Iterator[Line]:
    given = document.get("preContactRules")
    if isinstance(given, Mapping):
        rich = {"showIf", "pattern", "maxLength", "default", "help", "skipKnown"}
        items = given.get("items")
        lost = isinstance(items, list) and any(isinstance(one, Mapping) and rich & set(one) for one in items)
        yield (
            Line(
                "changed",
                "preContactRules",
                _(
                    "Conditions, patterns and help texts are not in a channel JSON; export the channel as a file for them."
                ),
            )
            if lost
            else Line("taken", "preContactRules")
        )
    elif "preContactRules" in document:
        yield Line("taken", "preContactRules")


def _other_fields(
    document: Mapping[str, Any], asked: set[str], there: list[dict[str, Any]]
) -> Iterator[Line]:
    """Custom fields that the form does not ask for are the organisation's own to make."""
    known = {one["ident"] for one in there} | asked
    for name in ("caseCustomFields", "endUserCustomFields"):
        if name not in document:
            continue
        missing = [
            str(one["ident"])[:64]
            for one in _definitions(document[name])
            if isinstance(one.get("ident"), str)
            and one["ident"] not in known
            and not CONSENT_IDENT.fullmatch(one["ident"])
        ]
        if missing:
            sentence = _(
                "The form does not ask for these, so they were not made: %(idents)s. Add them under Custom fields."
            )
            yield Line("changed", name, sentence % {"idents": ", ".join(missing[:50])})
        else:
            yield Line("taken", name)


def _definitions(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []


def _text(given: Any, most: int) -> str:
    """A text as it can be kept: without signs no database keeps, at most so long."""
    if not isinstance(given, str):
        return ""
    kept = "".join(sign for sign in given if sign != "\0" and not "\ud800" <= sign <= "\udfff")
    return kept.strip()[:most].strip()


def _our_ident(ident: str) -> str:
    """An ident of our form; one of another form is made over: "1.Âge du client" -> "f_1_Age_du_client"."""
    if IDENT.fullmatch(ident) or CONSENT_IDENT.fullmatch(ident):
        return ident
    plain = unicodedata.normalize("NFKD", ident).encode("ascii", "ignore").decode()
    base = re.sub(r"[^A-Za-z0-9_-]+", "_", plain).strip("_")
    return (base if base[:1].isalpha() else f"f_{base}")[:64].rstrip("_")
