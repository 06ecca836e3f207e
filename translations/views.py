"""The page « Translations » of a channel: its languages, the default, the tester; adding, changing, removing a language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from areas.conflicts import Conflict, conflict, last_save
from areas.contract import NotPublishable, Section
from areas.saving import DraftChanged
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from kit.documents import digest
from tenants.access import TenantRequest, requires
from tenants.roles import Role
from translations import catalogue, codecs, languages, rules, sentences, services
from translations.area import AREA
from translations.forms import AddForm, ChangeForm, DefaultForm
from translations.models import Variant
from translations.words import own_phrases


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    may_edit = request.membership.may(AREA.edit_role)
    if request.method != "POST":
        return _page(request, found, section, saved="saved" in request.GET)
    if not may_edit:
        raise PermissionDenied
    form = DefaultForm(request.POST, section=section, may_edit=True, seen=digest(section))
    if not form.is_valid():
        return _page(request, found, section, form=form, status=422)
    chosen = form.cleaned_data["default_locale"]
    over = request.POST.get("over")
    try:
        release = services.set_default(
            found,
            chosen,
            seen=over,
            was=None if over or "was" not in request.POST else form.cleaned_data["was"],
            by=request.user,
        )
    except DraftChanged as changed:
        beside = conflict(
            AREA,
            found,
            theirs=changed.section,
            mine={**changed.section, "default_locale": chosen or None},
            seen=form.cleaned_data["seen"],
        )
        # One field: there is nothing to put together.
        beside = replace(beside, mergeable=False, rows=[replace(one, by="") for one in beside.rows])
        return _page(request, found, changed.section, form=form, status=409, conflict=beside)
    except NotPublishable as refused:
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return _page(request, found, section, form=form, status=422)
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    response = _page(request, found, release.sections[AREA.name], saved=True)
    return trigger_client_event(response, "saved")


def _page(
    request: TenantRequest,
    channel: Channel,
    section: Section,
    *,
    form: DefaultForm | None = None,
    status: int = 200,
    saved: bool = False,
    conflict: Conflict | None = None,
) -> HttpResponse:
    may_edit = request.membership.may(AREA.edit_role)
    context: dict[str, Any] = {
        "channel": channel,
        "form": form or DefaultForm(section=section, may_edit=may_edit, seen=digest(section)),
        "may_edit": may_edit,
        "saved": saved,
        "conflict": conflict,
        "refused": status in {409, 422},
        "status_url": reverse("publishing:saved", args=[request.organisation.number, channel.public_id]),
    }
    template = "translations/_default_form.html"
    if not request.htmx:
        template = "translations/list.html"
        ready = rules.compiled(section)
        own = own_phrases(channel)
        context |= channel_context(request, channel, AREA)
        context |= {
            "rows": _rows(ready, section, services.all_phrases(own)),
            "total": len(services.all_phrases(own)),
            "shipped": _shipped(section),
            "test": _test(request, ready, request.headers.get("Accept-Language", ""), "", own),
            "phrase_ids": list(services.all_phrases(own)),
        }
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def _rows(ready: rules.Compiled, section: Section, wanted: frozenset[str]) -> list[dict[str, Any]]:
    """One for each variant: what it is, how complete, where its missing phrases come from."""
    rows = []
    for variant in section["variants"]:
        locale = variant["locale"]
        there = services.completeness(ready, locale, wanted)
        rows.append(
            {
                "name": variant["name"],
                "locale": locale,
                "called": languages.name(locale),
                "changed": len(variant["phrases"]),
                "there": there,
                "percent": there * 100 // len(wanted),
                "missing": len(wanted) - there,
                "chain": steps(ready, section, locale),
            }
        )
    return rows


def steps(ready: rules.Compiled, section: Section, locale: str) -> list[dict[str, Any]]:
    """The layers a phrase of `locale` is looked for in, each in words."""
    names = {one["locale"]: one["name"] for one in section["variants"]}
    return [
        {
            "name": names[layer.locale] if layer.source == "variant" else languages.name(layer.locale),
            "twin": layer.source == "catalogue" and layer.locale in names,
            "locale": layer.locale,
            "shipped": layer.source == "catalogue",
            "step": sentences.STEPS[layer.step],
            "layer": layer,
        }
        for layer in ready.chain(locale)
    ]


def _shipped(section: Section) -> list[dict[str, str]]:
    """The languages that come ready and that the channel has no variant of."""
    taken = {rules.key(one["locale"]) for one in section["variants"]}
    found = [
        {
            "locale": locale,
            "lang": locale.replace("_", "-"),
            "name": languages.name(locale),
            "itself": languages.name(locale, locale),
        }
        for locale in catalogue.LOCALES
        if rules.key(locale) not in taken
    ]
    return sorted(found, key=lambda one: one["name"])


@requires(Role.AUDITOR)
@require_safe
def tester(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """Which language a browser gets, and where each phrase comes from. On its own page, or as the fragment."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    header = request.GET.get("accept", request.headers.get("Accept-Language", ""))[:1000]
    own = own_phrases(found)
    test = _test(request, rules.compiled(section), header, request.GET.get("phrase", "")[:200], own)
    if request.htmx:
        return render(request, "translations/_tester.html", {"channel": found, "test": test})
    context = {"channel": found, "test": test, **channel_context(request, found, AREA)}
    return render(request, "translations/tester.html", context)


def _test(
    request: TenantRequest, ready: rules.Compiled, header: str, phrase_id: str, own: dict[str, str]
) -> dict[str, Any]:
    section = {"variants": list(ready.variants.values())}
    resolution = ready.resolve(header)
    chain = steps(ready, section, resolution.locale)
    there = services.all_phrases(own)
    known = [one for one in dict.fromkeys([*catalogue.phrases(), *own]) if one in there]
    phrase_id = phrase_id if phrase_id in known else known[0]
    text, at = own.get(phrase_id, ""), None
    for step in chain:
        said = step["layer"].texts.get(phrase_id)
        if (
            not said
            and step["shipped"]
            and (found := codecs.guide_default(ready, step["locale"], phrase_id, own))
        ):
            said = found.text
        step["text"], step["serves"] = said or "", bool(said) and at is None
        if said and at is None:
            text, at = said, step
    return {
        "header": header,
        "wishes": [
            {
                "tag": wish.tag,
                "quality": wish.quality,
                "locale": wish.locale,
                "met": wish.locale is not None,
                "why": sentences.OUTCOMES[wish.outcome],
            }
            for wish in rules.explain(ready, header)
        ],
        "locale": resolution.locale,
        "lang": resolution.locale.replace("_", "-"),
        "name": languages.name(resolution.locale),
        "why": sentences.OUTCOMES[resolution.reason],
        "chain": chain,
        "phrase": phrase_id,
        "phrases": known,
        "text": text,
        "layer": at,
    }


@requires(Role.TRANSLATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    initial = _suggested(request.GET.get("locale", ""))
    form = AddForm(request.POST if request.method == "POST" else None, section=section, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            services.add_variant(
                found,
                name=values["name"],
                locale=values["locale"],
                fallback=values["fallback"],
                by=request.user,
            )
        except (ValidationError, NotPublishable) as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("The language “%(name)s” was added.") % {"name": values["name"]})
            return _leave(
                request, reverse("translations:phrases", args=[brand, found.public_id, values["locale"]])
            )
    return _small_form(request, form, "translations/add.html", found)


def _suggested(tag: str) -> dict[str, str]:
    locale = rules.canonical(tag)
    if locale is None:
        return {}
    *start, end = locale.split("_")
    country = end if start and len(end) == 2 else ""
    language = "_".join(start) if country else locale
    script = {"TW": "zh_Hant", "CN": "zh_Hans"}.get(country)
    return {
        "name": languages.name(locale),
        "language": script if language == "zh" and script else language,
        "country": country,
    }


@requires(Role.TRANSLATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: TenantRequest, brand: int, channel: str, locale: str) -> HttpResponse:
    found, section, variant = _variant(channel, locale)
    form = ChangeForm(request.POST if request.method == "POST" else None, section=section, variant=variant)
    if request.method == "POST" and form.is_valid() and (now := form.overtaken(variant)) is not None:
        # The form again, from how things stand now, with what was changed here: saving it overtakes nobody.
        form = ChangeForm(section=section, variant=variant)
        form.initial = {**form.initial, **now}
        told = _overtaken(found, section, variant)
        return _small_form(
            request, form, "translations/change.html", found, status=409, variant=variant, overtaken=told
        )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            services.change_variant(
                found, locale, name=values["name"], fallback=values["fallback"], by=request.user
            )
        except (ValidationError, NotPublishable) as refused:
            _tell(form, refused)
        except Variant.DoesNotExist:
            raise Http404 from None
        else:
            messages.success(request, _("The language “%(name)s” was changed.") % {"name": values["name"]})
            return _leave(request, AREA.edit_url(brand, found.public_id))
    return _small_form(request, form, "translations/change.html", found, variant=variant)


@requires(Role.TRANSLATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: TenantRequest, brand: int, channel: str, locale: str) -> HttpResponse:
    found, section, variant = _variant(channel, locale)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        services.delete_variant(found, locale, by=request.user)
        messages.success(request, _("The language “%(name)s” was removed.") % {"name": variant["name"]})
        return _leave(request, AREA.edit_url(brand, found.public_id))
    used_by = [one["name"] for one in section["variants"] if one["fallback"] == locale]
    return _small_form(request, form, "translations/delete.html", found, variant=variant, used_by=used_by)


def _variant(channel: str, locale: str) -> tuple[Channel, Section, dict[str, Any]]:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    variant = services.variant_of(section, locale)
    if variant is None:
        raise Http404
    return found, section, variant


def _overtaken(channel: Channel, section: Section, variant: dict[str, Any]) -> str:
    """Who changed a language, and what it says now."""
    last = last_save(AREA, channel)
    names = {one["locale"]: one["name"] for one in section["variants"]}
    fallback = variant["fallback"]
    return _(
        "%(who)s changed this language while you had it open. It is called “%(name)s” now, its fallback is %(fallback)s. "
        "What you changed stands here; nothing was saved yet. Save again to put it in its place."
    ) % {
        "who": last.actor_label if last else _("Somebody else"),
        "name": variant["name"],
        "fallback": names.get(fallback) or (languages.name(fallback) if fallback else languages.name("en")),
    }


def _tell(form: forms.Form, refused: ValidationError | NotPublishable) -> None:
    if isinstance(refused, NotPublishable):
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return
    for field, said in refused.message_dict.items():
        form.add_error(field if field in form.fields else None, said)


def _small_form(
    request: TenantRequest,
    form: forms.Form,
    template: str,
    channel: Channel,
    *,
    status: int | None = None,
    **context: Any,
) -> HttpResponse:
    """The form on a page of its own, or, asked for by htmx, as what a dialog holds. 422 when it was refused."""
    response = render(
        request,
        template,
        {
            "form": form,
            "channel": channel,
            "base": "channels_config/_dialog.html" if request.htmx else "channels_config/_small_page.html",
            "back": AREA.edit_url(request.organisation.number, channel.public_id),
            **context,
        },
        status=status or (422 if form.is_bound and form.errors else 200),
    )
    response.headers["Vary"] = "HX-Request"
    return response


def _leave(request: TenantRequest, url: str) -> HttpResponse:
    return HttpResponseClientRedirect(url) if request.htmx else HttpResponseRedirect(url)
