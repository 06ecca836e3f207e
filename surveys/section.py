"""The form of a channel <-> its section, and what of it a browser sees."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from areas.contract import Problem, Section, Sections
from audit.services import actor, record
from channels_config.models import Channel
from surveys import rules, sentences
from surveys.models import ChannelSurvey, ConsentText, CustomField, SurveyForm
from surveys.patterns import program
from tenants.prepared import Prepared

AREA_NAME = "surveys"
LONGEST_NAME = 120
LONGEST_TEXT = 2_000
IDENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
CONSENT_IDENT = re.compile(r"consent\.[1-9][0-9]{0,3}")
OPTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")
AUTOCOMPLETE = re.compile(r"(?:[a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*){0,3})?")
_FORM_ID = uuid.UUID("b6f2b8b0-6b0e-5f3c-8a5b-5d0f5d6a8a11")


def empty() -> Section:
    """No form: nothing is asked."""
    return {"format": rules.FORMAT, "form": None, "fields": []}


def dump(channel: Channel) -> Section:
    """The section, in the shape of `surveys.rules`."""
    draft = _drafts.first(channel.pk)
    return draft.section if draft is not None else empty()


_drafts = Prepared(
    lambda channel: (
        ChannelSurvey.objects.filter(channel=channel).only("section", "tenant_id").order_by("pk")[:1]
    ),
    int,
)


def load(channel: Channel, section: Section) -> None:
    """Write a section into the draft; the inverse of `dump`.

    The organisation's form of that name is what the channel is tied to. Where it says something else than the section, the
    channel keeps the section as its own and is `detached`; other channels are never touched. A form or a field that is not there
    is made, so that a section from elsewhere can be edited here.
    """
    if section["form"] is None:
        if (
            not ChannelSurvey.objects.filter(channel=channel).update(
                form=None, section=section, revision=0, detached=False, trouble=""
            )
            and section != empty()
        ):
            ChannelSurvey.objects.create(channel=channel, section=section)
        return
    form = _form_for(section)
    same = compose(form) == section
    values = {
        "form": form,
        "section": section,
        "revision": form.revision if same else 0,
        "detached": not same,
        "trouble": "",
    }
    if not ChannelSurvey.objects.filter(channel=channel).update(**values):
        ChannelSurvey.objects.create(channel=channel, **values)


def _form_for(section: Section) -> SurveyForm:
    name = section["form"]["name"]
    found = SurveyForm.objects.filter(name__iexact=name).first()
    if found is not None:
        return found
    by = actor()
    for one in _fields_to_make(section):
        CustomField.objects.create(**{key: one[key] for key in ("ident", "label", "kind", "level", "values")})
        record("survey.field_created", by=by, subject=one["ident"], field=one["label"])
    return make_form(section["form"])


def make_form(form: Mapping[str, Any]) -> SurveyForm:
    """A form of the organisation as a section has it, its consents in the versions they have there. Its name is free."""
    by, name = actor(), form["name"]
    made = SurveyForm.objects.create(name=name, document=document_of(form), saved_by_id=by.pk if by else None)
    for one in made.document["items"]:
        if one["type"] == "consent":
            ConsentText.objects.create(
                form=made,
                form_name=name,
                ident=one["ident"],
                version=one["version"],
                text=one["text"],
                author_label=str(by) if by else "chatadmin",
            )
    record("survey.form_created", by=by, subject=str(made.public_id), form=name)
    return made


def _fields_to_make(section: Section) -> list[dict[str, Any]]:
    there = {ident.lower() for ident in CustomField.objects.values_list("ident", flat=True)}
    return [one for one in section["fields"] if one["ident"].lower() not in there]


def makes(section: Section) -> list[str | Promise]:
    """What `load` would make in the organisation, a sentence each."""
    if section["form"] is None or SurveyForm.objects.filter(name__iexact=section["form"]["name"]).exists():
        return []
    return [
        *(
            gettext("Makes the custom field “%(field)s”.") % {"field": one["label"]}
            for one in _fields_to_make(section)
        ),
        gettext("Makes the form “%(form)s”.") % {"form": section["form"]["name"]},
    ]


def document_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """What of a section's form a `SurveyForm` keeps beside its name."""
    return {key: form[key] for key in ("title", "intro", "submit", "items")}


def field_section(one: CustomField) -> dict[str, Any]:
    return {
        "ident": one.ident,
        "label": one.label,
        "kind": one.kind,
        "level": one.level,
        "values": one.values,
    }


def custom_fields() -> list[str]:
    """The idents of all custom fields of the organisation in force."""
    return list(CustomField.objects.order_by("ident").values_list("ident", flat=True))


def fields_section() -> list[dict[str, Any]]:
    """All custom fields of the organisation in force, as a section holds them."""
    return sorted(
        (field_section(one) for one in CustomField.objects.all()), key=lambda one: str(one["ident"])
    )


def compose(
    form: SurveyForm, *, document: Mapping[str, Any] | None = None, fields: list[dict[str, Any]] | None = None
) -> Section:
    """The section of a channel that asks this form, as it stands now or as `document` has it."""
    return {
        "format": rules.FORMAT,
        "form": {"name": form.name, **(document if document is not None else form.document)},
        "fields": fields_section() if fields is None else fields,
    }


def new_item(ident: str, **changes: Any) -> dict[str, Any]:
    """A question as it is when it has just been added."""
    consent = ident.startswith(rules.CONSENT)
    return {
        "ident": ident,
        "type": "consent" if consent else "field",
        "required": False,
        "help": "",
        "pattern": "",
        "pattern_message": "",
        "default": "",
        "max_length": rules.LONGEST_ANSWER,
        "autocomplete": "",
        "skip_known": False,
        "show_if": None,
        "text": "",
        "version": 1 if consent else 0,
        **changes,
    }


# -- checking ---------------------------------------------------------------------------------------------------------


def check(section: Section, sections: Sections) -> list[Problem]:
    """What the builder would say, for a section that came from elsewhere. Given any JSON; never raises."""
    faults = shape_faults(section)
    if faults:
        return [Problem(AREA_NAME, path, message) for path, message in faults[:50]]
    return [Problem(AREA_NAME, one.path, sentences.finding(one, section)) for one in rules.findings(section)]


_Check = Callable[[Any], bool]


def _text(most: int) -> _Check:
    return lambda value: isinstance(value, str) and len(value) <= most and _clean(value)


def _clean(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)


def _matches(pattern: re.Pattern[str]) -> _Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _whole(least: int, most: int) -> _Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


_NAME: _Check = lambda value: _text(LONGEST_NAME)(value) and bool(value.strip())  # noqa: E731
_FORM: dict[str, _Check] = {
    "name": _NAME,
    "title": _text(LONGEST_NAME),
    "intro": _text(LONGEST_TEXT),
    "submit": _text(LONGEST_NAME),
    "items": lambda value: isinstance(value, list) and len(value) <= rules.MOST_ITEMS,
}
_ITEM: dict[str, _Check] = {
    "ident": lambda value: _matches(IDENT)(value) or _matches(CONSENT_IDENT)(value),
    "type": lambda value: value in ("field", "consent"),
    "required": _flag,
    "help": _text(500),
    "pattern": _text(300),
    "pattern_message": _text(200),
    "default": _text(rules.LONGEST_ANSWER),
    "max_length": _whole(1, rules.LONGEST_ANSWER),
    "autocomplete": _matches(AUTOCOMPLETE),
    "skip_known": _flag,
    "show_if": lambda value: value is None or _is_condition(value),
    "text": _text(LONGEST_TEXT),
    "version": _whole(0, 1_000_000),
}
_FIELD: dict[str, _Check] = {
    "ident": _matches(IDENT),
    "label": _NAME,
    "kind": lambda value: value in rules.KINDS,
    "level": lambda value: value in rules.LEVELS,
    "values": lambda value: (
        isinstance(value, list) and len(value) <= rules.MOST_VALUES and all(_is_value(one) for one in value)
    ),
}


def _is_condition(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"match", "when"}
        and value["match"] in ("all", "any")
        and isinstance(value["when"], list)
        and 0 < len(value["when"]) <= rules.MOST_CLAUSES
        and all(
            isinstance(one, dict)
            and set(one) == {"ident", "test", "value"}
            and _text(80)(one["ident"])
            and one["test"] in rules.TESTS
            and _text(rules.LONGEST_ANSWER)(one["value"])
            for one in value["when"]
        )
    )


def _is_value(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"name", "label", "parent"}
        and _matches(OPTION)(value["name"])
        and _NAME(value["label"])
        and (value["parent"] is None or _matches(OPTION)(value["parent"]))
    )


def shape_faults(section: Any) -> list[tuple[str, Promise]]:
    """(path, sentence) for every place where something of another kind stands than `dump` writes there."""
    if not isinstance(section, dict) or set(section) != {"format", "form", "fields"}:
        return [("", _("Exactly format, form and fields belong here."))]
    if section["format"] != rules.FORMAT or isinstance(section["format"], bool):
        return [("format", _("This format is not known here."))]
    found: list[tuple[str, Promise]] = []
    fields = section["fields"]
    if not isinstance(fields, list) or len(fields) > rules.MOST_FIELDS:
        return [("fields", _("A list of at most 200 custom fields belongs here."))]
    for number, one in enumerate(fields):
        found += _object_faults(one, _FIELD, f"fields.{number}")
    if section["form"] is not None:
        found += _object_faults(section["form"], _FORM, "form")
        if not found:
            for number, item in enumerate(section["form"]["items"]):
                found += _object_faults(item, _ITEM, f"form.items.{number}")
    if found:
        return found
    idents = [one["ident"] for one in fields]
    if idents != sorted(idents) or len({ident.lower() for ident in idents}) != len(idents):
        found.append(("fields", _("Custom fields are sorted by ident, each once.")))
    for number, item in enumerate((section["form"] or {"items": ()})["items"]):
        if (item["type"] == "consent") != item["ident"].startswith(rules.CONSENT):
            found.append((f"form.items.{number}.ident", _("This ident is of another type.")))
        elif item["type"] == "consent" and item["version"] < 1:
            found.append((f"form.items.{number}.version", _("A consent has a version from 1 upwards.")))
    return found


def _object_faults(value: Any, shape: Mapping[str, _Check], path: str) -> list[tuple[str, Promise]]:
    if not isinstance(value, dict):
        return [(path, _("An object belongs here."))]
    if set(value) != set(shape):
        return [(path, _("Some fields are missing here, or there are others than the known ones."))]
    return [
        (f"{path}.{name}", _("This is not a value that belongs here."))
        for name in shape
        if not shape[name](value[name])
    ]


# -- what a browser sees ----------------------------------------------------------------------------------------------


def public(section: Section) -> dict[str, Any]:
    """Its piece of the channel JSON: wire contract 1.3, and beside it, in `preContactRules`, what the contract cannot say.

    A client that knows the contract only asks every question: hence a question with a condition is not required of it, and a consent
    comes to it as a list with one choice. The channel's own id is put into `channels` by the environment.
    """
    form = section["form"]
    if form is None:
        return {
            "preContactForm": None,
            "preContactRules": None,
            "endUserCustomFields": [],
            "caseCustomFields": [],
        }
    fields = {one["ident"]: one for one in section["fields"]}
    definitions = {ident: definition(one) for ident, one in fields.items()}
    items = [one for one in form["items"] if one["type"] == "consent" or one["ident"] in fields]
    return {
        "preContactForm": {
            "id": str(uuid.uuid5(_FORM_ID, form["name"])),
            "name": form["name"],
            "channels": [],
            "customFields": [
                {
                    "isRequired": one["required"] and one["show_if"] is None,
                    "definition": _asked(one, definitions),
                }
                for one in items
            ],
        },
        "preContactRules": {
            "title": form["title"],
            "intro": form["intro"],
            "submit": form["submit"],
            "email": rules.EMAIL_PROGRAM,
            "items": [_rule(one) for one in items],
        },
        "endUserCustomFields": [
            definitions[ident] for ident, one in fields.items() if one["level"] == "customer"
        ],
        "caseCustomFields": [
            definitions[ident] for ident, one in fields.items() if one["level"] == "contact"
        ],
    }


def label_key(ident: str) -> str:
    """Where a label is found in `translations`, as clients look it up."""
    return f"customFields.{ident}_label"


def value_key(ident: str, name: str) -> str:
    return f"customFields.{ident}_value_{name}"


def definition(one: Mapping[str, Any]) -> dict[str, Any]:
    """A custom field in the words of the contract."""
    key = label_key(one["ident"])
    return {
        "ident": one["ident"],
        "label": one["label"],
        "labelTranslationKey": key,
        "ariaLabelTranslationKey": key,
        "type": one["kind"],
        "required": False,
        "values": [
            {
                "name": value["name"],
                "value": value["label"],
                "label": value["label"],
                "labelTranslationKey": value_key(one["ident"], value["name"]),
                **({"parentId": value["parent"]} if value["parent"] is not None else {}),
            }
            for value in one["values"]
        ],
        "liveChatVisibility": "visible",
        "postDetailVisibility": "visible",
        "isEditable": True,
        "visibleInLiveChat": True,
        "visibleInPostDetail": True,
    }


def _asked(item: Mapping[str, Any], definitions: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    if item["type"] == "consent":
        return definition(
            {
                "ident": item["ident"],
                "label": item["text"],
                "kind": "list",
                "values": [{"name": rules.consent_value(item["version"]), "label": "✓", "parent": None}],
            }
        )
    made = definitions[item["ident"]]
    return {**made, "autocompleteAttribute": item["autocomplete"]} if item["autocomplete"] else made


def _rule(item: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"ident": item["ident"], "required": item["required"]}
    for name, key in (("help", "help"), ("default", "default"), ("pattern_message", "message")):
        if item[name]:
            made[key] = item[name]
    if item["type"] == "consent":
        made["consent"] = item["version"]
    elif item["max_length"] < rules.LONGEST_ANSWER:
        made["maxLength"] = item["max_length"]
    if item["pattern"]:
        made["pattern"] = program(item["pattern"])
    if item["skip_known"]:
        made["skipKnown"] = True
    if item["show_if"]:
        made["showIf"] = item["show_if"]
    return made


def phrases(section: Section) -> dict[str, str]:
    """The form's own words by translation key: offered beside the catalogue's phrases."""
    form = section["form"]
    if form is None:
        return {}
    found: dict[str, str] = {}
    asked = {one["ident"] for one in form["items"]}
    for part in ("title", "intro", "submit"):
        found[f"preContactForm.{part}"] = form[part]
    for one in section["fields"]:
        if one["ident"] in asked:
            found[label_key(one["ident"])] = one["label"]
            found |= {value_key(one["ident"], value["name"]): value["label"] for value in one["values"]}
    for item in form["items"]:
        if item["type"] == "consent":
            found[label_key(item["ident"])] = item["text"]
        found[f"preContactForm.{item['ident']}_help"] = item["help"]
        found[f"preContactForm.{item['ident']}_message"] = item["pattern_message"]
    return {key: text for key, text in found.items() if text}


def describe(section: Section) -> Mapping[Any, Any]:
    """The section in a reader's words, for differences between versions."""
    form = section["form"]
    if form is None:
        return {_("Form"): None}
    survey = rules.Survey(section)
    return {
        _("Form"): form["name"],
        _("Title"): form["title"],
        _("Introduction"): form["intro"],
        _("Questions"): [sentences.item(one, survey) for one in form["items"]],
        _("Custom fields"): [sentences.field_line(one) for one in section["fields"]],
    }
