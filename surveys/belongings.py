"""The organisation's custom fields and forms, as its file holds them, whether or not a channel asks them."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from areas.belongings import Belonging, Entry, Kept, register
from audit.services import actor
from surveys import rules
from surveys.models import SurveyForm
from surveys.section import check, fields_section, make_form
from surveys.services import create_field

Faults = list[tuple[str, str | Promise]]


def _check_fields(entries: list[Entry], beside: Kept) -> Faults:
    fields = _sorted(entries)
    places = {id(one): number for number, one in enumerate(entries)}
    order = [places[id(one)] for one in fields]
    found: Faults = []
    for problem in check({"format": rules.FORMAT, "form": None, "fields": fields}, {}):
        head, _dot, rest = problem.path.partition(".")
        number, _dot, field = rest.partition(".")
        place = str(order[int(number)]) if head == "fields" and number.isdigit() else ""
        found.append((f"{place}.{field}".strip("."), problem.message))
    return found


def _check_forms(entries: list[Entry], beside: Kept) -> Faults:
    there = {one["ident"].lower(): one for one in fields_section()}
    given = {str(one.get("ident")).lower(): one for one in beside.get("custom_fields", [])}
    # A field that is there stays as it is, so that is what the form has to fit.
    fields = _sorted([*{**given, **there}.values()])
    found: Faults = []
    for number, one in enumerate(entries):
        for problem in check({"format": rules.FORMAT, "form": one, "fields": fields}, {}):
            head, _dot, rest = problem.path.partition(".")
            if head == "fields":
                # Said of the custom fields themselves.
                continue
            found.append((f"{number}.{rest}".rstrip("."), problem.message))
    return found


def _sorted(fields: list[Any]) -> list[Any]:
    return sorted(fields, key=lambda one: str(one.get("ident")))


def _make_field(one: Entry) -> None:
    create_field(**one, by=actor())


def _forms() -> list[Entry]:
    rows = SurveyForm.objects.order_by("name", "pk")
    return [{"name": form.name, **form.document} for form in rows]


def _make_form(one: Entry) -> None:
    make_form(one)


def ready() -> None:
    register(
        Belonging(
            name="custom_fields",
            label=_("Custom field"),
            key="ident",
            dump=fields_section,
            check=_check_fields,
            make=_make_field,
            order=10,
        )
    )
    register(
        Belonging(
            name="forms",
            label=_("Form"),
            key="name",
            dump=_forms,
            check=_check_forms,
            make=_make_form,
            order=20,
        )
    )
