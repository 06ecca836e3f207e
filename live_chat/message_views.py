"""The page « Offline messages » of a channel: what visitors left, ticked off, exported, deleted; and e-mails that did not go."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlencode

from django.contrib.messages import success
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from kit.spreadsheets import harmless
from live_chat import services
from live_chat.area import AREA
from live_chat.models import Mail, OfflineMessage
from tenants.access import TenantRequest, requires
from tenants.roles import Role

STATES = ("open", "done", "all")
PAGE = 25


def _found(request: TenantRequest, channel: Channel) -> tuple[QuerySet[OfflineMessage], str, str]:
    """What the address asks for, newest first: the rows, the state, the words searched for."""
    asked = request.GET if request.method in {"GET", "HEAD"} else request.POST
    state = asked.get("state", "open")
    words = asked.get("q", "").strip().replace("\0", "")[:200]
    rows = (
        OfflineMessage.objects.filter(channel=channel).select_related("done_by").order_by("-sent_at", "-id")
    )
    if state == "open":
        rows = rows.filter(done_at=None)
    elif state == "done":
        rows = rows.filter(done_at__isnull=False)
    else:
        state = "all"
    for word in words.split()[:10]:
        rows = rows.filter(
            Q(email__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(text__icontains=word)
        )
    return rows, state, words


@requires(Role.AUDITOR)
@require_GET
def messages(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    rows, state, words = _found(request, found)
    base = reverse("live_chat:messages", args=[brand, channel])
    context: dict[str, Any] = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "state": state,
        "q": words,
        "states": [(name, _STATE_WORDS[name]()) for name in STATES],
        "anything": OfflineMessage.objects.filter(channel=found).exists(),
        "failed": list(Mail.objects.filter(channel=found, failed_at__isnull=False).order_by("-id")[:PAGE]),
        "may_edit": request.membership.may(AREA.edit_role),
        "messages_url": base,
        "act_url": reverse("live_chat:messages_act", args=[brand, channel]),
        "csv_url": reverse("live_chat:messages_csv", args=[brand, channel]),
        "edit_url": AREA.edit_url(brand, channel),
        **channel_context(request, found, AREA),
    }
    return render(request, "live_chat/messages.html", context)


_STATE_WORDS = {
    "open": lambda: gettext("To be answered"),
    "done": lambda: gettext("Dealt with"),
    "all": lambda: gettext("All messages"),
}


@requires(Role.EDITOR)
@require_POST
def act(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Tick off, take back, or delete the chosen messages."""
    found = channel_or_404(channel)
    chosen = [int(one) for one in request.POST.getlist("message") if one.isdecimal() and len(one) < 19][:PAGE]
    what = request.POST.get("act", "")
    rows = OfflineMessage.objects.filter(channel=found, pk__in=chosen)
    if what in {"done", "undone"}:
        services.mark(rows, done=what == "done", by=request.user)
    elif what == "delete":
        services.delete_messages(found, rows, by=request.user)
    query = urlencode({name: value for name in ("state", "page", "q") if (value := request.POST.get(name))})
    return HttpResponseRedirect(f"{reverse('live_chat:messages', args=[brand, channel])}?{query}")


@requires(Role.AUDITOR)
@require_GET
def download(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """What the page shows, all of it, as CSV."""
    found = channel_or_404(channel)
    rows, _state, _words = _found(request, found)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["sent_at", "environment", "email", "first_name", "last_name", "message", "done_at"])
    for one in rows[:10_000]:
        writer.writerow(
            harmless(value)
            for value in (
                timezone.localtime(one.sent_at).isoformat(timespec="seconds"),
                one.place,
                one.email,
                one.first_name,
                one.last_name,
                one.text,
                one.done_at.isoformat(timespec="seconds") if one.done_at else "",
            )
        )
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="offline-messages.csv"'
    return response


@requires(Role.EDITOR)
@require_POST
def retry(request: TenantRequest, brand: int, channel: str, mail: int) -> HttpResponse:
    """Try an e-mail again that was given up."""
    found = channel_or_404(channel)
    one = (
        Mail.objects.filter(channel=found, pk=mail, failed_at__isnull=False).first() if mail < 2**63 else None
    )
    if one is None:
        raise Http404
    if services.try_again(one, by=request.user):
        success(request, gettext("The e-mail is being sent again."))
    return HttpResponseRedirect(reverse("live_chat:messages", args=[brand, channel]))
