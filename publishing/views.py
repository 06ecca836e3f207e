"""Initialisation and test, and what may be done to a channel's publication: put live, try again, see where it stands."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from areas.contract import NotPublishable
from areas.states import EnvironmentState
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from publishing import integration
from publishing.environments import Environment, environments
from publishing.models import EnvironmentName
from publishing.promotions import checked
from publishing.services import LARGEST_NUMBER, NotPromotable, promotable, promote, try_again
from publishing.snapshot import agent_key
from publishing.standing import standing
from publishing.states import states
from tenants.access import TenantRequest, requires
from tenants.roles import Role

#: How long a link to the agent's side of a test page opens it, in seconds: a working day.
AGENT_LINK_LASTS = 8 * 3600
_ENTRY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Who may answer as an agent. In live those on the other side are real visitors.
AGENT_ROLES = {"test": Role.QA, "live": Role.ADMIN}


@dataclass(frozen=True)
class Place:
    """One environment on the initialisation page."""

    name: str
    label: str | Promise
    url: str
    state: EnvironmentState
    snippets: list[tuple[str, str | Promise, str | Promise, str]]
    policy: integration.Policy
    test_url: str
    agent_url: str
    loader_url: str


@requires(Role.AUDITOR)
@require_safe
def init(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """« Initialisation et test »: the snippet of each environment, and the test page beside it."""
    found = channel_or_404(channel)
    chosen = request.GET.get("environment", EnvironmentName.TEST)
    context = channel_context(request, found)
    where = {one.environment: one for one in context["statuses"]}
    places = [_place(request, found, one, where[one.name]) for one in environments().values()]
    place = next((one for one in places if one.name == chosen), places[0])
    forms_of_it = place.snippets
    context |= {
        "tab": "test",
        "snippet": next((one for one in forms_of_it if one[0] == request.GET.get("as")), forms_of_it[0]),
        "places": places,
        "place": place,
        "commands": integration_commands(),
        "agent_link_hours": AGENT_LINK_LASTS // 3600,
        "may_test": request.membership.may(Role.QA),
        **_panel_context(request, found),
    }
    context["entry"] = _entry(request, found)
    return render(request, "publishing/init.html", context)


def _entry(request: TenantRequest, channel: Channel) -> str:
    """The entry point of a Guide that the snippet is to name, or none."""
    wanted = request.GET.get("entry", "")
    return wanted if channel.kind == Channel.Kind.GUIDE and _ENTRY.fullmatch(wanted) else ""


def _place(
    request: TenantRequest, channel: Channel, environment: Environment, state: EnvironmentState
) -> Place:
    brand, public_id = request.organisation.number, channel.public_id
    arguments = (environment, brand, public_id, _entry(request, channel))
    test_url = f"{environment.public_url}/test/{brand}/{public_id}?lang={request.user.language}"
    agent_url = ""
    if channel.kind != Channel.Kind.GUIDE and request.membership.may(AGENT_ROLES[environment.name]):
        key = agent_key(
            settings.PUBLISHING_SIGNING_KEY,
            environment=environment.name,
            brand=brand,
            channel=public_id,
            name=str(request.user)[:80],
            expires_at=time.time() + AGENT_LINK_LASTS,
        )
        agent_url = f"{test_url}&key={key}"
    return Place(
        name=environment.name,
        label=EnvironmentName(environment.name).label,
        url=environment.public_url,
        state=state,
        snippets=[
            (
                "html",
                _("HTML page"),
                _("Paste it right before </body> of every page that shows the chat."),
                integration.html(*arguments),
            ),
            (
                "tags",
                _("Tag manager"),
                _("Create a custom HTML tag that fires once on every page, and paste this."),
                integration.html(*arguments),
            ),
            (
                "wordpress",
                "WordPress",
                _("Add it to functions.php of your child theme."),
                integration.wordpress(*arguments),
            ),
            (
                "react",
                "React",
                _("Render <Chat /> once, at the root of the application."),
                integration.react(*arguments),
            ),
        ],
        policy=integration.policy(*arguments),
        test_url=test_url,
        agent_url=agent_url,
        loader_url=f"{environment.public_url}/loader/1/loader.js",
    )


def integration_commands() -> list[tuple[str, str]]:
    """Commands a webmaster adds to the snippet, each with what it does."""
    return [
        (
            'cxone("chat", "setAuthorizationCode", "…");',
            _(
                "Signs the visitor in with a one-time code of your site. It must stand before the chat's “init”."
            ),
        ),
        ('cxone("chat", "hidePreSurvey");', _("Leaves out the pre-contact survey on this page.")),
        (
            'cxone("chat", "setLocale", "fr-CA");',
            _("Shows the window in this language whatever the browser asks for."),
        ),
        ('cxone("chat", "setCustomerName", "…");', _("Gives the agent the visitor's name.")),
        (
            'cxone("chat", "setContactCustomField", "ident", "…");',
            _("Hands a value over to the conversation that is about to start."),
        ),
    ]


@requires(Role.AUDITOR)
@require_safe
def saved(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Where the release of the last save stands in test: the save bar asks until it is visible.

    `n` counts its questions: the first come quickly, for a release is visible within a fraction of a second.
    """
    return _saved(request, channel_or_404(channel), _count(request.GET.get("n", "")))


def _saved(request: TenantRequest, channel: Channel, asked: int, *, retried: bool = False) -> HttpResponse:
    test = next(one for one in states([channel])[channel.pk] if one.environment == EnvironmentName.TEST)
    address = [request.organisation.number, channel.public_id]
    response = render(
        request,
        "parts/saved_status.html",
        {
            "status": test,
            "poll_url": f"{reverse('publishing:saved', args=address)}?n={asked + 1}",
            "poll_delay": "120ms" if asked < 10 or retried else "400ms" if asked < 40 else "2s",
            "retry_url": reverse("publishing:retry", args=address) if request.membership.may(Role.QA) else "",
        },
    )
    return trigger_client_event(response, "saved") if test.state in {"up_to_date", "failed"} else response


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


@requires(Role.AUDITOR)
@require_safe
def publication(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The panel of releases and environments; the page asks for it again while something is on its way.

    `seen` is the mark of what the page shows: once it is another, the rest of the page is told to renew itself.
    """
    found = channel_or_404(channel)
    context = _panel_context(request, found)
    response = render(request, "publishing/_publication.html", context)
    if request.GET.get("seen", context["standing"]) != context["standing"]:
        return _moved(response)
    return response


@requires(Role.ADMIN)
@require_POST
def put_live(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Put the release that the page showed as tested live."""
    found = channel_or_404(channel)
    number = request.POST.get("release", "")
    wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else LARGEST_NUMBER
    refusal = ""
    try:
        _blocking, warnings = checked(promotable(found, wanted))
        if warnings and not _blocking:
            # Somebody has to have read them first; the page of the review asks.
            review = f"{reverse('publishing:review', args=[brand, channel])}?release={wanted}"
            return HttpResponseClientRedirect(review) if request.htmx else HttpResponseRedirect(review)
        promote(found, by=request.user, number=wanted)
    except NotPromotable as refused:
        refusal = str(refused.sentence)
    except NotPublishable as refused:
        refusal = " ".join(str(problem.message) for problem in refused.problems[:3])
    if request.htmx:
        return _moved(_panel(request, found, refusal=refusal, status=409 if refusal else 200))
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, _("Release %(number)s is on its way to live.") % {"number": wanted})
    return HttpResponseRedirect(reverse("publishing:init", args=[brand, channel]))


@requires(Role.QA)
@require_POST
def retry(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Deliver now what failed, without waiting for the next attempt; answers the fragment that asked."""
    found = channel_or_404(channel)
    try_again(found, by=request.user)
    if request.htmx and request.htmx.target == "publication":
        return _panel(request, found, retried=True)
    if request.htmx:
        return _saved(request, found, 0, retried=True)
    messages.success(request, _("Another attempt is being made now."))
    return HttpResponseRedirect(reverse("publishing:init", args=[brand, channel]))


def _panel_context(request: TenantRequest, channel: Channel) -> dict[str, Any]:
    now = standing(channel)
    return {
        "publication": now.publication,
        "standing": now.mark,
        "two_decide": now.two_decide,
        "may_promote": request.membership.may(Role.ADMIN),
        "may_ask": request.membership.may(Role.QA),
        "may_retry": request.membership.may(Role.QA),
        "channel": channel,
    }


def _moved(response: HttpResponse) -> HttpResponse:
    """Tell the page around the panel that the publication is not what it was: its chips, its history, what is planned."""
    return trigger_client_event(trigger_client_event(response, "saved"), "publicationmoved")


def _panel(request: TenantRequest, channel: Channel, *, status: int = 200, **extra: Any) -> HttpResponse:
    return render(
        request, "publishing/_publication.html", {**_panel_context(request, channel), **extra}, status=status
    )
