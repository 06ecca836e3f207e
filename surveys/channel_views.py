"""The page « Pre-contact survey » of a channel: which form it asks, with the real window beside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from areas.conflicts import conflict
from areas.contract import NotPublishable, Section
from areas.preview import draft_document
from areas.saving import DraftChanged
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from kit.documents import digest
from surveys import rules, services
from surveys.area import AREA
from surveys.defaults import default_form, default_section, existing
from surveys.models import ChannelSurvey, SurveyForm
from surveys.section import compose, empty
from tenants.access import TenantRequest, requires
from tenants.roles import Role

NONE, DEFAULT, KEEP = "none", "default", "keep"


class ChoiceForm(forms.Form):
    """Which form the channel asks."""

    # Not “form”: a control of that name hides the property htmx asks a form for.
    survey = forms.ChoiceField(label=_("Form of this channel"), widget=forms.RadioSelect)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(
        self, data: Any, *, draft: ChannelSurvey | None, kind: str, seen: str, may_edit: bool
    ) -> None:
        chosen = NONE
        if draft is not None and draft.section["form"] is not None:
            chosen = KEEP if draft.detached or draft.form_id is None else str(draft.form.public_id)  # type: ignore[union-attr]
        super().__init__(data, initial={"survey": chosen, "seen": seen})
        self.found = list(SurveyForm.objects.all())
        choices: list[tuple[str, Any]] = [(NONE, _("No form"))]
        self.sentences: dict[str, Any] = {NONE: _("The conversation begins at once; nothing is asked.")}
        if chosen == KEEP and draft is not None:
            choices.append(
                (KEEP, _("An earlier state of “%(name)s”") % {"name": draft.section["form"]["name"]})
            )
            self.sentences[KEEP] = _("As this channel has it now; later changes of the form do not reach it.")
        for one in self.found:
            choices.append((str(one.public_id), one.name))
            self.sentences[str(one.public_id)] = _questions(one)
        if existing(kind) is None:
            choices.append((DEFAULT, _("The default form")))
            self.sentences[DEFAULT] = (
                _("Name, e-mail and the question; made for you, and yours to change.")
                if kind == Channel.Kind.LIVE
                else _("Name and e-mail; made for you, and yours to change.")
            )
        field = cast("forms.ChoiceField", self.fields["survey"])
        field.choices = choices
        field.disabled = not may_edit

    def chosen(self) -> SurveyForm | None:
        value = self.cleaned_data.get("survey")
        return next((one for one in self.found if str(one.public_id) == value), None)


def _questions(form: SurveyForm) -> Any:
    labels = rules.Survey(compose(form))
    shown = [labels.label(ident) for ident in labels.items]
    return ", ".join(one if len(one) <= 40 else one[:39] + "…" for one in shown) or _("No question yet.")


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        form = _form(request, found, section)
        return _page(request, found, form, section, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    form = _form(request, found, section, request.POST)
    if not form.is_valid():
        return _page(request, found, form, section, status=422)
    seen = request.POST.get("over") or form.cleaned_data["seen"] or None
    if form.cleaned_data["survey"] == KEEP:
        return _after(request, found)
    try:
        wanted = (
            default_form(found.kind, by=request.user)
            if form.cleaned_data["survey"] == DEFAULT
            else form.chosen()
        )
        services.ask_on(found, wanted, seen=seen, by=request.user)
    except (NotPublishable, ValidationError) as refused:
        said = [str(one.message) for one in getattr(refused, "problems", ())] or list(
            getattr(refused, "messages", ())
        )
        for sentence in said:
            form.add_error(None, sentence)
        return _page(request, found, form, section, status=422)
    except DraftChanged as changed:
        told = conflict(
            AREA,
            found,
            theirs=changed.section,
            mine=_shown(form, changed.section, found.kind),
            seen=form.cleaned_data["seen"],
        )
        # A form is taken as a whole: of two there is nothing to put together.
        told = replace(told, mergeable=False, undone=[], rows=[replace(one, by="") for one in told.rows])
        return _page(request, found, form, section, status=409, conflict=told)
    return _after(request, found)


def _after(request: TenantRequest, found: Channel) -> HttpResponse:
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    section = AREA.dump(found)
    return trigger_client_event(
        _page(request, found, _form(request, found, section), section, saved=True), "saved"
    )


@requires(Role.AUDITOR)
@require_POST
def preview(request: TenantRequest, brand: int, channel: str) -> JsonResponse:
    """The channel JSON with the form that is chosen and not yet saved."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    form = _form(request, found, section, request.POST)
    form.is_valid()
    return JsonResponse(
        {
            "document": draft_document(found, {AREA.name: _shown(form, section, found.kind)}),
            "remarks": {},
            "errors": {},
            "contrast": {},
        }
    )


def _shown(form: ChoiceForm, section: Section, kind: str) -> Section:
    """The section of what is chosen; the draft where nothing else is."""
    if not form.is_bound:
        return section
    chosen = form.chosen()
    if chosen is not None:
        return compose(chosen)
    choice = form.cleaned_data.get("survey")
    if choice == DEFAULT:
        return default_section(kind)
    return empty() if choice == NONE else section


def _form(request: TenantRequest, channel: Channel, section: Section, data: Any = None) -> ChoiceForm:
    draft = ChannelSurvey.objects.filter(channel=channel).select_related("form").first()
    return ChoiceForm(
        data,
        draft=draft,
        kind=channel.kind,
        seen=digest(section),
        may_edit=request.membership.may(AREA.edit_role),
    )


def _page(
    request: TenantRequest,
    channel: Channel,
    form: ChoiceForm,
    section: Section,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    draft = ChannelSurvey.objects.filter(channel=channel).select_related("form").first()
    context = {
        "form": form,
        "draft": draft,
        "channel": channel,
        "may_edit": request.membership.may(AREA.edit_role),
        "refused": status in {409, 422},
        "status_url": reverse("publishing:saved", args=[request.organisation.number, channel.public_id]),
        **extra,
    }
    template = "surveys/_channel_form.html"
    if not request.htmx:
        template = "surveys/channel.html"
        context |= channel_context(request, channel, AREA)
        context["document"] = draft_document(channel, {AREA.name: _shown(form, section, channel.kind)})
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response
