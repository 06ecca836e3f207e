"""The organisation's custom fields: the list, and the editor of one with its options."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from areas.conflicts import beside, both, recorded
from areas.states import LastSave
from kit.documents import digest
from surveys import conflicts, options, services
from surveys.area import AREA
from surveys.models import CustomField, SurveyForm
from surveys.section import IDENT
from tenants.access import TenantRequest, requires
from tenants.roles import Role


@requires(Role.AUDITOR)
def field_list(request: TenantRequest, brand: int) -> HttpResponse:
    asked: dict[str, int] = {}
    for form in SurveyForm.objects.all():
        for one in form.document["items"]:
            asked[one["ident"]] = asked.get(one["ident"], 0) + 1
    rows = [{"field": one, "forms": asked.get(one.ident, 0)} for one in CustomField.objects.all()]
    return render(
        request, "surveys/fields.html", {"rows": rows, "may_edit": request.membership.may(AREA.edit_role)}
    )


def _field_or_404(pk: int) -> CustomField:
    found = CustomField.objects.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404
    return found


@requires(Role.EDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: TenantRequest, brand: int) -> HttpResponse:
    return _edit(request, None)


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, field: int) -> HttpResponse:
    return _edit(request, _field_or_404(field))


def _edit(request: TenantRequest, field: CustomField | None) -> HttpResponse:
    if request.method != "POST":
        typed = {
            "ident": field.ident if field else "",
            "label": field.label if field else "",
            "kind": field.kind if field else "text",
            "level": field.level if field else "contact",
        }
        rows = options.rows_of(field.values) if field else []
        return _page(request, field, typed, rows, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    typed = {name: request.POST.get(name, "").strip() for name in ("ident", "label", "kind", "level")}
    if field is not None:
        typed["ident"] = field.ident
    typed["label"] = " ".join(typed["label"].replace("\0", "").split())
    rows = options.read(request.POST)
    do = request.POST.get("do", "save")
    if do == "import":
        return _import(request, field, typed, rows)
    if do not in {"save", ""} and not {"over", "together"} & request.POST.keys():
        said = options.act(rows, do) if do != "refresh" else ""
        return _page(request, field, typed, rows, changed=True, said=said)
    return _save(request, field, typed, rows)


def _import(
    request: TenantRequest, field: CustomField | None, typed: dict[str, str], rows: list[options.Row]
) -> HttpResponse:
    """Options of a file take the place of those on the page; nothing is saved by it."""
    upload = request.FILES.get("csv")
    content = upload.read(options.MOST_BYTES + 1) if upload else request.POST.get("pasted", "").encode()
    try:
        read = options.from_csv(content, tree=typed["kind"] == "tree") if content.strip() else None
    except options.BadFile as bad:
        return _page(request, field, typed, rows, status=422, changed=True, errors={"csv": [bad.sentence]})
    if read is None:
        missing = [_("Choose a file, or paste its lines.")]
        return _page(request, field, typed, rows, status=422, changed=True, errors={"csv": missing})
    said = _("%(count)s options were read; look at them, then save.") % {"count": len(read)}
    return _page(request, field, typed, read, changed=True, said=said, imported=said)


def _save(
    request: TenantRequest, field: CustomField | None, typed: dict[str, str], rows: list[options.Row]
) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    if not typed["label"]:
        errors["label"] = [_("Write what the visitor reads.")]
    elif len(typed["label"]) > 120:
        errors["label"] = [_("At most %(most)s characters.") % {"most": 120}]
    if field is None and not IDENT.fullmatch(typed["ident"]):
        errors["ident"] = [
            _(
                "An ident begins with a letter and holds letters A to Z, digits, - and _, 64 characters at most."
            )
        ]
    for name, choices in (("kind", CustomField.Kind), ("level", CustomField.Level)):
        if typed[name] not in choices.values:
            errors[name] = [_("Choose one of these.")]
    has_options = typed["kind"] in {"list", "tree"}
    made = options.values(rows, tree=typed["kind"] == "tree") if has_options else []
    if has_options and not made:
        errors["options"] = [_("Add at least one option.")]
    if len(made) > 2000:
        errors["options"] = [_("2,000 options at most.")]
    if has_options and any(row.errors for row in rows):
        errors.setdefault("options", []).append(_("Some options have to be corrected."))
    if errors:
        return _page(request, field, typed, rows, status=422, changed=True, errors=errors)
    changes: dict[str, Any] = {
        "label": typed["label"],
        "kind": typed["kind"],
        "level": typed["level"],
        "values": made,
        "by": request.user,
    }
    mine = {"label": typed["label"], "level": typed["level"], "kind": typed["kind"], "values": made}
    base = conflicts.opened(request.POST) if field else None
    if field and base is not None and "together" in request.POST:
        theirs = services.field_values(field)
        done = both(
            theirs=theirs,
            mine=mine,
            base=base,
            saves=_saves(field),
            differ=conflicts.field_differences,
        )
        typed |= {name: done.section[name] for name in ("label", "kind", "level")}
        rows = options.rows_of(done.section["values"])
        return _page(request, field, typed, rows, changed=True, conflict=done.conflict, at=theirs)
    try:
        if field is None:
            saved = services.create_field(ident=typed["ident"], **changes)
        else:
            seen = request.POST.get("over") or request.POST.get("seen") or None
            saved = services.save_field(field, seen=seen, **changes)
    except ValidationError as refused:
        return _page(
            request, field, typed, rows, status=422, changed=True, errors={"ident": list(refused.messages)}
        )
    except services.InUse as used:
        sentence = _(
            "Conditions, default answers or patterns of these forms would no longer fit: %(uses)s."
        ) % {"uses": ", ".join(used.uses)}
        return _page(request, field, typed, rows, status=422, changed=True, errors={"options": [sentence]})
    except services.Overtaken as overtaken:
        told = beside(
            theirs=overtaken.current,
            mine=mine,
            base=base,
            saves=_saves(field),
            differ=conflicts.field_differences,
        )
        return _page(request, field, typed, rows, status=409, changed=True, conflict=told)
    services.roll_out(most=services.AT_ONCE)
    return HttpResponseRedirect(
        f"{reverse('survey_forms:field', args=[request.organisation.number, saved.pk])}?saved"
    )


def _saves(field: CustomField | None) -> list[LastSave]:
    return recorded("survey.field_saved", "survey.field_created", subject=field.ident) if field else []


def _page(
    request: TenantRequest,
    field: CustomField | None,
    typed: dict[str, str],
    rows: list[options.Row],
    *,
    status: int = 200,
    changed: bool = False,
    at: dict[str, Any] | None = None,
    **extra: Any,
) -> HttpResponse:
    """`at`: the state the page is drawn from, where that is neither the one it was opened with nor the one saved now."""
    now = at or (services.field_values(field) if field else {})
    carries = bool(changed and field and at is None)
    context = {
        "custom_field": field,
        "typed": typed,
        "rows": rows,
        "has_options": typed["kind"] in {"list", "tree"},
        "tree": typed["kind"] == "tree",
        "kinds": CustomField.Kind.choices,
        "levels": CustomField.Level.choices,
        "forms": services.forms_asking(field.ident) if field else [],
        "seen": request.POST.get("seen", "") if carries else digest(now) if field else "",
        "base": request.POST.get("base", "") if carries else conflicts.carried(now) if field else "",
        "may_edit": request.membership.may(AREA.edit_role),
        "changed": changed,
        **extra,
    }
    template = "surveys/_field.html" if request.htmx else "surveys/field.html"
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


@requires(Role.EDITOR)
@require_POST
def delete(request: TenantRequest, brand: int, field: int) -> HttpResponse:
    found = _field_or_404(field)
    try:
        services.delete_field(found, by=request.user)
    except services.InUse as used:
        messages.error(
            request,
            _("“%(name)s” cannot be deleted: it is asked for in %(uses)s.")
            % {"name": found.label, "uses": ", ".join(used.uses)},
        )
        return HttpResponseRedirect(reverse("survey_forms:field", args=[brand, found.pk]))
    services.roll_out(most=services.AT_ONCE)
    messages.success(request, _("The custom field “%(name)s” was deleted.") % {"name": found.label})
    return HttpResponseRedirect(reverse("survey_forms:fields", args=[brand]))
