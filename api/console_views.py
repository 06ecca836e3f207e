"""The pages of API tokens and webhooks."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from api import tokens, webhooks
from api.forms import ChangeWebhookForm, SecretForm, TokenForm, WebhookForm
from api.models import Message, Scope, Token, Webhook
from tenants.access import TenantRequest, requires
from tenants.roles import Role

PER_PAGE = 25


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: TenantRequest, brand: int) -> HttpResponse:
    """The tokens, and the form for a new one; its key is in the answer to the form, and nowhere afterwards."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    made = None
    if form.is_bound and form.is_valid():
        made = tokens.create_token(
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
            by=request.user,
        )
        form = TokenForm()
    page = Paginator(Token.objects.filter(revoked_at=None), PER_PAGE).get_page(request.GET.get("page"))
    labels = dict(Scope.choices)
    return render(
        request,
        "api/tokens.html",
        {
            "form": form,
            "made": made,
            "page": page,
            "rows": [{"token": one, "scopes": [labels[scope] for scope in one.scopes]} for one in page],
        },
        status=422 if form.is_bound and form.errors else 200,
    )


@requires(Role.ADMIN)
@require_POST
def revoke(request: TenantRequest, brand: int, token_id: int) -> HttpResponse:
    found = Token.objects.filter(pk=token_id).first()
    if found is None:
        raise Http404
    tokens.revoke_token(found, by=request.user)
    messages.success(request, _("The token “%(name)s” opens nothing any more.") % {"name": found.name})
    return HttpResponseRedirect(reverse("integrations:tokens", args=[brand]))


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_list(request: TenantRequest, brand: int) -> HttpResponse:
    """The webhooks, and the form for a new one; its secret is in the answer to the form only."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    made = None
    if form.is_bound and form.is_valid():
        if Webhook.objects.count() >= webhooks.MOST:
            form.add_error(
                None, _("An organisation has at most %(most)s webhooks.") % {"most": webhooks.MOST}
            )
        else:
            made = webhooks.create_webhook(
                url=form.cleaned_data["url"], events=form.cleaned_data["events"], by=request.user
            )
            form = WebhookForm()
    rows = []
    for one in Webhook.objects.all():
        last = one.messages.exclude(state=Message.State.WAITING, attempts=0).order_by("-pk").first()
        rows.append(
            {
                "webhook": one,
                "events": [webhooks.EVENTS[event] for event in one.events if event in webhooks.EVENTS],
                "last": last,
                "error": webhooks.error_sentence(last) if last else "",
            }
        )
    return render(
        request,
        "api/webhooks.html",
        {"form": form, "made": made, "rows": rows},
        status=422 if form.is_bound and form.errors else 200,
    )


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: TenantRequest, brand: int, webhook_id: int) -> HttpResponse:
    """One webhook: its settings, and what was sent."""
    return _webhook_page(request, _webhook(webhook_id))


@requires(Role.ADMIN)
@require_POST
def replace_secret(request: TenantRequest, brand: int, webhook_id: int) -> HttpResponse:
    """A new secret; it is in the answer to this form, and nowhere afterwards."""
    found = _webhook(webhook_id)
    form = SecretForm(request.POST)
    if not form.is_valid():
        return _webhook_page(request, found, secret_form=form, status=422)
    made = webhooks.replace_secret(found, overlap=form.lasts(), by=request.user)
    return _webhook_page(request, made.webhook, made=made)


@requires(Role.ADMIN)
@require_POST
def end_former_secret(request: TenantRequest, brand: int, webhook_id: int) -> HttpResponse:
    webhooks.end_former_secret(_webhook(webhook_id), by=request.user)
    messages.success(request, _("Only the newest secret signs from now on."))
    return HttpResponseRedirect(reverse("integrations:webhook", args=[brand, webhook_id]))


def _webhook_page(
    request: TenantRequest,
    found: Webhook,
    *,
    made: webhooks.Made | None = None,
    secret_form: SecretForm | None = None,
    status: int = 200,
) -> HttpResponse:
    of_settings = made is None and secret_form is None
    if request.method == "POST" and of_settings:
        form = ChangeWebhookForm(request.POST)
        if form.is_valid():
            webhooks.change_webhook(found, **form.cleaned_data, by=request.user)
            messages.success(request, _("The webhook was saved."))
            return HttpResponseRedirect(request.path)
    else:
        form = ChangeWebhookForm(initial={"url": found.url, "events": found.events, "active": found.active})
    page = Paginator(found.messages.order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    labels = {**webhooks.EVENTS, webhooks.TEST_EVENT: _("Test message")}
    return render(
        request,
        "api/webhook.html",
        {
            "form": form,
            "secret_form": secret_form or SecretForm(),
            "made": made,
            "former_holds": webhooks.former_holds(found),
            "webhook": found,
            "page": page,
            "rows": [
                {
                    "message": one,
                    "event": labels.get(one.event, one.event),
                    "error": webhooks.error_sentence(one),
                    "about": f"{one.body['data']['channel']['name']} #{one.body['data']['release']['number']}"
                    if "release" in one.body["data"]
                    else "",
                }
                for one in page
            ],
        },
        status=422 if form.is_bound and form.errors else status,
    )


@requires(Role.ADMIN)
@require_POST
def test_webhook(request: TenantRequest, brand: int, webhook_id: int) -> HttpResponse:
    webhooks.send_test(_webhook(webhook_id), by=request.user)
    messages.success(request, _("A test message is on its way; look at the list below in a moment."))
    return HttpResponseRedirect(reverse("integrations:webhook", args=[brand, webhook_id]))


@requires(Role.ADMIN)
@require_POST
def delete_webhook(request: TenantRequest, brand: int, webhook_id: int) -> HttpResponse:
    webhooks.delete_webhook(_webhook(webhook_id), by=request.user)
    messages.success(request, _("The webhook was deleted."))
    return HttpResponseRedirect(reverse("integrations:webhooks", args=[brand]))


@requires(Role.ADMIN)
@require_POST
def again(request: TenantRequest, brand: int, webhook_id: int, message_id: int) -> HttpResponse:
    found = Message.objects.filter(webhook=_webhook(webhook_id), pk=message_id).first()
    if found is None:
        raise Http404
    webhooks.send_again(found, by=request.user)
    messages.success(request, _("The message is being sent again."))
    return HttpResponseRedirect(reverse("integrations:webhook", args=[brand, webhook_id]))


def _webhook(webhook_id: int) -> Webhook:
    found = Webhook.objects.filter(pk=webhook_id).first()
    if found is None:
        raise Http404
    return found
