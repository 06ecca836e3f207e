"""The page « Deliveries » of an organisation: what each environment should have and has, kept current while one looks at it."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from publishing.copy_choice import LONGEST
from publishing.deliveries import DAYS, HEIGHT, PER_PAGE, STATES, WIDTH, listed, places, row_of
from publishing.models import Delivery
from publishing.services import try_again, try_all_again
from tenants.access import TenantRequest, requires
from tenants.roles import Role

#: What of the address says which deliveries are shown.
FILTERS = ("q", "where", "state", "page")


@requires(Role.AUDITOR)
@require_safe
def deliveries(request: TenantRequest, brand: int) -> HttpResponse:
    """The page, or the part of it that renews itself: soon again while something is on its way, else now and then."""
    state = request.GET.get("state", "all")
    state = state if state in STATES else "all"
    environment, _dot, region = request.GET.get("where", "").partition(".")
    words = request.GET.get("q", "")[:LONGEST].replace("\0", "").strip()
    found = listed(environment, region if environment else None, state, words)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    everywhere = places()
    context = {
        "places": everywhere,
        "failed": sum(one.failed for one in everywhere),
        "waiting": any(one.waiting for one in everywhere),
        "page": page,
        "rows": [row_of(one) for one in page.object_list],
        "state": state,
        "words": words,
        "where": request.GET.get("where", ""),
        "narrowed": bool(words or request.GET.get("where") or state != "all"),
        "here": _address(brand, request.GET),
        "filters": _filters(request.GET),
        "may_retry": request.membership.may(Role.QA),
        "chart": {"width": WIDTH, "height": HEIGHT, "days": DAYS},
    }
    part = request.htmx and request.htmx.target == "deliveries"
    template = "publishing/_deliveries.html" if part else "publishing/deliveries.html"
    response = render(request, template, context)
    response.headers["Vary"] = "HX-Request, HX-Target"
    return response


@requires(Role.QA)
@require_POST
def retry(request: TenantRequest, brand: int) -> HttpResponse:
    """Try one delivery (delivery=…) or all that failed at once, and go back to what was looked at."""
    one = request.POST.get("delivery", "")
    if one:
        number = int(one) if one.isascii() and one.isdigit() and len(one) < 19 else 0
        found = Delivery.objects.select_related("channel").filter(pk=number, channel__deleted_at=None).first()
        if found is None:
            raise Http404
        count = len(try_again(found.channel, by=request.user, only=found.pk))
    else:
        count = try_all_again(by=request.user)
    if count:
        text = ngettext(
            "%(count)s delivery is tried again now.", "%(count)s deliveries are tried again now.", count
        )
        messages.success(request, text % {"count": count})
    else:
        messages.success(request, _("There was nothing left to deliver."))
    return HttpResponseRedirect(_address(brand, request.GET))


def _address(brand: int, asked: QueryDict) -> str:
    """The page with the filters of a request, and nothing else that came along."""
    return reverse("publications:deliveries", args=[brand]) + _filters(asked)


def _filters(asked: QueryDict) -> str:
    """ "?state=failed&page=2", or nothing."""
    kept = QueryDict(mutable=True)
    for name in FILTERS:
        if value := asked.get(name):
            kept[name] = str(value)
    return f"?{kept.urlencode()}" if kept else ""
