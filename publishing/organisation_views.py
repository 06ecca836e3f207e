"""Publication across an organisation's channels: deliveries, and copying settings to many channels or Guides."""

from __future__ import annotations

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, When
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from areas.registry import areas
from channels_config.models import Channel
from kit.plain_text import Plain
from publishing import copying
from publishing.copy_choice import PER_PAGE, Choice, choice, words_of
from publishing.models import Copy, CopyTarget
from tenants.access import TenantRequest, requires
from tenants.roles import Role

#: Channels whose differences one page of the copy's preview shows.
PREVIEWED = 10


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: TenantRequest, brand: int) -> HttpResponse:
    """Choose a source, areas and channels; see the differences (step=preview); start (step=start, by POST)."""
    data = request.POST if request.method == "POST" else request.GET
    chosen = choice(data)
    step = data.get("step", "")
    errors = _missing(chosen) if step else []
    if request.method == "POST" and not errors and chosen.source is not None and step == "start":
        made = copying.start(
            chosen.source,
            names=chosen.names,
            targets=list(chosen.targets()),
            by=request.user,
            note=data.get("note", "")[:500],
        )
        return HttpResponseRedirect(reverse("publications:copied", args=[brand, made.pk]))
    preview: list[copying.Preview] | None = None
    page: Page[Channel] | None = None
    if step and not errors and chosen.source is not None:
        page = Paginator(chosen.targets(), PREVIEWED).get_page(data.get("preview"))
        preview = copying.preview(chosen.source, chosen.names, page.object_list)
    context = {
        "choice": chosen,
        "preview": preview,
        "opened": next((one for one in preview or () if one.areas), None),
        "page": page,
        "errors": errors,
        "note": data.get("note", ""),
        "recent": Copy.objects.select_related("source").filter(undo_of=None).order_by("-pk")[:5],
    }
    return render(request, "publishing/copy.html", context, status=422 if errors else 200)


def _missing(chosen: Choice) -> list[str]:
    """What still has to be said before anything can be copied."""
    errors = []
    if chosen.source is None:
        errors.append(
            _("Choose the Guide to copy from.") if chosen.of else _("Choose the channel to copy from.")
        )
    if not chosen.names:
        errors.append(_("Choose at least one area."))
    if not chosen.chosen:
        errors.append(
            _("Choose at least one Guide to copy to.")
            if chosen.of
            else _("Choose at least one channel to copy to.")
        )
    if len(chosen.chosen) > copying.MOST_TARGETS:
        errors.append(_("Choose at most %(most)s channels at once.") % {"most": copying.MOST_TARGETS})
    return errors


@requires(Role.ADMIN)
@require_safe
def copied(request: TenantRequest, brand: int, number: int) -> HttpResponse:
    """How far a copy has come, and what came of it in each channel; those that were refused or left alone come first."""
    found = Copy.objects.select_related("source", "undo_of").filter(pk=number).first()
    if found is None:
        raise Http404
    counts = dict.fromkeys(CopyTarget.State.values, 0) | dict(
        found.targets.order_by().values_list("state").annotate(Count("pk"))
    )
    total = sum(counts.values())
    finished = total - counts[CopyTarget.State.WAITING]
    say = words_of(found.source.kind)
    state = request.GET.get("state", "")
    listed = found.targets.select_related("channel").defer("before")
    if state in counts:
        listed = listed.filter(state=state)
    first = Case(
        *(When(state=one, then=place) for place, one in enumerate(CopyTarget.FIRST)),
        default=len(CopyTarget.FIRST),
    )
    undone_by = Copy.objects.filter(undo_of=found).first()
    context = {
        "copy": found,
        "area_labels": [one.label for one in areas() if one.name in found.areas],
        "page": Paginator(listed.order_by(first, Plain("channel__name"), "pk"), PER_PAGE).get_page(
            request.GET.get("page")
        ),
        "results": [(one, one.label, counts[one]) for one in CopyTarget.State if counts[one]],
        "state": state if state in counts else "",
        "finished": finished,
        "total": total,
        "say": say,
        "said_done": say.done % {"done": finished, "total": total},
        "running": finished < total,
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
