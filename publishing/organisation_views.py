"""Publication across an organisation's channels: deliveries, and copying settings to many channels."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from areas.contract import CHAT_KINDS
from areas.registry import areas
from channels_config.models import Channel
from kit.plain_text import Plain
from publishing import copying, deliveries
from publishing.models import Copy, CopyTarget, Delivery
from publishing.services import retry_now
from tenants.access import TenantRequest, requires
from tenants.roles import Role

#: Channels whose differences one page of the copy's preview shows.
PREVIEWED = 10


@requires(Role.AUDITOR)
@require_safe
def delivery_list(request: TenantRequest, brand: int) -> HttpResponse:
    state = request.GET.get("state", "all")
    state = state if state in deliveries.STATES else "all"
    environment, _dot, region = request.GET.get("where", "").partition(".")
    found = deliveries.listed(environment, region if environment else None, state)
    page = Paginator(found, deliveries.PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "places": deliveries.places(),
        "page": page,
        "rows": [deliveries.row_of(one) for one in page.object_list],
        "state": state,
        "where": request.GET.get("where", ""),
        "may_retry": request.membership.may(Role.QA),
        "chart": {"width": deliveries.WIDTH, "height": deliveries.HEIGHT, "days": deliveries.DAYS},
    }
    return render(request, "publishing/deliveries.html", context)


@requires(Role.QA)
@require_POST
def delivery_retry(request: TenantRequest, brand: int) -> HttpResponse:
    """Try one delivery (delivery=…) or all that failed at once."""
    one = request.POST.get("delivery", "")
    found = Delivery.objects.all()
    if one:
        found = found.filter(pk=int(one) if one.isascii() and one.isdigit() and len(one) < 19 else 0)
    else:
        found = found.exclude(last_error="")
    count = len(retry_now(found))
    if count:
        text = ngettext(
            "%(count)s delivery is tried again now.", "%(count)s deliveries are tried again now.", count
        )
        messages.success(request, text % {"count": count})
    else:
        messages.success(request, _("There was nothing left to deliver."))
    return HttpResponseRedirect(reverse("publications:deliveries", args=[brand]))


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: TenantRequest, brand: int) -> HttpResponse:
    """Choose a source, areas and channels; see the differences (step=preview); start."""
    data = request.POST if request.method == "POST" else request.GET
    channels = list(Channel.objects.order_by(Plain("name"), "pk")[: copying.MOST_TARGETS + 1])
    source = next((one for one in channels if one.public_id == data.get("source")), None)
    offered = [one for one in areas() if CHAT_KINDS & one.kinds]
    known = {one.name for one in offered}
    names = [name for name in data.getlist("area") if name in known]
    wanted = set(data.getlist("to"))
    everywhere = "all" in wanted
    targets = [one for one in channels if (everywhere or one.public_id in wanted) and one != source]
    errors = []
    chosen = "step" in data
    if chosen and source is None:
        errors.append(_("Choose the channel to copy from."))
    if chosen and not names:
        errors.append(_("Choose at least one area."))
    if chosen and not targets:
        errors.append(_("Choose at least one channel to copy to."))
    if request.method == "POST" and not errors and source is not None and data.get("step") == "start":
        made = copying.start(
            source, names=names, targets=targets, by=request.user, note=data.get("note", "")[:500]
        )
        return HttpResponseRedirect(reverse("publications:copied", args=[brand, made.pk]))
    preview = None
    if chosen and not errors and source is not None:
        shown = Paginator(targets, PREVIEWED).get_page(data.get("page"))
        preview = copying.preview(source, names, shown.object_list)
        context_page: Any = shown
    else:
        context_page = None
    context = {
        "channels": channels,
        "source": source,
        "names": names,
        "targets": targets,
        "all_chosen": everywhere,
        "offered": offered,
        "chosen_ids": {one.public_id for one in targets},
        "preview": preview,
        "page": context_page,
        "errors": errors,
        "note": data.get("note", ""),
        "recent": Copy.objects.select_related("source").filter(undo_of=None).order_by("-pk")[:5],
    }
    return render(request, "publishing/copy.html", context, status=422 if errors else 200)


@requires(Role.ADMIN)
@require_safe
def copied(request: TenantRequest, brand: int, number: int) -> HttpResponse:
    """How far a copy has come, and what came of it in each channel."""
    found = Copy.objects.select_related("source", "undo_of").filter(pk=number).first()
    if found is None:
        raise Http404
    targets = list(found.targets.select_related("channel").defer("before").order_by("channel__name", "pk"))
    counts = {state: sum(one.state == state for one in targets) for state in CopyTarget.State.values}
    finished = len(targets) - counts[CopyTarget.State.WAITING]
    undone_by = Copy.objects.filter(undo_of=found).first()
    context = {
        "copy": found,
        "area_labels": [one.label for one in areas() if one.name in found.areas],
        "targets": targets,
        "counts": counts,
        "finished": finished,
        "total": len(targets),
        "running": finished < len(targets),
        "may_undo": found.undo_of_id is None and undone_by is None and bool(counts[CopyTarget.State.DONE]),
        "undone_by": undone_by,
    }
    template = (
        "publishing/_copied.html"
        if request.htmx and request.htmx.target == "copied"
        else "publishing/copied.html"
    )
    response = render(request, template, context)
    response.headers["Vary"] = "HX-Request, HX-Target"
    return response


@requires(Role.ADMIN)
@require_POST
def copy_undo(request: TenantRequest, brand: int, number: int) -> HttpResponse:
    found = Copy.objects.filter(pk=number, undo_of=None).first()
    if found is None:
        raise Http404
    undoing = copying.undo(found, by=request.user)
    return HttpResponseRedirect(reverse("publications:copied", args=[brand, undoing.pk]))
