"""The organisation's forms: the list, the builder, and how far a saved form has come."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from areas.conflicts import beside, both, recorded
from areas.contract import NotPublishable
from areas.preview import draft_document
from areas.states import LastSave
from channels_config.models import Channel
from kit.documents import digest
from surveys import builder, conflicts, rules, sentences, services
from surveys.area import AREA
from surveys.builder import Builder
from surveys.models import CustomField, SurveyForm
from surveys.section import fields_section, public
from tenants.access import TenantRequest, requires
from tenants.roles import Role


@requires(Role.AUDITOR)
def form_list(request: TenantRequest, brand: int) -> HttpResponse:
    forms = list(SurveyForm.objects.all())
    progress = services.progresses(forms)
    rows = [{"form": one, "progress": progress[one.pk]} for one in forms]
    return render(
        request,
        "surveys/forms.html",
        {
            "rows": rows,
            "may_edit": request.membership.may(AREA.edit_role),
            "field_count": CustomField.objects.count(),
        },
    )


def _form_or_404(pk: int) -> SurveyForm:
    found = SurveyForm.objects.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404
    return found


@requires(Role.EDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: TenantRequest, brand: int) -> HttpResponse:
    return _build(request, None)


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, form: int) -> HttpResponse:
    return _build(request, _form_or_404(form))


def _build(request: TenantRequest, form: SurveyForm | None) -> HttpResponse:
    fields = {one["ident"]: one for one in fields_section()}
    if request.method != "POST":
        made = Builder(form.name, form.document) if form else Builder()
        return _page(request, form, made, fields, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    made = builder.read(request.POST)
    do = request.POST.get("do", "save")
    if do != "save" and not {"over", "together"} & request.POST.keys():
        builder.act(made, do, fields)
        return _page(request, form, made, fields, changed=True)
    builder.judge(made, fields)
    if made.errors:
        return _page(request, form, made, fields, status=422, changed=True)
    base = conflicts.opened(request.POST) if form else None
    if form and base is not None and "together" in request.POST:
        return _together(request, form, made, fields, base)
    seen = (request.POST.get("over") or request.POST.get("seen") or None) if form else None
    try:
        saved = services.save_form(form, name=made.name, document=made.document, seen=seen, by=request.user)
    except ValidationError as refused:
        for sentence in refused.messages:
            made.wrong("name", sentence)
        return _page(request, form, made, fields, status=422, changed=True)
    except NotPublishable as refused:
        for problem in refused.problems:
            made.wrong("items", str(problem.message))
        return _page(request, form, made, fields, status=422, changed=True)
    except services.Overtaken as overtaken:
        told = beside(
            theirs=overtaken.current,
            mine={"name": made.name, **made.document},
            base=base,
            saves=_saves(form),
            differ=conflicts.FormDiffer(fields),
        )
        return _page(request, form, made, fields, status=409, changed=True, conflict=told)
    services.forget_troubles(saved)
    services.roll_out(most=services.AT_ONCE, form=saved)
    url = reverse("survey_forms:form", args=[request.organisation.number, saved.pk])
    if request.htmx and form is not None:
        again = SurveyForm.objects.get(pk=saved.pk)
        return _page(request, again, Builder(again.name, again.document), fields, saved=True)
    response = HttpResponseRedirect(f"{url}?saved")
    if request.htmx:
        response = HttpResponse(status=204)  # type: ignore[assignment]
        response.headers["HX-Redirect"] = f"{url}?saved"
    return response


def _saves(form: SurveyForm | None) -> list[LastSave]:
    return recorded("survey.form_saved", "survey.form_created", subject=str(form.public_id)) if form else []


def _together(
    request: TenantRequest,
    form: SurveyForm,
    made: Builder,
    fields: dict[str, dict[str, Any]],
    base: dict[str, Any],
) -> HttpResponse:
    """The builder with both people's changes in it, to be looked over and saved."""
    theirs = {"name": form.name, **form.document}
    done = both(
        theirs=theirs,
        mine={"name": made.name, **made.document},
        base=base,
        saves=_saves(form),
        differ=conflicts.FormDiffer(fields),
    )
    document = {key: value for key, value in done.section.items() if key != "name"}
    shown = Builder(done.section["name"], document)
    return _page(request, form, shown, fields, changed=True, conflict=done.conflict, at=theirs)


def _page(
    request: TenantRequest,
    form: SurveyForm | None,
    made: Builder,
    fields: dict[str, dict[str, Any]],
    *,
    status: int = 200,
    changed: bool = False,
    at: dict[str, Any] | None = None,
    **extra: Any,
) -> HttpResponse:
    """`at`: the state the page is drawn from, where that is neither the one it was opened with nor the one saved now."""
    asked = {one["ident"] for one in made.items}
    now = at or ({"name": form.name, **form.document} if form else {})
    carries = bool(changed and form and at is None)
    context = {
        "survey_form": form,
        "made": made,
        "rows": builder.rows(made, fields),
        "palette": [
            {**one, "kind_label": builder.KIND_LABELS[one["kind"]]}
            for one in fields.values()
            if one["ident"] not in asked
        ],
        "autocompletes": builder.AUTOCOMPLETES,
        "tests": [(test, sentence) for test, sentence in sentences.TESTS.items()],
        "seen": request.POST.get("seen", "") if carries else digest(now) if form else "",
        "base": request.POST.get("base", "") if carries else conflicts.carried(now) if form else "",
        "may_edit": request.membership.may(AREA.edit_role),
        "changed": changed,
        "error_list": [(place, one) for place, found in made.errors.items() for one in found],
        "progress": services.progress(form) if form else None,
        **extra,
    }
    template = "surveys/_builder.html"
    if not request.htmx:
        template = "surveys/form.html"
        context["document"] = _document(form, made, list(fields.values()))
        if form is not None:
            context["channels"] = _channel_rows(form)
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def _document(form: SurveyForm | None, made: Builder, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """The channel JSON with the form as it stands, on a channel that asks it, or on any."""
    clean = {"name": made.name or "…", **made.document, "items": [_drawable(one) for one in made.items]}
    section = {"format": rules.FORMAT, "form": clean, "fields": fields}
    channel = None
    if form is not None:
        channel = Channel.objects.filter(survey__form=form).first()
    channel = channel or Channel.objects.first()
    return draft_document(channel, {AREA.name: section}) if channel else {"name": "", **public(section)}


def _drawable(item: dict[str, Any]) -> dict[str, Any]:
    """A question with what cannot be read yet left out: half a pattern is no reason to show nothing."""
    return {**item, "pattern": "" if rules.checked_program(item["pattern"])[1] else item["pattern"]}


@requires(Role.EDITOR)
@require_POST
def preview(request: TenantRequest, brand: int) -> JsonResponse:
    """The channel JSON of the builder as it stands; saves nothing."""
    made = builder.read(request.POST)
    return JsonResponse(
        {"document": _document(None, made, fields_section()), "remarks": {}, "errors": {}, "contrast": {}}
    )


def _channel_rows(form: SurveyForm) -> list[dict[str, Any]]:
    """Every chat channel: whether it asks this form, and what it asks instead."""
    id_ = str(form.public_id)
    rows = []
    for channel in Channel.objects.select_related("survey__form").order_by("name"):
        draft = getattr(channel, "survey", None)
        asked = services.asks(draft)
        if draft is None or asked in {"", id_}:
            says = ""
        elif asked == f"{id_}!":
            says = _("asks an earlier state of this form")
        else:
            says = _("asks “%(name)s”") % {"name": draft.section["form"]["name"]}
        rows.append({"channel": channel, "asks": asked == id_, "was": asked, "says": says})
    return rows


@requires(Role.EDITOR)
@require_POST
def channels(request: TenantRequest, brand: int, form: int) -> HttpResponse:
    """The channels ticked ask the form from now on, the others shown do not."""
    found = _form_or_404(form)
    shown = {
        one: was
        for one, was in zip(request.POST.getlist("shown"), request.POST.getlist("was"), strict=False)
        if len(one) < 60
    }
    wanted = {*request.POST.getlist("to")}
    said: list[str] = []
    saved, status = False, 200
    try:
        served = services.serve(found, wanted=wanted, shown=shown, by=request.user)
    except services.TooMany:
        status = 422
        said = [
            _("At most %(most)s channels can be taken off at once: choose fewer, then the others.")
            % {"most": services.MOST_TO_END}
        ]
    else:
        saved = bool(served.begun or served.ended)
        said = sentences.left_out(served.overtaken, served.refused)
    if not request.htmx:
        for sentence in said:
            messages.error(request, sentence)
        if saved:
            messages.success(request, _("The channels were saved."))
        return HttpResponseRedirect(f"{reverse('survey_forms:form', args=[brand, found.pk])}#form-channels")
    rows = _channel_rows(found)
    if status == 422:
        rows = [{**one, "asks": one["channel"].public_id in wanted} for one in rows]
    context = {
        "survey_form": found,
        "channels": rows,
        "may_edit": True,
        "answered": True,
        "channels_saved": saved,
        "left_out": said,
        "progress": services.progress(found),
    }
    return render(request, "surveys/_channels.html", context, status=status)


@requires(Role.AUDITOR)
def progress(request: TenantRequest, brand: int, form: int) -> HttpResponse:
    """How far a saved form has come; asked for again while it goes on."""
    found = _form_or_404(form)
    return render(
        request, "surveys/_progress.html", {"survey_form": found, "progress": services.progress(found)}
    )


@requires(Role.EDITOR)
@require_POST
def delete(request: TenantRequest, brand: int, form: int) -> HttpResponse:
    found = _form_or_404(form)
    try:
        services.delete_form(found, by=request.user)
    except services.InUse as used:
        messages.error(
            request,
            _("“%(name)s” cannot be deleted: these channels ask it: %(uses)s.")
            % {"name": found.name, "uses": ", ".join(used.uses)},
        )
        return HttpResponseRedirect(reverse("survey_forms:form", args=[brand, found.pk]))
    messages.success(request, _("The form “%(name)s” was deleted.") % {"name": found.name})
    return HttpResponseRedirect(reverse("survey_forms:forms", args=[brand]))
