"""The page « File restrictions » of a channel, what its pick list asks for, and the tester of files."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET, require_http_methods
from django_htmx.http import reswap, retarget, trigger_client_event

from areas.conflicts import conflict, together
from areas.contract import NotPublishable, Section
from areas.saving import DraftChanged, save_draft
from areas.visitors import Reader, visitors
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from file_restrictions import media_types, rules
from file_restrictions.area import AREA
from file_restrictions.forms import FileRestrictionsForm
from file_restrictions.presets import PRESETS, understood, usual_description
from file_restrictions.sentences import DID_YOU_MEAN, PROBLEMS, verdict_sentence, visitor_message
from kit.documents import digest
from tenants.access import TenantRequest, requires
from tenants.roles import Role


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        return _page(request, found, _form(request, section), section, saved="saved" in request.GET)
    if not request.membership.may(AREA.edit_role):
        raise PermissionDenied
    form = _form(request, section, request.POST)
    if "act" in request.POST:
        return _act(request, found, form, section, request.POST["act"])
    if not form.is_valid():
        return _page(request, found, form, section, status=422)
    opened = form.cleaned_data["seen"] or None
    if "together" in request.POST:
        both = together(AREA, found, theirs=section, mine=form.section(), seen=opened)
        if both is not None:
            form = _form(request, both.section, seen=digest(section))
            return _page(request, found, form, section, conflict=both.conflict)
    seen = request.POST.get("over") or opened
    try:
        release = save_draft(
            found, AREA, lambda: AREA.load(found, form.section()), seen=seen, by=request.user
        )
    except NotPublishable as refused:
        for problem in refused.problems:
            form.add_error(None, str(problem.message))
        return _page(request, found, form, section, status=422)
    except DraftChanged as changed:
        beside = conflict(AREA, found, theirs=changed.section, mine=form.section(), seen=opened)
        return _page(request, found, form, section, status=409, conflict=beside)
    if not request.htmx:
        return HttpResponseRedirect(f"{request.path}?saved")
    return _saved(request, found, form, release.sections[AREA.name])


def _act(
    request: TenantRequest, channel: Channel, form: FileRestrictionsForm, section: Section, act: str
) -> HttpResponse:
    """A button of the list, pressed in a page without script: the list is shown changed, and not saved yet."""
    form.is_valid()
    if act == "defaults":
        fresh = rules.default_section()
        shown = _form(request, fresh, seen=request.POST.get("seen", ""))
        return _page(request, channel, shown, section, pending=True)
    made = form.act(act)
    if made is None:
        if not form.add_errors:
            form.add_errors.append(
                gettext("“%(value)s” is no media type or extension known here.") % {"value": form.add_text}
            )
        return _page(request, channel, form, section, status=422, pending=True)
    posted = request.POST.copy()
    for name, key in (("media_type", "media_type"), ("description", "description"), ("size", "max_size_mb")):
        posted.setlist(name, [str(one[key] or "") for one in made["allowed_types"]])
    again = _form(request, section, posted)
    again.add_text = form.add_text
    again.is_valid()
    return _page(request, channel, again, section, pending=True)


def _saved(
    request: TenantRequest, channel: Channel, posted: FileRestrictionsForm, section: Section
) -> HttpResponse:
    """The form as it was saved; or its bar alone where the page says just that already, so that nobody's cursor moves."""
    form = _form(request, section)
    same = [(one.media_type, one.description, one.size) for one in posted.rows] == [
        (one.media_type, one.description, one.size) for one in form.rows
    ]
    typed = str(posted["max_size_mb"].data).strip() == str(section["max_size_mb"])
    if same and typed and not any(one.notes for one in form.rows) and "whole" not in request.POST:
        response = render(
            request,
            "channels_config/_saved.html",
            {"form": form, "saved": True, "may_edit": True, "status_url": _status_url(request, channel)},
        )
        response = retarget(reswap(response, "outerHTML"), "#settings .save-bar")
    else:
        response = _page(request, channel, form, section, saved=True)
    return trigger_client_event(response, "saved")


@requires(Role.AUDITOR)
@require_GET
def types(request: TenantRequest, brand: int, channel: str) -> JsonResponse:
    """What somebody means who typed `?q=`: {"media_type" or null, "description", "error", "suggestions"}."""
    channel_or_404(channel)
    typed = request.GET.get("q", "")[:300]
    found, near = understood(typed)
    text = typed.strip().lower()
    note = ""
    if found is None and media_types.is_type(text):
        # A well-formed type that is new to us may be meant.
        problems = rules.problems(
            {
                **rules.default_section(),
                "allowed_types": [{"media_type": text, "description": "", "max_size_mb": None}],
            }
        )
        if not any(one.level == "error" for one in problems) and not near:
            found = text
    if found is None:
        note = str(PROBLEMS["empty" if not text else "malformed"]) % {"value": typed}
        if media_types.is_type(text):
            note = str(PROBLEMS["unknown_type"]) % {"value": typed}
    return JsonResponse(
        {
            "media_type": found,
            "description": usual_description(found) if found else "",
            "error": note,
            "ask": str(DID_YOU_MEAN) % {"suggestions": ""} if near else "",
            "suggestions": list(near),
        }
    )


@requires(Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def tester(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The verdict on a file, by the list as it stands on the page; nothing is kept, neither file nor list."""
    found = channel_or_404(channel)
    section = AREA.dump(found)
    if request.method != "POST":
        return HttpResponseRedirect(AREA.edit_url(brand, channel))
    rules_now, typed = section, False
    if "media_type" in request.POST or "max_size_mb" in request.POST:
        form = _form(request, section, request.POST)
        form.is_valid()
        rules_now = form.closest(section)
        typed = rules_now != section
    reader = visitors(found).reader(request.POST.get("visitor", "")[:100] or get_language() or "")
    context: dict[str, Any] = {"typed": typed, "visitor": reader}
    file = request.FILES.get("file")
    if file is None:
        context["error"] = gettext("Choose a file first.")
    else:
        context["tested"] = judged(rules_now, file, reader)
    if request.htmx:
        return render(
            request, "file_restrictions/_verdict.html", context, status=422 if file is None else 200
        )
    return _page(
        request, found, _form(request, section), section, status=422 if file is None else 200, **context
    )


def judged(section: Section, file: UploadedFile[Any], reader: Reader) -> dict[str, Any]:
    """The verdict in words, and the very message of this visitor. The file stays on the disk it was spooled to."""
    size = getattr(file, "whole_size", None) or file.size or 0
    verdict = rules.verdict(section, file.name or "", file.content_type or "", size, file.file)  # type: ignore[arg-type]
    return {
        "verdict": verdict,
        "sentence": verdict_sentence(verdict),
        "message": None if verdict.accepted else visitor_message(verdict, section, reader),
        "size": size,
    }


def _form(
    request: TenantRequest, section: Section, data: Any = None, *, seen: str = ""
) -> FileRestrictionsForm:
    form = FileRestrictionsForm(
        data, section=section, may_edit=request.membership.may(AREA.edit_role), seen=seen or digest(section)
    )
    # What stands half written in the box that adds outlives whatever is done with the list.
    form.add_text = request.POST.get("add", "")
    return form


def _url(request: TenantRequest, channel: Channel, name: str) -> str:
    return reverse(f"file_restrictions:{name}", args=[request.organisation.number, channel.public_id])


def _status_url(request: TenantRequest, channel: Channel) -> str:
    return reverse("publishing:saved", args=[request.organisation.number, channel.public_id])


def _page(
    request: TenantRequest,
    channel: Channel,
    form: FileRestrictionsForm,
    section: Section,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    context = {
        "form": form,
        "may_edit": request.membership.may(AREA.edit_role),
        "presets": [(name, preset.label) for name, preset in PRESETS.items()],
        "status_url": _status_url(request, channel),
        "refused": status == 422 or bool({"pending", "conflict"} & extra.keys()),
        **{f"{name}_url": _url(request, channel, name) for name in ("edit", "types", "tester")},
        **extra,
    }
    template = "file_restrictions/_form.html"
    if not request.htmx:
        template = "file_restrictions/page.html"
        context |= channel_context(request, channel, AREA)
        context["pick_list"] = media_types.pick_list()
        readers = visitors(channel)
        context["languages"] = readers.languages()
        context.setdefault("visitor", readers.reader(get_language() or ""))
    response = render(request, template, context, status=status)
    response.headers["Vary"] = "HX-Request"
    return response
