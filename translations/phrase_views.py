"""The page of one language: every phrase with what it says by itself above and a box for another text under it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from areas.conflicts import last_save
from areas.contract import NotPublishable, Section, Sections
from areas.preview import draft_document, saved_sections
from areas.saving import DraftChanged
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from tenants.access import TenantRequest, requires
from tenants.roles import Role
from translations import catalogue, checks, codecs, languages, rules, sentences, services
from translations.area import AREA
from translations.models import Variant
from translations.views import steps
from translations.words import own_phrases

#: Names of the boxes: this, then the phrase's id.
BOX = "phrase."


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def phrases(request: TenantRequest, brand: int, channel: str, locale: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    variant = _variant_or_404(section, locale)
    others = saved_sections(found)
    own = own_phrases(found, others)
    if request.method != "POST":
        return _page(request, found, section, variant, own, others=others, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    typed = _typed(request, variant, own)
    base = _base(request)
    mine = services.without_defaults(section, locale, typed, own)
    said = services.findings(locale, mine, own)
    if any(checks.errors(one) for one in said.values()):
        # What was typed comes back as it was typed, with the state of affairs it was typed against.
        return _page(
            request,
            found,
            section,
            variant,
            own,
            shown=typed,
            said=said,
            base=base,
            seen=request.POST.get("seen", ""),
            status=422,
        )
    try:
        release = services.save_phrases(
            found,
            locale,
            mine,
            seen=request.POST.get("seen", ""),
            by=request.user,
        )
    except DraftChanged as changed:
        now = _variant_or_404(changed.section, locale)
        merged = services.merge(base, now["phrases"], mine)
        conflict = {
            "entry": last_save(AREA, found),
            "changes": [
                {
                    "id": one,
                    "theirs": now["phrases"].get(one, ""),
                    "mine": mine.get(one, "") if one in merged.both else None,
                }
                for one in merged.theirs
            ],
        }
        return _page(
            request, found, changed.section, now, own, shown=merged.phrases, conflict=conflict, status=409
        )
    except NotPublishable as refused:
        problems = [str(problem.message) for problem in refused.problems if problem.blocking]
        return _page(
            request, found, section, variant, own, shown=typed, base=base, seen=request.POST.get("seen", ""), problems=problems, status=422
        )  # fmt: skip
    except Variant.DoesNotExist:
        raise Http404 from None
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    saved = release.sections[AREA.name]
    response = _page(request, found, saved, _variant_or_404(saved, locale), own, saved=True)
    return trigger_client_event(response, "saved")


def _variant_or_404(section: Section, locale: str) -> dict[str, Any]:
    variant = services.variant_of(section, locale)
    if variant is None:
        raise Http404
    return variant


def _typed(request: TenantRequest, variant: dict[str, Any], own: dict[str, str]) -> dict[str, str]:
    """Phrase id -> text of its box; a phrase whose box was not sent keeps its text."""
    known = {*catalogue.phrases(), *variant["phrases"], *own}
    sent = {
        name.removeprefix(BOX): str(text).replace("\r\n", "\n").replace("\r", "\n")
        for name, text in request.POST.items()
        if name.startswith(BOX)
    }
    return {**variant["phrases"], **{one: text for one, text in sent.items() if one in known}}


def _base(request: TenantRequest) -> dict[str, str]:
    """The language's own texts when the page was opened, as the form carries them; {} for a form that says none."""
    try:
        base = json.loads(request.POST.get("base", ""))
    except ValueError:
        return {}
    return {str(one): str(text) for one, text in base.items()} if isinstance(base, dict) else {}


def _page(
    request: TenantRequest,
    channel: Channel,
    section: Section,
    variant: dict[str, Any],
    own: dict[str, str],
    *,
    shown: dict[str, str] | None = None,
    said: dict[str, Any] | None = None,
    base: dict[str, str] | None = None,
    seen: str = "",
    status: int = 200,
    saved: bool = False,
    conflict: dict[str, Any] | None = None,
    problems: list[str] | None = None,
    others: Sections | None = None,
) -> HttpResponse:
    locale = variant["locale"]
    ready = rules.compiled(section)
    texts = variant["phrases"] if shown is None else shown
    if said is None:
        said = services.findings(locale, texts, own)
    rows = _rows(ready, variant, own, texts, said)
    row = Variant.objects.filter(channel=channel, locale=locale).first()
    context: dict[str, Any] = {
        "channel": channel,
        "variant": variant,
        "called": languages.name(locale),
        "rows": rows,
        "wrong": [one for one in rows if one["errors"]],
        "problems": problems or [],
        "conflict": conflict,
        "seen": seen or services.variant_digest(variant),
        "base": json.dumps(variant["phrases"] if base is None else base, ensure_ascii=False),
        "direction": "rtl" if rules.right_to_left(locale) else "ltr",
        "lang": locale.replace("_", "-"),
        "may_edit": request.membership.may(AREA.edit_role),
        "saved": saved,
        "refused": status in {409, 422},
        "status_url": reverse("publishing:saved", args=[request.organisation.number, channel.public_id]),
        "discarded": len(row.discarded) if row else 0,
        "discarded_at": row.discarded_at if row else None,
        "counts": {
            "all": len(rows),
            "changed": sum(one["changed"] for one in rows),
            "missing": sum(one["missing"] for one in rows),
        },
    }
    template = "translations/_phrases_form.html"
    if not request.htmx:
        template = "translations/phrases.html"
        context |= channel_context(request, channel, AREA)
        context |= {
            "chain": steps(ready, section, locale),
            "document": _document(channel, section, locale, texts, others),
        }
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def _rows(
    ready: rules.Compiled,
    variant: dict[str, Any],
    own: dict[str, str],
    texts: dict[str, str],
    said: dict[str, Any],
) -> list[dict[str, Any]]:
    reader = "fr" if languages.reader().startswith("fr") else "en"
    there = services.all_phrases(own)
    shipped = [one for one in catalogue.phrases() if one in there]
    ids = dict.fromkeys([*shipped, *own, *sorted(variant["phrases"]), *sorted(texts)])
    native = services.speaks_own(ready, variant["locale"])
    rows = []
    for phrase_id in ids:
        phrase = catalogue.phrases().get(phrase_id)
        found = codecs.default_found(ready, variant, phrase_id, own)
        default = found.text if found else own.get(phrase_id, "")
        text = texts.get(phrase_id, "")
        about = said.get(phrase_id, [])
        same = rules.same_language(found.layer) if found else native and phrase_id in own
        rows.append(
            {
                "id": phrase_id,
                "name": f"{BOX}{phrase_id}",
                "default": default,
                "from": languages.name(found.layer.locale) if found else "",
                "shows": phrase.shows[reader]
                if phrase
                else _("A word of your own, such as the label of a field"),
                "placeholders": phrase.placeholders if phrase else (),
                "html": bool(phrase and phrase.allows_html),
                "most": phrase.max_length if phrase else checks.LONGEST_OWN,
                "text": text,
                "length": len(text),
                "foreign": not same,
                "changed": bool(text.strip()) and text != default,
                "missing": not text.strip() and not same,
                "lines": 1 + max(len(default), len(text)) // 60,
                "errors": [sentences.about(one) for one in checks.errors(about)],
                "warnings": [sentences.about(one) for one in about if one.severity == "warning"],
            }
        )
    return rows


def _document(
    channel: Channel, section: Section, locale: str, texts: dict[str, str], others: Sections | None
) -> dict[str, Any]:
    """The channel JSON of the drafts in this language, with these texts; `others` are all areas' sections as saved."""
    changed = [
        {**one, "phrases": {key: text for key, text in texts.items() if text.strip()}}
        if one["locale"] == locale
        else one
        for one in section["variants"]
    ]
    document = draft_document(
        channel,
        {
            **(saved_sections(channel) if others is None else others),
            AREA.name: {**section, "variants": changed},
        },
    )
    shown = dict(rules.table({**section, "variants": changed}, locale))
    return {**document, "translations": shown, "translationsLocale": locale}


@requires(Role.AUDITOR)
@require_POST
def preview(request: TenantRequest, brand: int, channel: str, locale: str) -> JsonResponse:
    """The channel JSON of the form as it stands; saves nothing. A text that cannot be shown yet keeps its default."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    variant = _variant_or_404(section, locale)
    others = saved_sections(found)
    own = own_phrases(found, others)
    typed = {one: text for one, text in _typed(request, variant, own).items() if text.strip()}
    wrong = {one for one, about in services.findings(locale, typed, own).items() if checks.errors(about)}
    texts = {one: text for one, text in typed.items() if one not in wrong}
    document = _document(found, section, locale, texts, others)
    return JsonResponse({"document": document, "remarks": {}, "errors": {}, "contrast": {}})


@requires(Role.TRANSLATOR)
@require_POST
def reset(request: TenantRequest, brand: int, channel: str, locale: str) -> HttpResponse:
    found = channel_or_404(channel)
    _variant_or_404(AREA.dump(found), locale)
    count = services.reset_phrases(found, locale, by=request.user)
    said = ngettext(
        "%(count)s phrase says again what comes ready.",
        "%(count)s phrases say again what comes ready.",
        count,
    )
    messages.success(request, said % {"count": count})
    return HttpResponseRedirect(reverse("translations:phrases", args=[brand, found.public_id, locale]))


@requires(Role.TRANSLATOR)
@require_POST
def undo(request: TenantRequest, brand: int, channel: str, locale: str) -> HttpResponse:
    found = channel_or_404(channel)
    _variant_or_404(AREA.dump(found), locale)
    count = services.undo_reset(found, locale, by=request.user)
    said = ngettext("%(count)s phrase is back.", "%(count)s phrases are back.", count)
    messages.success(request, said % {"count": count})
    return HttpResponseRedirect(reverse("translations:phrases", args=[brand, found.public_id, locale]))
