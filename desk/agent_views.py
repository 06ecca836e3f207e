"""Which members answer visitors, under which name and on which channels: an admin's page."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from desk import services
from desk.models import Agent
from desk.views import channel_choices
from tenants.access import TenantRequest, requires
from tenants.models import Membership


@requires(services.AGENTS_ROLE)
@require_GET
def index(request: TenantRequest, brand: int) -> HttpResponse:
    agents = {one.user_id: one for one in Agent.objects.select_related("user")}
    names = dict(channel_choices())
    rows = []
    members = Membership.objects.select_related("user").filter(tenant=request.organisation)
    for member in members.order_by("user__name", "user__email"):
        agent = agents.get(member.user_id) or Agent(user=member.user)
        rows.append(
            {
                "member": member,
                "name": services.name_of(agent),
                "answers": services.answers_in(member, agent),
                "channels": [names[one] for one in agent.channels if one in names],
            }
        )
    return render(request, "desk/agents.html", {"rows": rows, "desk_tab": "agents"})


@requires(services.AGENTS_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, member: int) -> HttpResponse:
    found = (
        Membership.objects.select_related("user").filter(pk=member, tenant=request.organisation).first()
        if member < 2**63
        else None
    )
    if found is None:
        raise Http404
    agent = services.agent_of(found.user)
    choices = channel_choices()
    by_role = found.may(services.LIVE_ROLE)
    errors: list[str] = []
    if request.method == "POST":
        known = {one for one, _name in choices}
        chosen = [one for one in request.POST.getlist("channels") if one in known]
        try:
            services.set_agent(
                agent,
                name=request.POST.get("display_name", ""),
                answers_live=agent.answers_live if by_role else "answers_live" in request.POST,
                channels=chosen if request.POST.get("where") == "some" else [],
                by=request.user,
            )
        except ValidationError as refused:
            errors = refused.messages
        else:
            return HttpResponseRedirect(reverse("desk:agents", args=[brand]))
    context = {
        "member": found,
        "agent": agent,
        "fallback": found.user.name or found.user.email.partition("@")[0],
        "choices": [(one, label, one in agent.channels) for one, label in choices],
        "by_role": by_role,
        "errors": errors,
        "desk_tab": "agents",
    }
    return render(request, "desk/agent.html", context, status=422 if errors else 200)
