"""The reference of commands a webmaster may add to the snippet, with the channel's ids filled in, and their types to download."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from channels_config.command_reference import EVENTS, GROUPS, GUIDE_COMMANDS, call
from channels_config.pages import channel_context, channel_or_404
from kit import snippet
from tenants.access import TenantRequest, requires
from tenants.roles import Role

DECLARATIONS = "cxone.d.ts"


@requires(Role.AUDITOR)
@require_safe
def commands(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """« Commands »: `?style=older` shows them as the older snippet says them."""
    found = channel_or_404(channel)
    old = request.GET.get("style") == "older"
    number, public_id = request.organisation.number, found.public_id
    groups = [
        {
            "group": group,
            "commands": [{"command": one, "code": "\n".join(one.lines(old=old))} for one in group.commands],
        }
        for group in GROUPS
    ]
    context = channel_context(request, found) | {
        "tab": "test",
        "old": old,
        "start": _start(number, public_id, old=old),
        "several": _several(number, public_id),
        "groups": groups,
        "events": EVENTS,
        "guide_commands": [
            {
                "command": one,
                "code": "\n".join(call(one.name, given, old=False, area="guide") for given in one.examples),
            }
            for one in GUIDE_COMMANDS
        ],
        "has_declarations": declarations_text() is not None,
    }
    return render(request, "channels_config/commands.html", context)


def _start(brand: int, channel: str, *, old: bool) -> str:
    """Where commands stand: before init, and after it."""
    name = snippet.literal(channel)
    init = (
        f'brandembassy("init", {brand}, {name});'
        if old
        else f'cxone("init", "{brand}");\ncxone("chat", "init", {brand}, {name});'
    )
    before, _line, last = init.rpartition("\n")
    return "\n".join(
        (
            *([before] if before else []),
            call("setLocale", '"fr-CA"', old=old),
            last,
            call("setContactCustomField", '"order", "A1234"', old=old),
        )
    )


def _several(brand: int, channel: str) -> str:
    other = "chat_…"
    return "\n".join(
        (
            f'cxone("chat:{channel}", "setLocale", "fr-CA");',
            f'cxone("chat:{other}", "setLocale", "en");',
            f'cxone("chat", "init", {brand}, {snippet.literal(channel)});',
            f'cxone("chat", "init", {brand}, "{other}");',
        )
    )


@requires(Role.AUDITOR)
@require_safe
def declarations(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The TypeScript declarations, as a file; 503 until the widget is built."""
    channel_or_404(channel)
    text = declarations_text()
    if text is None:
        sentence = _("The chat window has not been built yet.")
        return HttpResponse(sentence, status=503, content_type="text/plain; charset=utf-8")
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{DECLARATIONS}"'
    return response


def declarations_text() -> str | None:
    found = finders.find(f"widget/{DECLARATIONS}")
    path = Path(found) if isinstance(found, str) else Path(settings.STATIC_ROOT) / "widget" / DECLARATIONS
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
