"""The organisation's shared lists of addresses: which there are, and the page of each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from ipblocking import conflicts, pages, services
from ipblocking.drafts import Read
from ipblocking.forms import MOST_IN_BOX, ListForm, danger_key, held, unconfirmed, with_text
from ipblocking.models import AddressList, ListUse
from ipblocking.views import carried, download_of, number_of, state_of
from tenants.access import TenantRequest, requires
from tenants.roles import Role

#: A shared list may shut visitors out of every channel.
EDIT_ROLE = Role.ADMIN

_LIVE = Q(uses__channel__deleted_at=None, uses__isnull=False)


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name of the list"), max_length=200)


def _list_or_404(key: int) -> AddressList:
    found = AddressList.shared.filter(pk=key).first() if key < 2**63 else None
    if found is None:
        raise Http404
    return found


@requires(Role.AUDITOR)
@require_GET
def index(request: TenantRequest, brand: int) -> HttpResponse:
    lists = AddressList.shared.defer("source", "lines", "findings").annotate(
        channels=Count("uses", filter=_LIVE),
        waiting=Count("uses", filter=_LIVE & Q(uses__waiting_since__isnull=False)),
    )
    return render(
        request, "ipblocking/lists.html", {"lists": lists, "may_edit": request.membership.may(EDIT_ROLE)}
    )


@requires(EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: TenantRequest, brand: int) -> HttpResponse:
    form = NameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_list(name=form.cleaned_data["name"], by=request.user)
        except ValidationError as refused:
            form.add_error("name", refused)
        else:
            return HttpResponseRedirect(reverse("address_lists:edit", args=[brand, made.pk]))
    return render(request, "ipblocking/list_new.html", {"form": form}, status=422 if form.errors else 200)


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, address_list: int) -> HttpResponse:
    found = _list_or_404(address_list)
    may_edit = request.membership.may(EDIT_ROLE)
    shown = len(found.source) <= MOST_IN_BOX or "text" in request.GET
    if request.method != "POST":
        form = ListForm(current=found, may_edit=may_edit, in_box=shown)
        return _page(request, found, form, saved="saved" in request.GET)
    if not may_edit:
        raise PermissionDenied
    form = ListForm(
        request.POST, request.FILES, current=found, may_edit=True, in_box="source" in request.POST
    )
    if not form.is_valid():
        return _page(request, found, form, status=422)
    read = pages.read_for(request, form.cleaned_data["text"])
    asked = unconfirmed(read.dangers, found.findings, request.POST.get("confirmed", ""))
    if asked:
        return _page(request, found, held(form), read=read, asked=asked, status=422)
    base = conflicts.opened(request.POST)
    mine = conflicts.State(read.source, request.POST.get("name", found.name))
    if "together" in request.POST and base is not None:
        theirs = state_of(found)
        both = conflicts.together(base, theirs, mine)
        beside = conflicts.came_in(found, theirs, base, {})
        return _page(
            request,
            found,
            with_text(form, both.source),
            conflict=beside,
            at=theirs,
            version=found.version,
            name=both.name,
        )
    try:
        saved = services.save_list(
            found,
            read,
            name=request.POST.get("name", found.name),
            seen=number_of(request.POST.get("over") or request.POST.get("version")),
            by=request.user,
        )
    except services.ListChanged as changed:
        base = base if form.in_box else None
        beside = conflicts.told(changed.current, state_of(changed.current), mine, base, {})
        return _page(request, found, held(form), read=read, status=409, conflict=beside)
    except ValidationError as refused:
        form = held(form)
        form.add_error(None, refused)
        return _page(request, found, form, read=read, status=422)
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    return _page(
        request,
        saved,
        ListForm(current=saved, may_edit=True, in_box=len(saved.source) <= MOST_IN_BOX),
        saved=True,
    )


def _page(
    request: TenantRequest,
    target: AddressList,
    form: ListForm,
    *,
    status: int = 200,
    read: Read | None = None,
    asked: list[Any] | None = None,
    at: conflicts.State | None = None,
    **extra: Any,
) -> HttpResponse:
    place = [request.organisation.number, target.pk]
    context = {
        "form": form,
        "own": target,
        "name": request.POST.get("name", target.name) if form.is_bound else target.name,
        "is_shared": True,
        "may_edit": request.membership.may(EDIT_ROLE),
        "version": request.POST.get("version", "0") if form.is_bound else target.version,
        "base": carried(request, form, at or state_of(target), kept=at is None),
        "refused": status in {409, 422} or "conflict" in extra,
        "asked": pages.said(asked or []),
        "confirmed": " ".join(danger_key(one) for one in asked or []),
        "entries_url": reverse("address_lists:entries", args=place),
        "download_url": reverse("address_lists:download", args=place),
        **_progress(request, target),
        **pages.findings_context(target.findings if read is None else read.told()),
        **extra,
    }
    template = "ipblocking/_form.html"
    if not request.htmx:
        template = "ipblocking/list_edit.html"
        context |= pages.table_context(request, target)
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def _progress(request: TenantRequest, target: AddressList) -> dict[str, Any]:
    """How far the list has come: the context of `ipblocking/_progress.html`."""
    uses = list(
        ListUse.objects.filter(list=target, channel__deleted_at=None)
        .select_related("channel")
        .order_by("channel__name", "pk")
    )
    waiting = sum(one.waiting_since is not None for one in uses)
    return {
        "uses": uses,
        "use_count": len(uses),
        "waiting": waiting,
        "published": len(uses) - waiting,
        "failed": [one for one in uses if one.error],
        "progress_url": reverse("address_lists:progress", args=[request.organisation.number, target.pk]),
    }


@requires(Role.AUDITOR)
@require_GET
def progress(request: TenantRequest, brand: int, address_list: int) -> HttpResponse:
    return render(request, "ipblocking/_progress.html", _progress(request, _list_or_404(address_list)))


@requires(Role.AUDITOR)
@require_GET
def entries(request: TenantRequest, brand: int, address_list: int) -> HttpResponse:
    found = _list_or_404(address_list)
    if not request.htmx:
        address = reverse("address_lists:edit", args=[brand, found.pk])
        return HttpResponseRedirect(f"{address}?{request.GET.urlencode()}#entries")
    context = {"own": found, "entries_url": request.path, **pages.table_context(request, found)}
    return render(request, "ipblocking/_table.html", context)


@requires(Role.AUDITOR)
@require_GET
def download(request: TenantRequest, brand: int, address_list: int) -> HttpResponse:
    return download_of(_list_or_404(address_list), "address-list.txt")


@requires(EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: TenantRequest, brand: int, address_list: int) -> HttpResponse:
    found = _list_or_404(address_list)
    if request.method == "POST":
        try:
            services.delete_list(found, by=request.user)
        except services.ListInUse:
            pass
        else:
            return HttpResponseRedirect(reverse("address_lists:list", args=[brand]))
    context = {"list": found, **_progress(request, found)}
    return render(
        request, "ipblocking/list_delete.html", context, status=409 if request.method == "POST" else 200
    )
