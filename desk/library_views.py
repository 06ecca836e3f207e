"""The organisation's library: Adaptive Cards, and canned answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from desk import cards, sentences, services
from desk.models import Card, Snippet
from desk.views import allow_pictures
from kit.plain_text import plain
from tenants.access import TenantRequest, requires
from tenants.roles import Role

SAMPLE = """{
  "type": "AdaptiveCard",
  "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
  "version": "1.5",
  "body": [
    {
      "type": "TextBlock",
      "text": "Votre rendez-vous",
      "weight": "Bolder",
      "size": "Medium",
      "wrap": true
    },
    {
      "type": "TextBlock",
      "text": "Quel moment vous convient ?",
      "wrap": true
    }
  ],
  "actions": [
    { "type": "Action.Submit", "title": "Le matin", "data": "morning" },
    { "type": "Action.Submit", "title": "L’après-midi", "data": "afternoon" }
  ]
}
"""


if TYPE_CHECKING:
    _CardForm = forms.ModelForm[Card]
    _SnippetForm = forms.ModelForm[Snippet]
else:
    _CardForm = _SnippetForm = forms.ModelForm


class CardForm(_CardForm):
    class Meta:
        model = Card
        fields = ("name", "source")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.faults: list[dict[str, Any]] = []

    def clean_source(self) -> str:
        source: str = self.cleaned_data["source"].replace("\r\n", "\n")
        _card, found = cards.check(source)
        said = [{"line": one.line, "column": one.column, "message": sentences.sentence(one)} for one in found]
        self.faults = said
        if said:
            raise ValidationError(
                [
                    _("Line %(line)s: %(what)s") % {"line": one["line"], "what": one["message"]}
                    for one in said[:5]
                ]
            )
        return source


class SnippetForm(_SnippetForm):
    class Meta:
        model = Snippet
        fields = ("shortcut", "text_fr", "text_en")
        help_texts = {
            "shortcut": gettext_lazy("What an agent types after the slash, e.g. hours."),
            "text_fr": gettext_lazy("{name} becomes the visitor’s name, {agent} the agent’s."),
            "text_en": gettext_lazy("Sent to visitors whose language is not French; one text is enough."),
        }

    def clean_shortcut(self) -> str:
        return str(self.cleaned_data["shortcut"]).strip().lstrip("/").lower()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not (data.get("text_fr", "").strip() or data.get("text_en", "").strip()):
            self.add_error("text_fr", _("Write the answer in one language at least."))
        return data


# -- cards -------------------------------------------------------------------------------------------------------------


@requires(Role.AUDITOR)
@require_GET
def card_list(request: TenantRequest, brand: int) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    found = [one for one in Card.objects.all() if plain(search) in plain(one.name)]
    context = {
        "cards": found,
        "search": search,
        "any": bool(found) or Card.objects.exists(),
        "may_edit": request.membership.may(services.EDIT_ROLE),
        "desk_tab": "cards",
    }
    return render(request, "desk/cards.html", context)


@requires(services.EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def card_new(request: TenantRequest, brand: int) -> HttpResponse:
    return _card(request, Card(source=SAMPLE))


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def card_edit(request: TenantRequest, brand: int, card: int) -> HttpResponse:
    return _card(request, _row_or_404(Card, card))


def _card(request: TenantRequest, card: Card) -> HttpResponse:
    may_edit = request.membership.may(services.EDIT_ROLE)
    conflict = None
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied
        form = CardForm(request.POST, instance=card)
        if form.is_valid():
            try:
                saved = services.save_card(form.instance, seen=_seen(request), by=request.user)
            except services.Overtaken as overtaken:
                conflict = overtaken.current
            except ValidationError as refused:
                form.add_error(None, refused)
            else:
                messages.success(request, _("The card is saved; agents find it at once."))
                address = reverse("desk:card", args=[request.organisation.number, saved.pk])
                return HttpResponseRedirect(address)
    else:
        form = CardForm(instance=card)
        form.fields["source"].disabled = form.fields["name"].disabled = not may_edit
    context = {
        "form": form,
        "card": card,
        "conflict": conflict,
        "seen": conflict.version if conflict else request.POST.get("seen", card.version),
        "may_edit": may_edit,
        "most": cards.LONGEST,
        "desk_tab": "cards",
    }
    status = 409 if conflict else 422 if form.errors else 200
    return allow_pictures(render(request, "desk/card.html", context, status=status))


@requires(services.EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def card_delete(request: TenantRequest, brand: int, card: int) -> HttpResponse:
    found = _row_or_404(Card, card)
    if request.method == "POST":
        services.delete(found, action="desk.card_deleted", by=request.user, card=found.name)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
        return HttpResponseRedirect(reverse("desk:cards", args=[brand]))
    context = {"what": found.name, "back": reverse("desk:card", args=[brand, card]), "desk_tab": "cards"}
    return render(request, "desk/delete.html", context)


# -- canned answers ----------------------------------------------------------------------------------------------------


@requires(Role.AUDITOR)
@require_GET
def snippet_list(request: TenantRequest, brand: int) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    found = [
        one
        for one in Snippet.objects.all()
        if plain(search) in plain(f"{one.shortcut} {one.text_fr} {one.text_en}")
    ]
    context = {
        "snippets": found,
        "search": search,
        "any": bool(found) or Snippet.objects.exists(),
        "may_edit": request.membership.may(services.EDIT_ROLE),
        "desk_tab": "snippets",
    }
    return render(request, "desk/snippets.html", context)


@requires(services.EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def snippet_new(request: TenantRequest, brand: int) -> HttpResponse:
    return _snippet(request, Snippet())


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def snippet_edit(request: TenantRequest, brand: int, snippet: int) -> HttpResponse:
    return _snippet(request, _row_or_404(Snippet, snippet))


def _snippet(request: TenantRequest, snippet: Snippet) -> HttpResponse:
    may_edit = request.membership.may(services.EDIT_ROLE)
    conflict = None
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied
        form = SnippetForm(request.POST, instance=snippet)
        if form.is_valid():
            try:
                services.save_snippet(form.instance, seen=_seen(request), by=request.user)
            except services.Overtaken as overtaken:
                conflict = overtaken.current
            except ValidationError as refused:
                form.add_error(None, refused)
            else:
                messages.success(request, _("The canned answer is saved; agents find it at once."))
                return HttpResponseRedirect(reverse("desk:snippets", args=[request.organisation.number]))
    else:
        form = SnippetForm(instance=snippet)
        for field in form.fields.values():
            field.disabled = not may_edit
    context = {
        "form": form,
        "snippet": snippet,
        "conflict": conflict,
        "seen": conflict.version if conflict else request.POST.get("seen", snippet.version),
        "may_edit": may_edit,
        "desk_tab": "snippets",
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "desk/snippet.html", context, status=status)


@requires(services.EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def snippet_delete(request: TenantRequest, brand: int, snippet: int) -> HttpResponse:
    found = _row_or_404(Snippet, snippet)
    if request.method == "POST":
        services.delete(found, action="desk.snippet_deleted", by=request.user, snippet=found.shortcut)
        messages.success(request, _("“%(name)s” is deleted.") % {"name": found})
        return HttpResponseRedirect(reverse("desk:snippets", args=[brand]))
    context = {
        "what": str(found),
        "back": reverse("desk:snippet", args=[brand, snippet]),
        "desk_tab": "snippets",
    }
    return render(request, "desk/delete.html", context)


def _row_or_404(model: type[services.M], key: int) -> services.M:
    found = model.objects.filter(pk=key).first() if key < 2**63 else None
    if found is None:
        raise Http404
    return found


def _seen(request: TenantRequest) -> int:
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
