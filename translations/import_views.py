"""Taking translations out as a file and bringing them back in: sent, judged row by row, then applied."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from areas.contract import NotPublishable
from areas.saving import DraftChanged
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from tenants.access import TenantRequest, requires
from tenants.roles import Role
from translations import codecs, importing, languages, sentences, services
from translations.area import AREA
from translations.forms import UploadForm
from translations.models import ImportFile
from translations.words import own_phrases

PER_PAGE = 100

_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "xlf": "application/xliff+xml"}


@requires(Role.AUDITOR)
@require_safe
def export(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """`?format=csv|json|xlf`, `?locale=` for one language; XLIFF is always of one."""
    found = channel_or_404(channel)
    section, own = AREA.dump(found), own_phrases(found)
    kind, locale = request.GET.get("format", "csv"), request.GET.get("locale", "")
    if kind not in _TYPES or (locale and services.variant_of(section, locale) is None):
        raise Http404
    only = [locale] if locale else None
    if kind == "csv":
        content = codecs.export_csv(section, locales=only, own=own)
    elif kind == "json":
        content = codecs.export_json(section, locales=only)
    elif locale:
        content = codecs.export_xliff(section, locale, own=own)
    else:
        raise Http404
    name = f"{locale or 'translations'}.{kind}"
    response = HttpResponse(content, content_type=_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@requires(Role.TRANSLATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    posted = request.method == "POST"
    form = UploadForm(request.POST if posted else None, request.FILES if posted else None, section=section)
    if posted and form.is_valid():
        sent = form.cleaned_data["file"]
        try:
            # One byte more than allowed is enough to know that it is too large.
            rows = codecs.parse(
                sent.read(codecs.MAX_BYTES + 1), name=sent.name, locale=form.cleaned_data["locale"] or None
            )
        except codecs.Unreadable as unreadable:
            form.add_error("file", sentences.unreadable_sentence(unreadable))
        else:
            file = importing.keep(found, rows, name=sent.name, by=request.user)
            return HttpResponseRedirect(_address(request, found, file))
    context = {"form": form, "channel": found, **channel_context(request, found, AREA)}
    return render(request, "translations/import.html", context, status=422 if form.errors else 200)


def _address(request: TenantRequest, channel: Channel, file: ImportFile) -> str:
    return reverse("translations:judged", args=[request.organisation.number, channel.public_id, file.pk])


def _file_or_404(channel: Channel, file: int) -> ImportFile:
    found = ImportFile.objects.filter(channel=channel, pk=file, pk__lt=2**63).first()
    if found is None:
        raise Http404
    return found


@requires(Role.TRANSLATOR)
@require_safe
def judged(request: TenantRequest, brand: int, channel: str, file: int) -> HttpResponse:
    """How far the judging is; then what every row would do."""
    found = channel_or_404(channel)
    kept = _file_or_404(found, file)
    context = {"channel": found, **channel_context(request, found, AREA), **_context(request, found, kept)}
    return render(request, "translations/judged.html", context)


def _context(request: TenantRequest, channel: Channel, file: ImportFile) -> dict[str, Any]:
    context: dict[str, Any] = {
        "channel": channel,
        "file": file,
        "percent": file.done * 100 // (file.rows or 1),
    }
    if file.applied_at or file.done < file.rows:
        return context
    group = request.GET.get("show", "")
    group = group if group in importing.GROUPS else ""
    total = file.counts.get(group, 0) if group else file.rows
    page = Paginator(range(total), PER_PAGE).get_page(request.GET.get("page"))
    rows = importing.judged_rows(file, group, start=page.start_index() - 1 if total else 0, count=PER_PAGE)
    for row in rows:
        row["says"] = sentences.verdict_sentence(
            row["code"],
            locale=row["sent_locale"],
            phrase=row["id"],
            detail=row["detail"],
        )
    new = importing.new_languages(file, AREA.dump(channel))
    return {
        **context,
        "show": group,
        "page": page,
        "rows": rows,
        "new_languages": [languages.name(one) for one in new],
        "counts": {one: file.counts.get(one, 0) for one in importing.GROUPS},
    }


@requires(Role.TRANSLATOR)
@require_POST
def step(request: TenantRequest, brand: int, channel: str, file: int) -> HttpResponse:
    """Judge one more run of rows."""
    found = channel_or_404(channel)
    kept = _file_or_404(found, file)
    if not kept.applied_at:
        importing.judge_next(kept)
    if not request.htmx:
        return HttpResponseRedirect(_address(request, found, kept))
    kept.refresh_from_db()
    response = render(request, "translations/_judged.html", _context(request, found, kept))
    response.headers["Vary"] = "HX-Request"
    return response


@requires(Role.TRANSLATOR)
@require_POST
def apply(request: TenantRequest, brand: int, channel: str, file: int) -> HttpResponse:
    """Write what the dry run said would change."""
    found = channel_or_404(channel)
    kept = _file_or_404(found, file)
    if kept.applied_at or kept.done < kept.rows:
        return HttpResponseRedirect(_address(request, found, kept))
    try:
        count = importing.apply_file(kept, by=request.user)
    except DraftChanged:
        ImportFile.objects.filter(pk=kept.pk).update(done=0, judged_against="", counts={})
        messages.warning(
            request,
            _(
                "Somebody else saved in the meantime, so nothing was applied. The rows are being looked at again."
            ),
        )
        return HttpResponseRedirect(_address(request, found, kept))
    except NotPublishable as refused:
        for problem in refused.problems[:5]:
            messages.error(request, str(problem.message))
        return HttpResponseRedirect(_address(request, found, kept))
    said = ngettext("%(count)s phrase was brought in.", "%(count)s phrases were brought in.", count)
    messages.success(request, said % {"count": count})
    return HttpResponseRedirect(AREA.edit_url(brand, found.public_id))
