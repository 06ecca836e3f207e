"""The page « Customise CSS and JS » of a channel, and what its live preview asks for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from areas.conflicts import conflict, together
from areas.contract import NotPublishable, Section
from areas.preview import draft_document
from areas.saving import DraftChanged, save_draft
from channels_config import content
from channels_config.area import AREA
from channels_config.area_forms import WHERE_SENTENCES, WebSettingsForm, contrast_notes
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from channels_config.selectors import CLASSES, DATA_SELECTORS
from kit.documents import digest
from tenants.access import TenantRequest, requires
from tenants.roles import Role

#: Custom JavaScript runs in every visitor's chat; whoever may change colours may not therefore change that.
SCRIPT_ROLE = Role.ADMIN


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        form = _form(request, section)
        form.note_texts()
        return _page(request, found, form, section, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    form = _form(request, section, request.POST)
    if not form.is_valid():
        return _page(request, found, form, section, status=422)
    opened = form.cleaned_data["seen"] or None
    if "together" in request.POST:
        both = together(AREA, found, theirs=section, mine=form.section(section), seen=opened)
        if both is not None:
            form = _form(request, both.section, seen=digest(section))
            form.note_texts()
            return _page(request, found, form, both.section, conflict=both.conflict)
    seen = request.POST.get("over") or opened
    try:
        release = save_draft(
            found, AREA, lambda: apply(found, form, section, seen), seen=seen, by=request.user
        )
    except NotPublishable as refused:
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return _page(request, found, form, section, status=422)
    except DraftChanged as changed:
        theirs = AREA.dump(found)
        return _page(
            request,
            found,
            form,
            section,
            status=409,
            conflict=conflict(AREA, found, theirs=changed.section, mine=form.section(theirs), seen=opened),
        )
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    return _saved(request, found, form, release.sections[AREA.name])


def apply(channel: Channel, form: WebSettingsForm, opened: Section, seen: str | None) -> None:
    """Write what the form says over the draft; `opened` is the draft before it was locked, `seen` what the form was filled from."""
    base = opened if seen == digest(opened) else AREA.dump(channel)
    AREA.load(channel, form.section(base))


def _saved(
    request: TenantRequest, channel: Channel, posted: WebSettingsForm, section: Section
) -> HttpResponse:
    """The form as it was saved; or, where it says just that already, its bar alone, so that nobody's cursor moves."""
    form = _form(request, section)
    if posted.says(form) and "whole" not in request.POST:
        response = render(
            request,
            "channels_config/_saved.html",
            {"form": form, "saved": True, "may_edit": True, "status_url": _status_url(request, channel)},
        )
        response = retarget(reswap(response, "outerHTML"), "#settings .save-bar")
    else:
        form.note_texts()
        response = _page(request, channel, form, section, saved=True)
    return trigger_client_event(response, "saved")


def _status_url(request: TenantRequest, channel: Channel) -> str:
    return reverse("publishing:saved", args=[request.organisation.number, channel.public_id])


@requires(Role.AUDITOR)
@require_POST
def preview(request: TenantRequest, brand: int, channel: str) -> JsonResponse:
    """The channel JSON of the form as it stands, and what there is to say about its fields; saves nothing.

    {"document": {…}, "remarks": {"custom_css"|"custom_js": [{line, column, message, severity}]},
     "errors": {field: [sentence]}, "contrast": {colour: sentence}}
    """
    found = channel_or_404(channel)
    base = AREA.dump(found)
    form = _form(request, base, request.POST)
    form.is_valid()
    section = form.section(base)
    # A style sheet is broken at every other keystroke: a browser makes of it what it can, and so does the preview.
    css = content.with_plain_line_ends(request.POST.get("custom_css", ""))
    if "custom_css" in form.errors and content.is_acceptable(css):
        section["custom_css"] = css
    return JsonResponse(
        {
            "document": draft_document(found, {AREA.name: section}),
            "remarks": {"custom_css": form.css_notes, "custom_js": form.js_notes},
            "errors": {name: [str(one) for one in said] for name, said in form.errors.items()},
            "contrast": dict(contrast_notes(section)),
        }
    )


def overrides(channel: Channel, css: str) -> list[Any]:
    """Declarations of the CSS that a Guide's branding wins over; whose knowledge that is, a setting says."""
    asked: Any = import_string(settings.CSS_OVERRIDES)
    return list(asked(channel, css)) if css else []


def _form(request: TenantRequest, section: Section, data: Any = None, *, seen: str = "") -> WebSettingsForm:
    may = request.membership.may
    return WebSettingsForm(
        data,
        section=section,
        may_edit=may(AREA.edit_role),
        may_script=may(SCRIPT_ROLE),
        seen=seen or digest(section),
    )


def _page(
    request: TenantRequest,
    channel: Channel,
    form: WebSettingsForm,
    section: Section,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    shown = form.section(section) if form.is_bound else section
    context = {
        "form": form,
        "may_edit": request.membership.may(AREA.edit_role),
        "may_script": request.membership.may(SCRIPT_ROLE),
        "contrast": dict(contrast_notes(shown)),
        "where_sentences": WHERE_SENTENCES,
        "max_bytes": content.MAX_BYTES,
        "selector_names": list(DATA_SELECTORS),
        "class_names": [name.removeprefix(".") for name in CLASSES if name.startswith(".")],
        "status_url": _status_url(request, channel),
        "refused": status == 422 or "conflict" in extra,
        "overrides": overrides(channel, shown["custom_css"]),
        **extra,
    }
    template = "channels_config/_area_form.html"
    if not request.htmx:
        template = "channels_config/area.html"
        context |= channel_context(request, channel, AREA)
        context |= {
            "document": draft_document(channel, {AREA.name: shown}),
            "data_selectors": DATA_SELECTORS.items(),
            "classes": CLASSES.items(),
        }
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response
