"""The page « IP blocking » of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from areas.contract import NotPublishable
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from ipblocking import conflicts, drafts, pages, services
from ipblocking.area import AREA
from ipblocking.drafts import Read
from ipblocking.forms import MOST_IN_BOX, ListForm, danger_key, held, unconfirmed, with_text
from ipblocking.models import AddressList, BlockEntry
from tenants.access import TenantRequest, requires
from tenants.roles import Role


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    own = drafts.own_list(found)
    if request.method != "POST":
        saved, not_removed = "saved" in request.GET, "not-removed" in request.GET
        return _page(request, found, own, _form(request, own), saved=saved, not_removed=not_removed)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    form = _form(request, own, posted=True)
    if not form.is_valid():
        return _page(request, found, own, form, status=422)
    read = pages.read_for(request, form.cleaned_data["text"])
    asked = unconfirmed(read.dangers, own.findings, request.POST.get("confirmed", ""))
    if asked:
        return _page(request, found, own, held(form), read=read, asked=asked, status=422)
    base = conflicts.opened(request.POST)
    theirs = state_of(own, services.used_lists(found))
    mine = conflicts.State(read.source, "", tuple(sorted(_chosen(request))))
    if "together" in request.POST and base is not None:
        both = conflicts.together(base, theirs, mine)
        form = with_text(form, both.source)
        beside = conflicts.came_in(own, theirs, base, list_names())
        return _page(
            request, found, own, form, conflict=beside, at=theirs, version=own.version, chosen=both.lists
        )
    over = request.POST.get("over")
    try:
        services.block_addresses(
            found,
            read,
            lists=mine.lists,
            seen=number_of(over or request.POST.get("version")),
            seen_lists=None if over or base is None else base.lists,
            by=request.user,
        )
    except services.ListChanged as changed:
        beside = conflicts.told(changed.current, theirs, mine, base if form.in_box else None, list_names())
        return _page(request, found, own, held(form), read=read, status=409, conflict=beside)
    except NotPublishable as refused:
        form = held(form)
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return _page(request, found, own, form, read=read, status=422)
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    own = drafts.own_list(found)
    return trigger_client_event(_page(request, found, own, _form(request, own), saved=True), "saved")


def state_of(target: AddressList, lists: Iterable[int] = ()) -> conflicts.State:
    return conflicts.State(target.source, target.name, tuple(sorted(lists)))


def list_names() -> dict[int, str]:
    return dict(AddressList.shared.values_list("pk", "name"))


def in_box(request: TenantRequest, current: AddressList) -> bool:
    """Whether the page holds the list's text: not when it is too long, unless it is asked for."""
    if request.method == "POST":
        return "source" in request.POST
    return len(current.source) <= MOST_IN_BOX or "text" in request.GET


def _form(request: TenantRequest, own: AddressList, *, posted: bool = False) -> ListForm:
    if posted:
        return ListForm(
            request.POST, request.FILES, current=own, may_edit=True, in_box="source" in request.POST
        )
    # After a save by script the box is as it was before it.
    shown = len(own.source) <= MOST_IN_BOX or "text" in request.GET
    return ListForm(current=own, may_edit=request.membership.may(AREA.edit_role), in_box=shown)


def carried(request: TenantRequest, form: ListForm, now: conflicts.State, *, kept: bool) -> str:
    """What the page says it was opened with; a list too long for the box goes without its text."""
    if form.is_bound and kept:
        return request.POST.get("base", "")
    return (now if form.in_box else replace(now, source="")).carried()


def _chosen(request: TenantRequest) -> list[int]:
    return [
        int(one) for one in request.POST.getlist("lists") if one.isascii() and one.isdigit() and len(one) < 18
    ]


def number_of(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _page(
    request: TenantRequest,
    channel: Channel,
    own: AddressList,
    form: ListForm,
    *,
    status: int = 200,
    read: Read | None = None,
    asked: list[Any] | None = None,
    at: conflicts.State | None = None,
    chosen: Iterable[int] | None = None,
    **extra: Any,
) -> HttpResponse:
    """`at`: the state the page is drawn from, where a form that was sent is not drawn from the one it was opened with."""
    lists = services.shared_with_use(channel)
    if form.is_bound or chosen is not None:
        chosen = set(_chosen(request) if chosen is None else chosen)
        lists = [{**one, "used": one["list"].pk in chosen} for one in lists]
    context = {
        "form": form,
        "own": own,
        "shared": lists,
        "may_edit": request.membership.may(AREA.edit_role),
        "may_manage_lists": request.membership.may(Role.ADMIN),
        "version": request.POST.get("version", "0") if form.is_bound else own.version,
        "base": carried(request, form, at or state_of(own, services.used_lists(channel)), kept=at is None),
        "refused": status in {409, 422} or "conflict" in extra,
        "asked": pages.said(asked or []),
        "confirmed": " ".join(danger_key(one) for one in asked or []),
        "status_url": reverse("publishing:saved", args=[request.organisation.number, channel.public_id]),
        "test_url": reverse("ipblocking:test", args=[request.organisation.number, channel.public_id]),
        "entries_url": reverse("ipblocking:entries", args=[request.organisation.number, channel.public_id]),
        "remove_url": reverse("ipblocking:remove", args=[request.organisation.number, channel.public_id]),
        "download_url": reverse("ipblocking:download", args=[request.organisation.number, channel.public_id]),
        **pages.findings_context(own.findings if read is None else read.told()),
        **extra,
    }
    template = "ipblocking/_form.html"
    if not request.htmx:
        template = "ipblocking/edit.html"
        context |= channel_context(request, channel, AREA)
        context |= pages.table_context(request, own)
        if request.GET.get("address"):
            context |= pages.tested(request.GET["address"], _lists(channel))
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def _lists(channel: Channel) -> list[tuple[str, str]]:
    """(name, lines) of every list that holds for the channel."""
    own = drafts.own_list(channel)
    shared = AddressList.shared.filter(uses__channel=channel).values_list("name", "lines")
    return [("", own.lines), *shared]


@requires(Role.AUDITOR)
@require_GET
def entries(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The table alone, as its search box asks for it; without script the page itself."""
    found = channel_or_404(channel)
    if not request.htmx:
        return HttpResponseRedirect(f"{AREA.edit_url(brand, channel)}?{request.GET.urlencode()}#entries")
    context = {
        "own": drafts.own_list(found),
        "may_edit": request.membership.may(AREA.edit_role),
        "remove_url": reverse("ipblocking:remove", args=[brand, channel]),
        "entries_url": request.path,
        **pages.table_context(request, drafts.own_list(found)),
    }
    return render(request, "ipblocking/_table.html", context)


@requires(AREA.edit_role)
@require_POST
def remove(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Take one entry off the channel's list; its line goes from the text, too."""
    found = channel_or_404(channel)
    own = drafts.own_list(found)
    entry = (
        BlockEntry.objects.filter(list=own, pk=number_of(request.POST.get("entry"))).first()
        if own.pk
        else None
    )
    back = HttpResponseRedirect(AREA.edit_url(brand, channel) + "#entries")
    if entry is None:
        messages.warning(request, _("This entry is no longer in the list: somebody removed it meanwhile."))
        return back
    text = drafts.without(own.source, entry.network, entry.kind)
    used = [one["list"].pk for one in services.shared_with_use(found) if one["used"]]
    try:
        services.block_addresses(
            found, pages.read_for(request, text), lists=used, seen=own.version, by=request.user
        )
    except services.ListChanged:
        # Somebody saved at this very moment: the table shows what there is now.
        return back
    except NotPublishable:
        return HttpResponseRedirect(AREA.edit_url(brand, channel) + "?not-removed#entries")
    return back


@requires(Role.AUDITOR)
@require_GET
def test(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """What happens to an address, and by which rule."""
    found = channel_or_404(channel)
    if not request.htmx:
        return HttpResponseRedirect(f"{AREA.edit_url(brand, channel)}?{request.GET.urlencode()}#tester")
    return render(
        request, "ipblocking/_verdict.html", pages.tested(request.GET.get("address", ""), _lists(found))
    )


@requires(Role.AUDITOR)
@require_GET
def download(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The list as a text file, as it was typed."""
    return download_of(drafts.own_list(channel_or_404(channel)), "addresses.txt")


def download_of(target: AddressList, name: str) -> HttpResponse:
    response = HttpResponse(target.source, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
