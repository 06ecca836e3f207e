"""The audit record of an organisation: who did what, in sentences, and its export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from audit.reading import Filters, actions, csv_lines, filtered, json_lines, page_of
from tenants.access import TenantRequest, requires
from tenants.roles import Role


@requires(Role.AUDITOR)
@require_safe
def entries(request: TenantRequest, brand: int) -> HttpResponse:
    zone = ZoneInfo(request.organisation.time_zone)
    filters = Filters.of(request.GET)
    listed, following = page_of(filtered(filters, zone), request.GET.get("before", ""))
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "entries": listed,
        "following": following,
        "first": "before" not in request.GET,
        "filters": filters,
        "actions": actions(),
        "kept": kept.urlencode(),
    }
    return render(request, "audit/list.html", context)


@requires(Role.AUDITOR)
@require_safe
def export_csv(request: TenantRequest, brand: int) -> HttpResponse:
    return _export(request, csv_lines, "text/csv; charset=utf-8", "csv")


@requires(Role.AUDITOR)
@require_safe
def export_json(request: TenantRequest, brand: int) -> HttpResponse:
    return _export(request, json_lines, "application/json", "json")


def _export(
    request: TenantRequest,
    lines: Callable[[int, Filters, ZoneInfo], Iterator[str]],
    content_type: str,
    ending: str,
) -> HttpResponse:
    language = translation.get_language()
    tenant_id, filters = request.organisation.pk, Filters.of(request.GET)
    zone = ZoneInfo(request.organisation.time_zone)

    def speaking() -> Iterator[str]:
        # Drawn after the view has returned: the reader's language is gone by then.
        with translation.override(language):
            yield from lines(tenant_id, filters, zone)

    response = StreamingHttpResponse(speaking(), content_type=content_type)
    name = f"audit-{request.organisation.number}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response  # type: ignore[return-value]
