"""The page of a Guide, its live preview, and the tester of its rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from areas.conflicts import conflict, together
from areas.contract import NotPublishable, Section
from areas.saving import DraftChanged, save_draft
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from guide import rules
from guide.area import AREA
from guide.forms import PREVIEWED, WHERE_SENTENCES, GuideForm, TesterForm, contrast_notes, previewed
from guide.section import EFFECT_LABELS, HOW_LABELS
from guide.section import public as public_of
from kit.documents import digest
from kit.plain_text import Plain
from tenants.access import TenantRequest, requires
from tenants.roles import Role


def channel_names() -> dict[str, str]:
    """The organisation's channels that a Guide may offer: id -> name, in the order of the names."""
    return dict(Channel.objects.order_by(Plain("name"), "pk").values_list("public_id", "name"))


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        return _page(request, found, _form(request, section), section, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    form = _form(request, section, request.POST)
    act = request.POST.get("do", "save")
    if act != "save" and not {"over", "together"} & request.POST.keys():
        form.is_valid()
        return _page(request, found, form, section, changed=True, focus=form.change(act))
    if not form.is_valid():
        return _page(request, found, form, section, status=422, changed=True)
    opened = form.cleaned_data["seen"] or None
    if "together" in request.POST:
        both = together(AREA, found, theirs=section, mine=form.section(section), seen=opened)
        if both is not None:
            form = _form(request, both.section, seen=digest(section))
            return _page(request, found, form, both.section, changed=True, conflict=both.conflict)
    seen = request.POST.get("over") or opened
    try:
        save_draft(
            found, AREA, lambda: AREA.load(found, form.section(AREA.dump(found))), seen=seen, by=request.user
        )
    except NotPublishable as refused:
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return _page(request, found, form, section, status=422, changed=True)
    except DraftChanged as changed:
        theirs = AREA.dump(found)
        return _page(
            request,
            found,
            form,
            section,
            status=409,
            changed=True,
            conflict=conflict(AREA, found, theirs=changed.section, mine=form.section(theirs), seen=opened),
        )
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    section = AREA.dump(found)
    return trigger_client_event(_page(request, found, _form(request, section), section, saved=True), "saved")


@requires(Role.AUDITOR)
@require_POST
def preview(request: TenantRequest, brand: int, channel: str) -> JsonResponse:
    """The Guide of the form as it stands, in the languages of the preview; saves nothing.

    {"document": {"fr": …, "en": …}, "remarks": {}, "errors": {field: [sentence]}, "contrast": {colour: sentence}}
    """
    base = AREA.dump(channel_or_404(channel))
    form = _form(request, base, request.POST)
    form.is_valid()
    section = form.section(base)
    return JsonResponse(
        {
            "document": preview_document(section, form.channels),
            "remarks": {},
            "errors": {name: [str(one) for one in said] for name, said in form.errors.items()},
            "contrast": contrast_notes(section),
        }
    )


@requires(Role.AUDITOR)
@require_POST
def tester(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Which entry point a page's address leads to with the form as it stands, and why; saves nothing."""
    base = AREA.dump(channel_or_404(channel))
    form = _form(request, base, request.POST)
    form.is_valid()
    url = request.POST.get("url", "").strip()[: rules.LONGEST_URL]
    entries = form.section(base)["entries"]
    return render(request, "guide/_verdict.html", {"tested": tested(entries, url, form.channels)})


def tested(entries: list[dict[str, Any]], url: str, names: Mapping[str, str]) -> dict[str, Any] | None:
    """The verdict for people: each entry point up to the one that wins, with the rule that decided."""
    if not url:
        return None
    chosen, verdicts = rules.decide(entries, url)
    rows = []
    for number, (entry, verdict) in enumerate(zip(entries, verdicts, strict=False)):
        rule = entry["rules"][verdict.rule] if verdict.rule is not None else None
        rows.append(
            {
                "number": number + 1,
                "name": entry["name"],
                "id": entry["id"],
                "outcome": verdict.outcome,
                "rule": rule
                and f"{EFFECT_LABELS[rule['effect']]} {HOW_LABELS[rule['how']]} “{rule['value']}”",
                "wins": number == chosen,
                "offers": [names.get(one["channel"], one["channel"]) for one in entry["channels"]],
            }
        )
    return {"url": url, "rows": rows, "chosen": chosen is not None, "below": len(entries) - len(rows)}


def preview_document(section: Section, names: Mapping[str, str]) -> dict[str, Any]:
    """What the environment would serve, for each language of the preview, without translations of the organisation's own."""
    document = public_of(section)
    return {shown: rules.served(document, names=names, locale=locale) for shown, locale in PREVIEWED.items()}


def _form(request: TenantRequest, section: Section, data: Any = None, *, seen: str = "") -> GuideForm:
    return GuideForm(
        data,
        section=section,
        may_edit=request.membership.may(AREA.edit_role),
        seen=seen or digest(section),
        channels=channel_names(),
    )


def _page(
    request: TenantRequest,
    channel: Channel,
    form: GuideForm,
    section: Section,
    *,
    status: int = 200,
    changed: bool = False,
    focus: str = "",
    **extra: Any,
) -> HttpResponse:
    shown = form.section(section) if form.is_bound else section
    if form.is_bound and status == 200:
        # Adding a rule is no saving: what is not finished yet is no error.
        form.errors.clear()
        for entry in form.entries:
            entry.errors.clear()
            for rule in entry.rules:
                rule.error = ""
    problems = [one for one in AREA.check(shown, {}) if not one.blocking]
    context = {
        "form": form,
        "may_edit": request.membership.may(AREA.edit_role),
        "contrast": contrast_notes(shown),
        "where_sentences": WHERE_SENTENCES,
        "hows": list(HOW_LABELS.items()),
        "effects": list(EFFECT_LABELS.items()),
        "tester": TesterForm({"url": request.POST.get("url", "")}),
        "tested": tested(shown["entries"], request.POST.get("url", "").strip(), form.channels),
        "notes": [one.message for one in problems],
        "status_url": reverse("publishing:saved", args=[request.organisation.number, channel.public_id]),
        "channel": channel,
        "changed": changed,
        "refused": changed,
        "focus": focus,
        **extra,
    }
    template = "guide/_form.html"
    if not request.htmx:
        template = "guide/guide.html"
        context |= channel_context(request, channel, AREA)
        context["document"] = preview_document(shown, form.channels)
        context["preview_locale"] = previewed()
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response
