"""Template tags of every console page: built files, icons, form fields, times, pages of a list."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from django import forms, template
from django.core.paginator import Page
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString

from kit import assets, strings

register = template.Library()


@register.simple_tag
def console_asset(name: str) -> str:
    """The address of a built file: {% console_asset "shell.js" %}."""
    return assets.console_asset(name)


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """An icon of Tabler's set, hidden from screen readers: words stand beside it, or in the button's aria-label.

    The build puts into the sprite what templates, areas and scripts name.
    """
    filled = " icon-filled" if name.endswith("-filled") else ""
    return format_html(
        '<svg class="icon{}{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        filled,
        f" {css_class}" if css_class else "",
        assets.console_asset("icons.svg"),
        name,
    )


@register.filter
def initials(text: str) -> str:
    """One or two letters for an avatar: "Ana Lima" -> "AL", "ana@example.com" -> "A"."""
    words = [word for word in str(text).partition("@")[0].replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.simple_tag
def field(bound: BoundField, kind: str = "", **options: Any) -> SafeString:
    """A form field with label, help and error, linked for screen readers.

    `kind` (else told by the widget): switch, segmented, choices, color, editor, password. Options: `language`,
    `max_bytes`, `selectors`, `classes`, `errors` for an editor; `descriptions` {value: sentence} for choices; `label`,
    `help`, `optional` (False leaves the word "optional" out).
    """
    widget = bound.field.widget
    if bound.is_hidden:
        return bound.as_widget()
    kind = kind or _kind(widget)
    help_text = options.pop("help", bound.help_text)
    described = [f"{bound.auto_id}_error"] if bound.errors else []
    if help_text:
        described.append(f"{bound.auto_id}_help")
    attributes: dict[str, str | bool] = {"class": _css_class(kind)}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    context: dict[str, Any] = {
        "field": bound,
        "kind": kind,
        "label": options.pop("label", bound.label),
        "help": help_text,
        "described_by": attributes.get("aria-describedby", ""),
        "show_optional": options.pop("optional", True)
        and not bound.field.required
        and kind not in _CHOICE_KINDS,
        "descriptions": _texts(options.pop("descriptions", {})),
        **options,
    }
    if kind not in {"segmented", "choices", "radios", "checks"}:
        attributes.update(_dimensions(widget, kind))
        context["control"] = bound.as_widget(attrs=attributes)
    return SafeString(render_to_string("form/field.html", context))


_CHOICE_KINDS = {"check", "switch", "segmented", "choices", "radios", "checks"}


def _kind(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checks"
    if isinstance(widget, forms.RadioSelect):
        return "radios"
    if isinstance(widget, forms.Select):
        return "select"
    if isinstance(widget, forms.PasswordInput):
        return "password"
    return "text"


def _css_class(kind: str) -> str:
    known = {"check": "form-check-input", "switch": "form-check-input is-switch", "select": "form-select"}
    return known.get(kind, "form-control code" if kind == "editor" else "form-control")


def _dimensions(widget: forms.Widget, kind: str) -> dict[str, str | bool]:
    if kind == "switch":
        return {"role": "switch"}
    if kind == "editor":
        return {"spellcheck": "false", "autocapitalize": "off", "autocomplete": "off", "wrap": "off"}
    if kind == "color":
        return {"spellcheck": "false", "autocomplete": "off", "maxlength": "7"}
    # Ten rows are Django's default, not somebody's choice.
    if isinstance(widget, forms.Textarea) and str(widget.attrs.get("rows", 10)) == "10":
        return {"rows": "4"}
    return {}


def _texts(descriptions: Mapping[Any, Any]) -> dict[str, str]:
    return {str(value): str(sentence) for value, sentence in descriptions.items()}


@register.filter
def lookup(mapping: Mapping[str, Any], key: Any) -> Any:
    """mapping[key], or nothing."""
    return mapping.get(str(key), "")


@register.inclusion_tag("form/errors.html")
def error_summary(*bound_forms: forms.BaseForm) -> dict[str, Any]:
    """What is wrong in these forms, in one box with a link to each field; nothing when nothing is."""
    general: list[str] = []
    fields: list[tuple[BoundField, str]] = []
    for form in bound_forms:
        general.extend(str(error) for error in form.non_field_errors())
        for bound in form:
            fields.extend((bound, str(error)) for error in bound.errors)
    return {"general": general, "fields": fields, "count": len(general) + len(fields)}


def _language() -> str:
    return (translation.get_language() or "en").replace("-", "_")


@register.simple_tag(takes_context=True)
def relative_time(context: Context, value: datetime | None) -> SafeString | str:
    """ "il y a 3 minutes", the exact time on hover, in the organisation's time zone; a script keeps it current."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        value.isoformat(timespec="seconds"),
        _exact(context, value),
        format_timedelta(value - timezone.now(), add_direction=True, locale=_language(), threshold=1),
    )


def _exact(context: Context, value: datetime) -> str:
    """A moment in full, by the clock of the organisation's time zone, which it names."""
    organisation = context.get("organisation")
    zone = ZoneInfo(organisation.time_zone) if organisation else timezone.get_current_timezone()
    return format_datetime(value.astimezone(zone), "long", locale=_language())


@register.simple_tag(takes_context=True)
def elapsed(context: Context, since: datetime | None) -> SafeString | str:
    """For how long something has lasted, "12 min", with the exact beginning on hover."""
    if since is None:
        return ""
    whole = max(1, round((timezone.now() - since).total_seconds()))
    lasted = duration(whole * 1000) if whole >= 60 else f"{whole}\u00a0s"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        since.isoformat(timespec="seconds"),
        _exact(context, since),
        lasted,
    )


@register.filter
def lies_ahead(value: datetime | None) -> bool:
    """Whether a moment is yet to come."""
    return value is not None and value > timezone.now()


@register.filter
def duration(milliseconds: int | None) -> str:
    """How long something took, with its unit: 412 -> "0,4 s" in French, 3_008_000 -> "50 min 8 s", 183_600_000 -> "2 j 3 h".

    Tenths of a second up to a minute (hundredths below a tenth); from there on whole units, two of them at most.
    """
    if milliseconds is None:
        return ""
    if milliseconds < 59_950:
        value = f"{milliseconds / 1000:.1f}" if milliseconds >= 95 else f"{max(milliseconds, 10) / 1000:.2f}"
        return f"{value.replace('.', ',' if _language().startswith('fr') else '.')}\u00a0s"
    total = round(milliseconds / 1000)
    total = (
        round(total / 3600) * 3600
        if total >= 86_400 - 30
        else round(total / 60) * 60
        if total >= 3600
        else total
    )
    days, hours, minutes = total // 86_400, total // 3600 % 24, total // 60 % 60
    counted = [(days, translation.pgettext("days", "d")), (hours, "h"), (minutes, "min"), (total % 60, "s")]
    first = next(place for place, (count, _unit) in enumerate(counted) if count)
    return "\u00a0".join(f"{count}\u00a0{unit}" for count, unit in counted[first : first + 2] if count)


@register.inclusion_tag("parts/pagination.html", takes_context=True)
def pagination(context: Context, page: Page[Any]) -> dict[str, Any]:
    """Links to the pages of a list, the address's other parts kept."""
    pages = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {
        "page": page,
        "pages": list(pages),
        "ellipsis": page.paginator.ELLIPSIS,
        "request": context["request"],
    }


@register.inclusion_tag("parts/sort.html", takes_context=True)
def sort_link(context: Context, name: str, label: str) -> dict[str, Any]:
    """A column head that sorts: ?sort=name, then ?sort=-name."""
    request: HttpRequest = context["request"]
    current = str(context.get("sort", ""))
    return {
        "label": label,
        "request": request,
        "direction": {name: "ascending", f"-{name}": "descending"}.get(current, ""),
        "next": f"-{name}" if current == name else name,
    }


@register.filter
def one_of(value: object, options: str | Sequence[object]) -> bool:
    """Whether value is among a comma list: {% if state|one_of:"failed,behind" %}."""
    return str(value) in (
        options.split(",") if isinstance(options, str) else [str(option) for option in options]
    )


@register.simple_tag
def console_strings() -> SafeString:
    """The sentences of the scripts, as a JSON element."""
    return json_script(strings.console_strings(), "console-strings")


@register.filter
def as_json(value: Any) -> str:
    """A value for a data attribute (escaped by the template as any other text)."""
    return json.dumps(value, ensure_ascii=False, default=str)


@register.simple_tag
def area_url(area: Any, brand: int, channel: str) -> str:
    """The address of an area's page of one channel."""
    return str(area.edit_url(brand, channel))
