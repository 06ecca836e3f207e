"""The builder's form as a browser posts it: read into a document, changed by its buttons, drawn again with what is wrong.

Everything typed is in the post, so that no button loses anything, with a script or without one. Names of fields: `item` once for
each question, in order, with its ident; `<ident>:<part>` for its parts; `<ident>:when` once for each clause of its condition.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from surveys import rules, sentences
from surveys.defaults import item as new_item
from surveys.section import AUTOCOMPLETE

#: What browsers fill in by themselves; of HTML's list what a visitor may be asked.
AUTOCOMPLETES = (
    "name", "given-name", "family-name", "email", "tel", "organization", "organization-title", "street-address",
    "postal-code", "address-level2", "country-name", "username", "bday", "language", "url", "off",
)  # fmt: skip

LIMITS = {
    "title": 120,
    "intro": 2000,
    "submit": 120,
    "help": 500,
    "pattern": 300,
    "pattern_message": 200,
    "text": 2000,
}


@dataclass
class Builder:
    """A form while it is being built. `errors`: place -> sentences, "name", "items", "<ident>:<part>"."""

    name: str = ""
    document: dict[str, Any] = field(
        default_factory=lambda: {"title": "", "intro": "", "submit": "", "items": []}
    )
    errors: dict[str, list[str]] = field(default_factory=dict)
    #: What a button did, for whoever cannot see it.
    said: str = ""
    #: The question to be open in the page.
    opened: str = ""

    def wrong(self, place: str, sentence: str) -> None:
        self.errors.setdefault(place, []).append(sentence)

    @property
    def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document["items"]
        return found


def read(data: QueryDict) -> Builder:
    """What was posted. Texts that are too long or hold a NUL are told, never cut."""
    made = Builder(name=_plain(data.get("name", "")).strip())
    for part in ("title", "intro", "submit"):
        made.document[part] = _text(made, data, part, part)
    seen: set[str] = set()
    for ident in data.getlist("item")[: rules.MOST_ITEMS + 1]:
        if ident in seen or len(ident) > 80:
            continue
        seen.add(ident)
        made.items.append(_item(made, data, ident))
    return made


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _text(made: Builder, data: QueryDict, name: str, part: str) -> str:
    text = _plain(data.get(name, "")).strip()
    most = LIMITS.get(part, rules.LONGEST_ANSWER)
    if len(text) > most:
        made.wrong(
            name, _("At most %(most)s characters; these are %(count)s.") % {"most": most, "count": len(text)}
        )
    return text


def _item(made: Builder, data: QueryDict, ident: str) -> dict[str, Any]:
    item = new_item(ident)
    for part in ("help", "pattern", "pattern_message", "default", "text"):
        item[part] = _text(made, data, f"{ident}:{part}", part)
    for part in ("required", "skip_known"):
        item[part] = f"{ident}:{part}" in data
    item["autocomplete"] = data.get(f"{ident}:autocomplete", "").strip().lower()
    if not AUTOCOMPLETE.fullmatch(item["autocomplete"]):
        made.wrong(f"{ident}:autocomplete", _("This is not a value of the autocomplete attribute."))
    typed = data.get(f"{ident}:max_length", "").strip()
    if typed:
        if typed.isascii() and typed.isdecimal() and 1 <= int(typed[:6]) <= rules.LONGEST_ANSWER:
            item["max_length"] = int(typed)
        else:
            made.wrong(f"{ident}:max_length", _("A whole number from 1 to 1,024 belongs here."))
    version = data.get(f"{ident}:version", "")
    if item["type"] == "consent" and version.isascii() and version.isdecimal():
        item["version"] = max(1, int(version[:6]))
    when = [
        {
            "ident": data.get(f"{ident}:{number}:ident", "")[:80],
            "test": data.get(f"{ident}:{number}:test", "is"),
            "value": _plain(data.get(f"{ident}:{number}:value", ""))[: rules.LONGEST_ANSWER].strip(),
        }
        for number in data.getlist(f"{ident}:when")[: rules.MOST_CLAUSES]
        if number.isascii() and number.isdecimal()
    ]
    for clause in when:
        if clause["test"] not in rules.TESTS:
            clause["test"] = "is"
        if clause["test"] in {"answered", "not_answered"}:
            clause["value"] = ""
    if when:
        item["show_if"] = {"match": "any" if data.get(f"{ident}:match") == "any" else "all", "when": when}
    return item


def act(made: Builder, do: str, fields: dict[str, dict[str, Any]]) -> None:
    """What a button asks for, beside saving. A button that makes no sense does nothing."""
    name, _colon, about = do.partition(":")
    idents = [one["ident"] for one in made.items]
    label = _label(made, fields)
    if name == "add" and about in fields and about not in idents:
        kind = fields[about]["kind"]
        made.items.append(new_item(about, autocomplete="email" if kind == "email" else ""))
        made.opened = about
        made.said = _("“%(name)s” was added at the end.") % {"name": label(about)}
    elif name == "consent":
        number = next(number for number in range(1, 1000) if f"{rules.CONSENT}{number}" not in idents)
        made.items.append(new_item(f"{rules.CONSENT}{number}", required=True))
        made.opened = f"{rules.CONSENT}{number}"
        made.said = _("A consent was added at the end.")
    elif name in {"up", "down"} and about in idents:
        at = idents.index(about)
        to = max(0, at - 1) if name == "up" else min(len(idents) - 1, at + 1)
        made.items.insert(to, made.items.pop(at))
        made.said = _("“%(name)s” is now number %(place)s of %(count)s.") % {
            "name": label(about),
            "place": to + 1,
            "count": len(idents),
        }
    elif name == "remove" and about in idents:
        made.said = _("“%(name)s” was removed.") % {"name": label(about)}
        made.items.pop(idents.index(about))
    elif name == "when" and about in idents:
        _add_clause(made.items[idents.index(about)], idents)
        made.opened = about
    elif name == "unwhen":
        ident, _colon, place = about.rpartition(":")
        if ident in idents and place.isascii() and place.isdecimal():
            _drop_clause(made.items[idents.index(ident)], int(place))
            made.opened = ident
    elif name == "refresh":
        made.opened = about


def _add_clause(item: dict[str, Any], idents: list[str]) -> None:
    condition = item["show_if"] or {"match": "all", "when": []}
    if len(condition["when"]) < rules.MOST_CLAUSES:
        earlier = idents[: idents.index(item["ident"])] or [one for one in idents if one != item["ident"]]
        if earlier:
            condition["when"].append({"ident": earlier[-1], "test": "answered", "value": ""})
            item["show_if"] = condition


def _drop_clause(item: dict[str, Any], number: int) -> None:
    condition = item["show_if"]
    if condition is not None and number < len(condition["when"]):
        condition["when"].pop(number)
        if not condition["when"]:
            item["show_if"] = None


def _label(made: Builder, fields: dict[str, dict[str, Any]]) -> Any:
    survey = rules.Survey({"form": {"name": "", "items": []}, "fields": list(fields.values())})
    texts = {one["ident"]: one["text"] for one in made.items}
    return lambda ident: (
        texts.get(ident) or (_("Consent") if ident.startswith(rules.CONSENT) else survey.label(ident))
    )


def judge(made: Builder, fields: dict[str, dict[str, Any]]) -> None:
    """Say what keeps the form from being saved, each at its place."""
    if not made.name:
        made.wrong("name", _("Give the form a name."))
    elif len(made.name) > 120:
        made.wrong(
            "name",
            _("At most %(most)s characters; these are %(count)s.") % {"most": 120, "count": len(made.name)},
        )
    if not made.items:
        made.wrong("items", _("Add at least one question."))
    if len(made.items) > rules.MOST_ITEMS:
        made.wrong("items", _("A form asks 60 questions at most."))
    for one in rules.form_findings({"name": made.name, **made.document}, fields):
        parts = one.path.split(".")
        ident = made.items[int(parts[2])]["ident"]
        made.wrong(f"{ident}:{parts[3]}", sentences.finding(one))


def rows(made: Builder, fields: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions as the template draws them."""
    label = _label(made, fields)
    count = len(made.items)
    drawn = []
    for number, one in enumerate(made.items):
        ident = one["ident"]
        others = [
            {"ident": other["ident"], "label": label(other["ident"])}
            for other in made.items
            if other["ident"] != ident
        ]
        kind = "consent" if one["type"] == "consent" else fields.get(ident, {}).get("kind", "gone")
        errors = {
            part: made.errors[f"{ident}:{part}"]
            for part in (*LIMITS, "default", "max_length", "autocomplete", "show_if", "ident")
            if f"{ident}:{part}" in made.errors
        }
        drawn.append(
            {
                **one,
                "id": ident.replace(".", "-"),
                "label": label(ident),
                "kind": kind,
                "kind_label": KIND_LABELS[kind],
                "number": number + 1,
                "first": number == 0,
                "last": number == count - 1,
                "errors": errors,
                "open": bool(errors) or made.opened == ident,
                "options": fields.get(ident, {}).get("values", []),
                "others": others,
                "clauses": [
                    {
                        **clause,
                        "number": at,
                        "options": fields.get(clause["ident"], {}).get("values", []),
                        "tree": fields.get(clause["ident"], {}).get("kind") == "tree",
                        "compares": clause["test"] in {"is", "is_not", "under"},
                    }
                    for at, clause in enumerate((one["show_if"] or {"when": ()})["when"])
                ],
                "match": (one["show_if"] or {"match": "all"})["match"],
            }
        )
    return drawn


class _Kinds(dict[str, Any]):
    def __missing__(self, kind: str) -> str:
        return {
            "text": _("Text"),
            "email": _("E-mail"),
            "list": _("List"),
            "tree": _("Tree"),
            "consent": _("Consent"),
        }.get(kind, _("No such field any more"))


KIND_LABELS = _Kinds()
