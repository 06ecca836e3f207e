"""The list of channels, and what may happen to a channel as a whole."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect, replace_url

from areas.conflicts import recorded
from areas.registry import areas_of
from areas.states import states
from channels_config import search, services
from channels_config.channel_forms import (
    CHAT_KINDS,
    KIND_SENTENCES,
    CreateForm,
    DeleteForm,
    ListFilter,
    NameForm,
)
from channels_config.models import Channel
from channels_config.pages import channel_or_404, states_context
from channels_config.search import named
from kit.plain_text import Plain
from tenants.access import TenantRequest, requires
from tenants.roles import Role

PER_PAGE = 25


@requires(Role.AUDITOR)
def channel_list(request: TenantRequest, brand: int) -> HttpResponse:
    chosen = ListFilter(request.GET).values()
    channels = Channel.objects.alias(plain_name=Plain("name"))
    if chosen["q"]:
        channels = channels.filter(named(chosen["q"]))
    if chosen["kind"]:
        channels = channels.filter(kind=chosen["kind"])
    page = Paginator(channels.order_by(ListFilter.SORTS[chosen["sort"]], "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    shown = list(page.object_list)
    where = states(shown) if shown else {}
    filtered = bool(chosen["q"] or chosen["kind"])
    context = {
        "page": page,
        "rows": [{"channel": channel, "statuses": where[channel.pk]} for channel in shown],
        "environments": where[shown[0].pk] if shown else [],
        "kinds": CHAT_KINDS,
        "filtered": filtered,
        "may_manage": request.membership.may(Role.ADMIN),
        **chosen,
    }
    part = request.htmx and not request.htmx.boosted and request.htmx.target == "channels"
    response = render(
        request, "channels_config/_channels.html" if part else "channels_config/list.html", context
    )
    if part:
        kept = QueryDict(mutable=True)
        for name, value in request.GET.items():
            if isinstance(value, str) and value:
                kept[name] = value
        replace_url(response, f"{request.path}?{kept.urlencode()}" if kept else request.path)
    response.headers["Vary"] = "HX-Request, HX-Target"
    return response


@requires(Role.AUDITOR)
def open_channel(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """A channel's own address leads to its first area."""
    found = channel_or_404(channel)
    return redirect(_first_page(brand, found))


@requires(Role.AUDITOR)
def channel_states(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The environments' chips, asked for again by the page while something is on its way."""
    return render(request, "parts/environments.html", states_context(request, channel_or_404(channel)))


@requires(Role.AUDITOR)
def palette(request: TenantRequest, brand: int) -> HttpResponse:
    """Channels and pages that fit the words typed into the palette."""
    may_manage = request.membership.may(Role.ADMIN)
    return JsonResponse(
        {"results": search.results(request.GET.get("q", ""), brand=brand, may_manage=may_manage)}
    )


@requires(Role.ADMIN)
def create(request: TenantRequest, brand: int) -> HttpResponse:
    form = CreateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            channel = services.create_channel(
                name=form.cleaned_data["name"], kind=form.cleaned_data["kind"], by=request.user
            )
        except ValidationError as refused:
            form.add_error("name", refused)
        else:
            messages.success(request, _("The channel “%(name)s” was created.") % {"name": channel.name})
            return _leave(request, _first_page(brand, channel))
    return _small_form(request, form, "channels_config/create.html", kind_sentences=KIND_SENTENCES)


@requires(Role.ADMIN)
def rename(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        was, name = request.POST.get("was"), form.cleaned_data["name"]
        if was is not None and found.name not in (was, name):
            # The form again, as it was typed; saving it overtakes nobody.
            form = NameForm(initial={"name": name})
            told = _overtaken(found)
            return _small_form(
                request, form, "channels_config/rename.html", status=409, channel=found, overtaken=told
            )
        try:
            renamed = services.rename_channel(found, name=form.cleaned_data["name"], by=request.user)
        except ValidationError as refused:
            form.add_error("name", refused)
        else:
            messages.success(request, _("The channel is called “%(name)s” now.") % {"name": renamed.name})
            return _leave(request, _back(request, brand))
    return _small_form(request, form, "channels_config/rename.html", channel=found)


def _overtaken(channel: Channel) -> str:
    """Who renamed a channel meanwhile."""
    last = recorded("channel.renamed", subject=channel.public_id)
    return _(
        "%(who)s named this channel “%(name)s” while you had it open. Your name stands here; nothing was saved yet. Save again to put it in its place."
    ) % {"who": last[0].actor_label if last else _("Somebody else"), "name": channel.name}


@requires(Role.ADMIN)
def duplicate(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    if request.method == "POST":
        form = NameForm(request.POST)
    else:
        form = NameForm(initial={"name": services.suggested_copy_name(found)})
    if request.method == "POST" and form.is_valid():
        try:
            copy = services.duplicate_channel(found, name=form.cleaned_data["name"], by=request.user)
        except ValidationError as refused:
            form.add_error("name", refused)
        else:
            messages.success(
                request,
                _("“%(source)s” was duplicated as “%(name)s”.") % {"source": found.name, "name": copy.name},
            )
            return _leave(request, _first_page(brand, copy))
    return _small_form(
        request, form, "channels_config/duplicate.html", channel=found, areas_copied=areas_of(found.kind)
    )


@requires(Role.ADMIN)
def delete(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    form = DeleteForm(request.POST if request.method == "POST" else None, channel=found)
    if request.method == "POST" and form.is_valid():
        try:
            services.delete_channel(found, typed_name=form.cleaned_data["name"], by=request.user)
        except ValidationError as refused:
            form.add_error("name", refused)
        else:
            messages.success(request, _("The channel “%(name)s” was deleted.") % {"name": found.name})
            return _leave(request, list_url(brand, found))
    served = [one for one in states([found])[found.pk] if one.state != "never"]
    return _small_form(request, form, "channels_config/delete.html", channel=found, served=served)


def list_url(brand: int, channel: Channel) -> str:
    """Where a channel, or a Guide, is listed."""
    return reverse("guides:list" if channel.kind == Channel.Kind.GUIDE else "channels:list", args=[brand])


def _first_page(brand: int, channel: Channel) -> str:
    return areas_of(channel.kind)[0].edit_url(brand, channel.public_id)


def _small_form(
    request: TenantRequest, form: forms.Form, template: str, *, status: int | None = None, **context: Any
) -> HttpResponse:
    """The form on a page of its own, or, asked for by htmx, as what a dialog holds. 422 when it was refused."""
    response = render(
        request,
        template,
        {
            "form": form,
            "base": "channels_config/_dialog.html" if request.htmx else "channels_config/_small_page.html",
            "back": _back(request, request.organisation.number),
            **context,
        },
        status=status or (422 if form.is_bound and form.errors else 200),
    )
    response.headers["Vary"] = "HX-Request"
    return response


def _leave(request: TenantRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)


def _back(request: HttpRequest, brand: int) -> str:
    """The list, as it was filtered when the dialog was opened over it."""
    url = reverse("channels:list", args=[brand])
    htmx = getattr(request, "htmx", None)
    here = htmx.current_url_abs_path if htmx else None
    return here if here and here.startswith("/o/") else url
