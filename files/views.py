"""The pages of export and import: of one channel, and of the whole organisation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from files import formats, imports, plans
from files.beside import Found
from files.documents import channel_document, organisation_document
from files.forms import UploadForm
from files.models import Import
from kit.documents import digest
from tenants.access import TenantRequest, requires
from tenants.roles import Role

#: Steps of a dry run that are shown in full.
MOST_STEPS = 200


@requires(Role.AUDITOR)
@require_safe
def home(request: TenantRequest, brand: int) -> HttpResponse:
    """Export and import of the whole organisation."""
    return _home(request, UploadForm())


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: TenantRequest, brand: int) -> HttpResponse:
    """A file for the organisation; leads to its dry run."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("files:home", args=[brand]))
    taken = _take_in(request, form, None)
    if taken is None:
        return _home(request, form, status=422)
    return HttpResponseRedirect(reverse("files:look", args=[brand, taken.pk]))


@requires(Role.AUDITOR)
@require_safe
def channel_file(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Export and import of one channel."""
    return _channel_page(request, channel_or_404(channel), UploadForm())


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_upload(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """A file for one channel; leads to its dry run."""
    found = channel_or_404(channel)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("files:channel", args=[brand, channel]))
    taken = _take_in(request, form, found)
    if taken is None:
        return _channel_page(request, found, form, status=422)
    return HttpResponseRedirect(reverse("files:look", args=[brand, taken.pk]))


@requires(Role.AUDITOR)
@require_safe
def export_channel(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    return _download(request, channel_document(found), f"channel-{found.external_id[:8]}")


@requires(Role.AUDITOR)
@require_safe
def export_all(request: TenantRequest, brand: int) -> HttpResponse:
    return _download(
        request, organisation_document(request.organisation, Channel.every.all()), f"brand-{brand}"
    )


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: TenantRequest, brand: int, import_id: int) -> HttpResponse:
    """The dry run of an import; once it is applied, how far it is and what came of it."""
    found = _import(import_id, lock=request.method == "POST")
    if found.state != Import.State.OPEN:
        return _progress(request, found, "files/progress.html")
    looked = imports.look(found)
    steps, others = looked.steps, [one for one in looked.beside if one.action != "same"]
    shown = plan_digest(looked)
    if request.method == "POST":
        if request.POST.get("seen") == shown and not looked.trouble:
            return _apply(request, found, steps)
        messages.warning(
            request, _("Something was saved after you looked: this is what the import would do now.")
        )
    doing = [step for step in steps if step.action != "same"]
    return render(
        request,
        "files/look.html",
        {
            "one": found,
            "steps": doing[:MOST_STEPS],
            "more": max(0, len(doing) - MOST_STEPS),
            "counts": {
                action: sum(step.action == action for step in steps)
                for action in ("create", "update", "same", "refused")
            },
            "seen": shown,
            "beside": _by_kind(others),
            "trouble": looked.trouble,
            "lines": imports.lines_of(found),
            "may_apply": any(step.action in {"create", "update"} for step in steps)
            or any(one.action == "create" for one in others),
        },
        status=409 if request.method == "POST" else 200,
    )


def _apply(request: TenantRequest, found: Import, steps: list[plans.Step]) -> HttpResponse:
    imports.start(found, steps, note=request.POST.get("note", "").strip()[:500])
    if found.total <= imports.AT_ONCE:
        contents = imports.contents_of(found)
        while imports.step_on(found, contents):
            continue
    return HttpResponseRedirect(reverse("files:look", args=[request.organisation.number, found.pk]))


@requires(Role.ADMIN)
@require_safe
def progress(request: TenantRequest, brand: int, import_id: int) -> HttpResponse:
    """How far an import is: the page asks again until it is over."""
    return _progress(request, _import(import_id), "files/_progress.html")


def plan_digest(looked: imports.Look) -> str:
    """What a person agreed to: the channels, what happens to them, and on which drafts."""
    return digest(
        [
            [
                step.action,
                step.channel.public_id if step.channel else step.file.name,
                step.new_name,
                {one.area.name: [step.seen.get(one.area.name, ""), digest(one.given)] for one in step.areas},
                [step.seen.get(plans.GOING_LIVE, ""), digest(step.file.going_live)]
                if step.going_live
                else [],
            ]
            for step in looked.steps
        ]
        + [
            [one.belonging.name, one.action, digest(one.entry)]
            for one in looked.beside
            if one.action != "same"
        ]
    )


def _by_kind(found: list[Found]) -> list[tuple[str, list[str], list[str]]]:
    """(kind, names of what is made, names of what stays as it is here)."""
    kinds = {one.belonging.name: one.belonging for one in found}
    return [
        (
            str(kind.label),
            [one.name for one in found if one.belonging == kind and one.action == "create"],
            [one.name for one in found if one.belonging == kind and one.action == "stays"],
        )
        for kind in kinds.values()
    ]


def _progress(request: TenantRequest, found: Import, template: str) -> HttpResponse:
    return render(
        request,
        template,
        {
            "one": found,
            "done": imports.reached(found),
            "refused": sum(result["outcome"] == "refused" for result in found.results),
            "stopped": sum(result["outcome"] == "stopped" for result in found.results),
            "changed": sum(
                result["outcome"] in {"create", "update"}
                for result in found.results
                if not result.get("beside")
            ),
            "results": [result for result in found.results if result["outcome"] != "same"][:500],
            "lines": imports.lines_of(found),
        },
    )


def _take_in(request: TenantRequest, form: UploadForm, into: Channel | None) -> Import | None:
    if not form.is_valid():
        return None
    content, name = form.content()
    try:
        return imports.take_in(content, name=name, into=into, by=request.user)
    except imports.Refused as refused:
        for sentence in refused.sentences:
            form.add_error("file" if form.cleaned_data["file"] is not None else "text", sentence)
        return None


def _home(request: TenantRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    may_import = request.membership.may(Role.ADMIN)
    context = {
        "form": form,
        "count": Channel.every.count(),
        "may_import": may_import,
        "imports": Import.objects.defer("content", "results", "seen", "report")[:10] if may_import else [],
    }
    return render(request, "files/home.html", context, status=status)


def _channel_page(
    request: TenantRequest, channel: Channel, form: UploadForm, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "may_import": request.membership.may(Role.ADMIN), "tab": "file"}
    return render(
        request, "files/channel.html", {**channel_context(request, channel), **context}, status=status
    )


def _download(request: TenantRequest, document: dict[str, Any], name: str) -> HttpResponse:
    form: formats.Format = "json" if request.GET.get("format") == "json" else "yaml"
    return HttpResponse(
        formats.write(document, form),
        content_type="application/json" if form == "json" else "application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.{form}"'},
    )


def _import(import_id: int, *, lock: bool = False) -> Import:
    """Raises Http404. `lock`: of two clicks on the same button the second waits, and sees what came of the first."""
    rows = Import.objects.select_for_update() if lock else Import.objects.all()
    found = rows.filter(pk=import_id).first() if import_id < 2**63 else None
    if found is None:
        raise Http404
    return found
