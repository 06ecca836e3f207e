"""The organisation's library: Adaptive Cards, and canned answers."""

from __future__ import annotations

from collections.abc import Callable
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
    form = CardForm(request.POST if request.method == "POST" else None, instance=card)
    saved, context = _saved(request, form, services.save_card)
    if saved is not None:
        messages.success(request, _("The card is saved; agents find it at once."))
        return HttpResponseRedirect(reverse("desk:card", args=[request.organisation.number, saved.pk]))
    context |= {"card": card, "most": cards.LONGEST, "desk_tab": "cards"}
    return allow_pictures(render(request, "desk/card.html", context, status=_status(context)))


@requires(services.EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def card_delete(request: TenantRequest, brand: int, card: int) -> HttpResponse:
    found = _row_or_404(Card, card)
    if request.method == "POST":
        services.delete(found, action="desk.card_deleted", by=request.user, card=found.name)
    return _deleted(request, found.name, page=reverse("desk:card", args=[brand, card]), tab="cards")


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
    form = SnippetForm(request.POST if request.method == "POST" else None, instance=snippet)
    saved, context = _saved(request, form, services.save_snippet)
    if saved is not None:
        messages.success(request, _("The canned answer is saved; agents find it at once."))
        return HttpResponseRedirect(reverse("desk:snippets", args=[request.organisation.number]))
    context |= {"snippet": snippet, "desk_tab": "snippets"}
    return render(request, "desk/snippet.html", context, status=_status(context))


@requires(services.EDIT_ROLE)
@require_http_methods(["GET", "HEAD", "POST"])
def snippet_delete(request: TenantRequest, brand: int, snippet: int) -> HttpResponse:
    found = _row_or_404(Snippet, snippet)
    if request.method == "POST":
        services.delete(found, action="desk.snippet_deleted", by=request.user, snippet=found.shortcut)
    return _deleted(request, str(found), page=reverse("desk:snippet", args=[brand, snippet]), tab="snippets")


# -- both --------------------------------------------------------------------------------------------------------------


def _saved(
    request: TenantRequest, form: forms.ModelForm[services.M], save: Callable[..., services.M]
) -> tuple[services.M | None, dict[str, Any]]:
    """What was saved, if it was; and what the page shows otherwise: the form, and the row that somebody else saved meanwhile."""
    may_edit = request.membership.may(services.EDIT_ROLE)
    row, conflict = form.instance, None
    if request.method != "POST":
        for one in form.fields.values():
            one.disabled = not may_edit
    elif not may_edit:
        raise PermissionDenied
    elif form.is_valid():
        try:
            return save(row, seen=_seen(request), by=request.user), {}
        except services.Overtaken as overtaken:
            conflict = overtaken.current
        except ValidationError as refused:
            form.add_error(None, refused)
    seen = conflict.version if conflict else request.POST.get("seen", row.version)
    return None, {"form": form, "conflict": conflict, "seen": seen, "may_edit": may_edit}


def _status(context: dict[str, Any]) -> int:
    return 409 if context["conflict"] else 422 if context["form"].errors else 200


def _deleted(request: TenantRequest, name: str, *, page: str, tab: str) -> HttpResponse:
    """The question before, the list after."""
    if request.method != "POST":
        return render(request, "desk/delete.html", {"what": name, "back": page, "desk_tab": tab})
    messages.success(request, _("“%(name)s” is deleted.") % {"name": name})
    return HttpResponseRedirect(reverse(f"desk:{tab}", args=[request.organisation.number]))


def _row_or_404(model: type[services.M], key: int) -> services.M:
    found = model.objects.filter(pk=key).first() if key < 2**63 else None
    if found is None:
        raise Http404
    return found


def _seen(request: TenantRequest) -> int:
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
