"""The page « Availability » of a channel, and the tester of its hours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from areas.conflicts import conflict, together
from areas.contract import NotPublishable, Section
from areas.saving import DraftChanged, save_draft
from areas.visitors import visitors
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from kit.documents import digest
from live_chat import rules
from live_chat.area import AREA
from live_chat.forms import LiveChatForm
from live_chat.hours import Hours
from live_chat.models import Mail, OfflineMessage
from live_chat.sentences import moment_words, until_words, why_words
from tenants.access import TenantRequest, requires
from tenants.roles import Role


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        return _page(request, found, _form(request, found, section), section, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    form = _form(request, found, section, request.POST)
    if not form.is_valid():
        return _page(request, found, form, section, status=422)
    opened = form.cleaned_data["seen"] or None
    if "together" in request.POST:
        both = together(AREA, found, theirs=section, mine=form.made, seen=opened)
        if both is not None:
            form = _form(request, found, both.section, seen=digest(section))
            return _page(request, found, form, section, conflict=both.conflict)
    seen = request.POST.get("over") or opened
    try:
        release = save_draft(found, AREA, lambda: AREA.load(found, form.made), seen=seen, by=request.user)
    except NotPublishable as refused:
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return _page(request, found, form, section, status=422)
    except DraftChanged as changed:
        beside = conflict(AREA, found, theirs=changed.section, mine=form.made, seen=opened)
        return _page(request, found, form, section, status=409, conflict=beside)
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    saved = release.sections[AREA.name]
    response = _page(request, found, _form(request, found, saved), saved, saved=True)
    return trigger_client_event(response, "saved")


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def tester(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The verdict of the hours, as they stand on the page, on a date and time of the channel's zone; nothing is kept."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        return HttpResponseRedirect(AREA.edit_url(brand, channel))
    form = _form(request, found, section, request.POST) if "time_zone" in request.POST else None
    rules_now = section
    context: dict[str, Any] = {"typed": False}
    if form is not None:
        if form.is_valid():
            rules_now, context["typed"] = form.made, form.made != section
        else:
            context["unreadable"] = True
    moment = request.POST.get("moment", "").strip().replace(" ", "T")[:16]
    try:
        local = datetime.fromisoformat(moment)
    except ValueError:
        context["error"] = gettext("Write a date with a time, such as 2026-12-25 09:00.")
    else:
        zone = ZoneInfo(rules_now["hours"]["time_zone"])
        if local.tzinfo is None and 1900 < local.year < 2200:
            context["tested"] = _verdict(rules_now, local.replace(tzinfo=zone).astimezone(UTC))
        else:
            context["error"] = gettext("Write a date with a time, such as 2026-12-25 09:00.")
    context |= {"moment": moment, "tester_url": request.path}
    status = 422 if "error" in context else 200
    if request.htmx:
        return render(request, "live_chat/_verdict.html", context, status=status)
    return _page(request, found, _form(request, found, section), section, status=status, **context)


def _verdict(section: Section, instant: datetime) -> dict[str, Any]:
    """What the hours say of an instant, in words."""
    hours = Hours(section["hours"])
    verdict = hours.verdict(instant)
    return {
        "open": verdict.open,
        "when": moment_words(instant, hours.zone),
        "why": why_words(verdict),
        "until": until_words(verdict, hours.zone),
        "always": section["availability"] == "always",
        "agents": section["availability"] == "agents",
    }


def _form(
    request: TenantRequest, channel: Channel, section: Section, data: Any = None, *, seen: str = ""
) -> LiveChatForm:
    return LiveChatForm(
        data,
        section=section,
        kind=channel.kind,
        may_edit=request.membership.may(AREA.edit_role),
        seen=seen or digest(section),
        languages=visitors(channel).languages() if channel.kind == Channel.Kind.LIVE else (),
    )


def _page(
    request: TenantRequest,
    channel: Channel,
    form: LiveChatForm,
    section: Section,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    now = timezone.now()
    zone = ZoneInfo(section["hours"]["time_zone"])
    context = {
        "form": form,
        "live": channel.kind == Channel.Kind.LIVE,
        "may_edit": request.membership.may(AREA.edit_role),
        "now": _verdict(section, now),
        "moment": f"{now.astimezone(zone):%Y-%m-%dT%H:%M}",
        "status_url": reverse("publishing:saved", args=[request.organisation.number, channel.public_id]),
        "refused": status == 422 or "conflict" in extra,
        "edit_url": AREA.edit_url(request.organisation.number, channel.public_id),
        "most": {
            "holidays": rules.MOST_HOLIDAYS,
            "overrides": rules.MOST_OVERRIDES,
            "items": rules.MOST_ITEMS,
            "languages": rules.MOST_LANGUAGES,
        },
        **{
            f"{name}_url": reverse(f"live_chat:{name}", args=[request.organisation.number, channel.public_id])
            for name in ("tester", "messages")
        },
        **extra,
    }
    template = "live_chat/_form.html"
    if not request.htmx:
        template = "live_chat/page.html"
        context |= channel_context(request, channel, AREA)
        context["waiting"] = OfflineMessage.objects.filter(channel=channel, done_at=None).count()
        context["failed"] = Mail.objects.filter(channel=channel, failed_at__isnull=False).count()
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response
