"""The agent desk's page, its keys, the library its script asks for, and the name visitors read."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from channels_config.models import Channel
from desk import services
from desk.models import Card, QuickReplies, Snippet
from desk.words import words
from publishing.environments import Environment, environments
from publishing.models import EnvironmentName
from tenants.access import TenantRequest, requires
from tenants.roles import Role


def socket_url(environment: Environment) -> str:
    """Where the desk's WebSocket is: `wss://…/agent` for https."""
    parts = urlsplit(environment.public_url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, f"{parts.path}/agent", "", ""))


def allow_environments(response: HttpResponse) -> HttpResponse:
    """Let this one page speak with the environments; pictures of cards may lie anywhere behind https."""
    places = list(environments().values())
    origins = ["{0.scheme}://{0.netloc}".format(urlsplit(one.public_url)) for one in places]
    response._csp_update = {  # type: ignore[attr-defined]  # read by django-csp
        "connect-src": [*origins, *("ws" + one.removeprefix("http") for one in origins)],
        "img-src": [*origins, "https:"],
    }
    return response


def allow_pictures(response: HttpResponse) -> HttpResponse:
    """Let a page draw a card's pictures."""
    response._csp_update = {"img-src": ["https:"]}  # type: ignore[attr-defined]  # read by django-csp
    return response


@requires(Role.AUDITOR)
@require_GET
def desk(request: TenantRequest, brand: int) -> HttpResponse:
    """Whoever may not answer is told so, and who could change that."""
    agent = services.agent_of(request.user)
    may = services.answers_in(request.membership, agent)
    asked = request.GET.get("environment", "")
    if not may:
        return render(request, "desk/not_yours.html", {"desk_tab": "desk"})
    chosen = asked if asked in may else may[-1 if asked == "" and may[-1] == "live" else 0]
    place = environments()[chosen]
    context: dict[str, Any] = {
        "environments": [
            (name, EnvironmentName(name).label, name == chosen) for name in may if name in environments()
        ],
        "environment": chosen,
        "agent_name": services.name_of(agent),
        "may_manage": request.membership.may(services.AGENTS_ROLE),
        "settings": {
            "environment": chosen,
            "brand": brand,
            "me": str(request.user.pk),
            "socket": socket_url(place),
            "base": place.public_url,
            "key": reverse("desk:key", args=[brand]),
            "library": reverse("desk:library", args=[brand]),
            "replies": reverse("desk:replies", args=[brand]),
            "cards": reverse("desk:card_new", args=[brand]),
            "signIn": reverse("accounts:sign_in"),
            "mayEdit": request.membership.may(services.EDIT_ROLE),
        },
        "words": words(),
    }
    return allow_environments(render(request, "desk/desk.html", context))


@requires(Role.AUDITOR)
@require_POST
def key(request: TenantRequest, brand: int) -> HttpResponse:
    """A key for one environment's desk. The script asks again before it ends: then role and membership are looked at anew."""
    agent = services.agent_of(request.user)
    environment = request.POST.get("environment", "")
    if environment not in services.answers_in(request.membership, agent):
        raise PermissionDenied
    text, seconds = services.key_for(request.membership, agent, environment)
    return JsonResponse({"key": text, "expiresIn": seconds})


@requires(Role.AUDITOR)
@require_GET
def library(request: TenantRequest, brand: int) -> HttpResponse:
    """Cards and canned answers, as the script takes them."""
    return JsonResponse(
        {
            "cards": [
                {"id": one.pk, "name": one.name, "card": json.loads(one.source)} for one in Card.objects.all()
            ],
            "snippets": [
                {"shortcut": one.shortcut, "fr": one.text_fr, "en": one.text_en}
                for one in Snippet.objects.all()
            ],
            "replies": [
                {"id": one.pk, "question": one.question, "choices": one.choices}
                for one in QuickReplies.objects.all()
            ],
        }
    )


@requires(services.EDIT_ROLE)
@require_POST
def replies_keep(request: TenantRequest, brand: int) -> HttpResponse:
    """A question with its choices, from the desk's composer."""
    try:
        kept = services.save_replies(
            request.POST.get("question", ""), request.POST.getlist("choice")[:50], by=request.user
        )
    except ValidationError as refused:
        return JsonResponse({"problem": refused.messages[0]}, status=422)
    return JsonResponse({"id": kept.pk})


@requires(services.EDIT_ROLE)
@require_POST
def replies_delete(request: TenantRequest, brand: int, replies: int) -> HttpResponse:
    """Whoever wanted them gone finds them gone, also the second time."""
    found = QuickReplies.objects.filter(pk=replies).first() if replies < 2**63 else None
    if found is not None:
        services.delete(found, action="desk.replies_deleted", by=request.user, question=found.question[:200])
    return JsonResponse({})


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def name(request: TenantRequest, brand: int) -> HttpResponse:
    """The name visitors read: each agent's own to say."""
    agent = services.agent_of(request.user)
    may = bool(services.answers_in(request.membership, agent))
    typed, errors = agent.display_name, []
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        typed = request.POST.get("display_name", "")
        try:
            services.set_name(agent, typed, by=request.user)
        except ValidationError as refused:
            errors = refused.messages
        else:
            return HttpResponseRedirect(f"{reverse('desk:name', args=[brand])}?saved")
    context = {
        "typed": typed,
        "fallback": agent.user.name or agent.user.email.partition("@")[0],
        "errors": errors,
        "may": may,
        "saved": "saved" in request.GET,
        "desk_tab": "name",
    }
    return render(request, "desk/name.html", context, status=422 if errors else 200)


def channel_choices() -> list[tuple[str, str]]:
    """(public id, name) of the organisation's channels."""
    return list(Channel.objects.values_list("public_id", "name"))
