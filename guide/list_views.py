"""The list of an organisation's Guides."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from areas.saving import publisher
from areas.states import states
from channels_config import services
from channels_config.channel_forms import NameForm
from channels_config.models import Channel
from guide.area import AREA
from guide.models import GuideSettings
from guide.section import new_entry
from guide.views import channel_names
from kit.plain_text import Plain
from tenants.access import TenantRequest, requires
from tenants.roles import Role

PER_PAGE = 25


@requires(Role.AUDITOR)
def guide_list(request: TenantRequest, brand: int) -> HttpResponse:
    guides = Channel.guides.order_by(Plain("name"), "pk")
    page = Paginator(guides, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    where = states(shown) if shown else {}
    names = channel_names() if shown else {}
    drafts = {one.channel_id: one for one in GuideSettings.objects.filter(channel__in=shown)}
    rows = []
    for one in shown:
        draft = drafts.get(one.pk)
        entries = draft.entries if draft else []
        offered = dict.fromkeys(
            names[offer["channel"]]
            for entry in entries
            for offer in entry["channels"]
            if offer["channel"] in names
        )
        rows.append(
            {
                "channel": one,
                "statuses": where[one.pk],
                "entries": len(entries),
                "offers": list(offered),
                "rank": draft.rank if draft else 100,
            }
        )
    return render(
        request,
        "guide/list.html",
        {
            "page": page,
            "rows": rows,
            "environments": where[shown[0].pk] if shown else [],
            "may_manage": request.membership.may(Role.ADMIN),
        },
    )


@requires(Role.ADMIN)
def create(request: TenantRequest, brand: int) -> HttpResponse:
    """A new Guide, with one entry point for every page that offers all channels there are."""
    form = NameForm(request.POST or None)
    form.fields["name"].help_text = _("What your team calls the Guide. Visitors do not see it.")
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_channel(
                name=form.cleaned_data["name"], kind=Channel.Kind.GUIDE, by=request.user
            )
        except ValidationError as refused:
            form.add_error("name", refused)
        else:
            begin(made)
            publisher()(made, areas=[AREA.name], by=request.user)
            messages.success(request, _("The Guide “%(name)s” was created.") % {"name": made.name})
            url = AREA.edit_url(brand, made.public_id)
            return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)
    response = render(
        request,
        "guide/create.html",
        {
            "form": form,
            "base": "channels_config/_dialog.html" if request.htmx else "channels_config/_small_page.html",
            "back": reverse("guides:list", args=[brand]),
        },
        status=422 if form.is_bound and form.errors else 200,
    )
    response.headers["Vary"] = "HX-Request"
    return response


def begin(guide: Channel) -> None:
    """The first draft: something to see at once."""
    section = AREA.dump(guide)
    entry = new_entry(_("Every page"))
    entry["channels"] = [
        {"channel": one, "label": "", "hide_offline": False} for one in list(channel_names())[:20]
    ]
    AREA.load(guide, {**section, "entries": [entry]})
