"""The page « Authentication » of a channel: the form, the dry run of the mapping, the tester, one customer's data."""

from __future__ import annotations

import json
import secrets as random
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, gettext, override
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from areas.conflicts import conflict, together
from areas.contract import NotPublishable, Section
from areas.registry import area, custom_fields
from areas.saving import DraftChanged, save_draft
from audit.services import record
from auth_config import examples, rules, services, trial
from auth_config.area import AREA
from auth_config.discovery import discover
from auth_config.forms import MODE_SENTENCES, TRANSFORM_CHOICES, AuthForm
from auth_config.section import SECRETS, remarks
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from kit import oauth
from kit.documents import digest
from kit.oauth import ProviderFailed
from tenants.access import TenantRequest, requires
from tenants.roles import Role

_FLOW_SALT = "auth_config.tester"
_FLOW_LIFE = 3600
_MOST_SAMPLE = 100_000


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        return _page(request, found, _form(request, section), section, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    if "discover" in request.POST:
        return _discovered(request, found, section)
    form = _form(request, section, request.POST)
    if not form.is_valid():
        return _page(request, found, form, section, status=422)
    opened = form.cleaned_data["seen"] or None
    if "together" in request.POST:
        both = together(AREA, found, theirs=section, mine=form.section(section), seen=opened)
        if both is not None:
            form = _form(request, both.section, seen=digest(section))
            return _page(request, found, form, both.section, conflict=both.conflict)
    seen = request.POST.get("over") or opened

    def apply() -> None:
        base = section if seen == digest(section) else AREA.dump(found)
        AREA.load(found, form.section(base, by=request.user))
        for group, name, _previous in SECRETS:
            if form.cleaned_data.get(f"{group}_{name}"):
                record(
                    "auth.secret_set",
                    by=request.user,
                    subject=found.public_id,
                    group=group,
                    channel=found.name,
                )

    try:
        release = save_draft(found, AREA, apply, seen=seen, by=request.user)
    except NotPublishable as refused:
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return _page(request, found, form, section, status=422)
    except DraftChanged as changed:
        mine = form.section(AREA.dump(found))
        return _page(
            request,
            found,
            form,
            section,
            status=409,
            conflict=conflict(AREA, found, theirs=changed.section, mine=mine, seen=opened),
        )
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    saved = release.sections[AREA.name]
    return trigger_client_event(_page(request, found, _form(request, saved), saved, saved=True), "saved")


def _discovered(request: TenantRequest, channel: Channel, section: Section) -> HttpResponse:
    """The form as typed, its endpoints filled from the provider's own document; nothing is saved."""
    data = request.POST.copy()
    try:
        found = discover(request.POST.get("discovery", "")[:2000])
    except ProviderFailed as failed:
        form = _form(request, section, data)
        form.is_valid()
        sentence = trial.MEND.get(failed.code, trial.MEND["refused"])
        return _page(request, channel, form, section, discovery_error=sentence, unsaved=True)
    for name, value in found.items():
        data[f"oauth_{name}"] = value
    form = _form(request, section, data)
    form.is_valid()
    form.errors.clear()
    return _page(request, channel, form, section, discovered=len(found), unsaved=True)


@requires(Role.ADMIN)
@require_POST
def dry_run(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """What the mapping as typed makes of a pasted UserInfo answer; saves nothing."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    form = _form(request, section, request.POST)
    form.is_valid()
    sample = request.POST.get("sample", "")
    context: dict[str, Any] = {"sample": sample}
    try:
        answer = json.loads(sample) if len(sample) <= _MOST_SAMPLE else None
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        person = rules.person(form.typed()["mapping"], answer)
        context |= {
            "outcomes": [
                {
                    "label": one.target if one.custom else trial.TARGETS[one.target],
                    "path": one.path,
                    "value": one.value,
                    "why": trial.WHY.get(one.why, ""),
                }
                for one in person.outcomes
            ],
            "paths": rules.paths_of(answer),
        }
    else:
        context["sample_error"] = gettext(
            'This is not a JSON object such as {"sub": "42", "given_name": "Zoé"}.'
        )
    if request.htmx:
        return render(request, "auth_config/_dry_run.html", context)
    form.errors.clear()
    return _page(request, found, form, section, unsaved=True, **context)


@requires(Role.ADMIN)
@require_POST
def sign_in(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """A link to the provider's sign-in page for one attempt of the tester."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    form = _form(request, section, request.POST)
    form.is_valid()
    given = form.provider_section()
    context: dict[str, Any] = {}
    if given["sign_in_endpoint"] and "oauth_sign_in_endpoint" not in form.errors:
        flow = trial.Flow(random.token_urlsafe(18), random.token_urlsafe(18), random.token_urlsafe(48))
        context = {
            "sign_in_url": oauth.sign_in_url(
                given["sign_in_endpoint"],
                oauth.provider(given),
                state=flow.state,
                nonce=flow.nonce,
                verifier=flow.verifier,
            ),
            "flow": signing.dumps([flow.state, flow.nonce, flow.verifier], salt=_FLOW_SALT),
        }
    if request.htmx:
        return render(request, "auth_config/_sign_in.html", context)
    form.errors.clear()
    return _page(request, found, form, section, unsaved=True, **context)


@requires(Role.ADMIN)
@require_POST
def tester(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """One sign-in, step by step. With script the steps come as they are done; without, as a page."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    form = _form(request, section, request.POST)
    form.is_valid()
    given = form.provider_section()
    mapping = form.typed()["mapping"]
    steps = trial.run(
        oauth.provider(given),
        mapping,
        sign_in_endpoint=given["sign_in_endpoint"],
        landing=request.POST.get("landing", "")[:8000],
        flow=_flow(request),
    )
    if request.headers.get("X-Steps"):
        return StreamingHttpResponse(  # type: ignore[return-value]  # django-stubs have a view answer HttpResponse
            _rendered(request, steps, get_language()), content_type="text/html; charset=utf-8"
        )
    lines = list(steps)
    # What was pasted is spent, and is not shown again.
    form.errors.clear()
    return _page(request, found, form, section, unsaved=True, lines=lines)


def _rendered(request: HttpRequest, steps: Iterator[trial.Line], language: str | None) -> Iterator[str]:
    """Each step as a fragment; the language is that of the request, which is over by now."""
    while True:
        with override(language):
            line = next(steps, None)
            if line is None:
                return
            fragment = render_to_string("auth_config/_step.html", {"line": line}, request=None)
        yield fragment


def _flow(request: TenantRequest) -> trial.Flow:
    try:
        return trial.Flow(*signing.loads(request.POST.get("flow", ""), salt=_FLOW_SALT, max_age=_FLOW_LIFE))
    except signing.BadSignature:
        return trial.Flow()


@requires(Role.ADMIN)
@require_POST
def sign_out_everybody(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    try:
        services.sign_everybody_out(found, by=request.user)
    except NotPublishable as refused:
        section = AREA.dump(found)
        said = [str(one.message) for one in refused.problems]
        return _page(
            request, found, _form(request, section), section, status=422, refused=False, sessions_refused=said
        )
    return HttpResponseRedirect(f"{_edit_url(request, found)}?saved")


@requires(Role.ADMIN)
@require_POST
def customer(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Export or erase one customer's data in one environment."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    given = request.POST.get("customer", "").strip()
    environment = request.POST.get("environment", "")
    act: rules.Act = "erase" if request.POST.get("act") == "erase" else "export"
    context: dict[str, Any] = {"customer": given, "environment": environment}
    if (
        not given
        or len(given) > rules.LONGEST_ID
        or environment not in {one["name"] for one in settings.ENVIRONMENTS}
    ):
        context["customer_error"] = gettext("Type the customer’s id and choose an environment.")
    elif act == "erase" and request.POST.get("sure") != given:
        context["customer_error"] = gettext(
            "To erase, type the customer’s id a second time: erased data cannot be brought back."
        )
    else:
        try:
            with transaction.atomic():
                answer = services.customer_data(
                    found,
                    request.organisation,
                    environment=environment,
                    customer=given,
                    act=act,
                    by=request.user,
                )
        except services.EnvironmentAway as away:
            context["customer_error"] = {
                "unreachable": gettext("The environment cannot be reached. Nothing was done."),
                "not_found": gettext("This environment knows no customer of this id on this channel."),
            }.get(away.code, gettext("The environment refused. Nothing was done."))
        else:
            if act == "export":
                response = HttpResponse(answer.body, content_type="application/json")
                response["Content-Disposition"] = (
                    f'attachment; filename="customer-{services.mark_of(given)}.json"'
                )
                response["Cache-Control"] = "no-store"
                return response
            context = {"erased": answer.erased}
            if answer.silent:
                context["customer"] = given
                context["environment"] = environment
                context["customer_error"] = gettext(
                    "%(regions)s did not answer, and still has what it had: erase once more later."
                ) % {"regions": ", ".join(answer.silent)}
    status = 422 if "customer_error" in context else 200
    return _page(request, found, _form(request, section), section, status=status, **context)


def _form(request: TenantRequest, section: Section, data: Any = None, *, seen: str = "") -> AuthForm:
    return AuthForm(
        data, section=section, may_edit=request.membership.may(AREA.edit_role), seen=seen or digest(section)
    )


def _edit_url(request: TenantRequest, channel: Channel) -> str:
    return reverse("auth_config:edit", args=[request.organisation.number, channel.public_id])


def _page(
    request: TenantRequest,
    channel: Channel,
    form: AuthForm,
    section: Section,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    args = [request.organisation.number, channel.public_id]
    others = {"channels_config": area("channels_config").dump(channel)}
    context = {
        "form": form,
        "section": section,
        "channel_id": channel.public_id,
        "may_edit": request.membership.may(AREA.edit_role),
        "mode_sentences": MODE_SENTENCES,
        "transforms": TRANSFORM_CHOICES,
        "most_fields": rules.MOST_FIELDS,
        "loopback": settings.ALLOW_LOOPBACK_PROVIDERS,
        "environments": settings.ENVIRONMENTS,
        "status_url": reverse("publishing:saved", args=args),
        "edit_url": _edit_url(request, channel),
        "refused": status == 422 or bool({"unsaved", "conflict"} & extra.keys()),
        "remarks": form.say(remarks(form.typed() if form.is_bound else section, others)),
        "custom_fields": custom_fields(),
        # What was typed beside the settings stays while the page does.
        **{name: request.POST.get(name, "") for name in ("sample", "discovery")},
        "landing": "" if "lines" in extra else request.POST.get("landing", ""),
        **extra,
    }
    template = "auth_config/_form.html"
    if not request.htmx:
        template = "auth_config/page.html"
        context |= channel_context(request, channel, AREA)
        context["examples"] = examples.examples(request.organisation.number, channel.public_id, section)
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    response.headers["Cache-Control"] = "no-store"
    return response
