"""The page « Publication » of a channel: history, differences, going live and back, rules, and the emergency switch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from areas.contract import NotPublishable, Problem
from areas.registry import areas
from areas.saving import DraftChanged
from channels_config.models import Channel
from channels_config.pages import channel_context, channel_or_404
from kit.documents import digest
from publishing import history as releases
from publishing.models import EnvironmentName, Promotion, Release
from publishing.overview import served_where
from publishing.promotions import (
    FAILURES,
    WarningsUnseen,
    approve,
    ask,
    cancel,
    checked,
    in_words,
    rules_in_words,
    rules_of,
    set_rules,
)
from publishing.publication_forms import ReviewForm, RollBackForm, RulesForm, SwitchForm
from publishing.rollback import concerned, roll_back
from publishing.services import NotPromotable, confirmed_everywhere, newest_release, promotable, wanted_in
from publishing.standing import standing
from publishing.switches import TurnedMeanwhile, switch_of, turn
from tenants.access import TenantRequest, requires
from tenants.roles import Role


def _context(request: TenantRequest, channel: Channel, **more: Any) -> dict[str, Any]:
    return {**channel_context(request, channel), "tab": "publication", **more}


def _back(channel: Channel, brand: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("publishing:history", args=[brand, channel.public_id]))


@requires(Role.AUDITOR)
@require_safe
def history(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    before = request.GET.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    listed, following = releases.releases(found, number)
    base = _context(request, found)
    now = standing(found, base["statuses"])
    publication, rules, promotion = now.publication, now.rules, now.promotion
    may = request.membership.may
    marks = served_where(publication)
    failed = None if promotion is not None else now.failed
    if failed is not None and publication.live is not None and publication.live.number >= failed.number:
        failed = None
    # What was chosen to be compared stays chosen when the list renews itself.
    chosen = [request.GET.get(name, "") for name in ("from", "to")]
    numbers = [str(one.number) for one in listed]
    if not all(one in numbers for one in chosen):
        chosen = [numbers[1], numbers[0]] if len(numbers) > 1 else ["", ""]
    context = dict(
        base,
        publication=publication,
        standing=now.mark,
        two_decide=now.two_decide,
        rows=[
            {
                "release": one,
                "areas": releases.labels(one.areas),
                "marks": marks.get(one.number, []),
                "from": str(one.number) == chosen[0],
                "to": str(one.number) == chosen[1],
            }
            for one in listed
        ],
        following=following,
        several=len(listed) > 1,
        first=number is None,
        in_live=publication.in_live,
        promotion=promotion,
        failed=failed,
        failure=FAILURES.get(failed.failure, "") if failed else "",
        promotion_at=_local(promotion),
        promotion_at_home=_at_home(promotion, request.organisation.time_zone),
        offsets=_offsets(promotion, request.organisation.time_zone),
        switch=now.switch,
        rules=rules,
        may_promote=may(Role.ADMIN),
        may_ask=may(Role.QA),
        may_retry=may(Role.QA),
        may_roll_back=may(Role.ADMIN),
        own=promotion is not None and promotion.asked_by_id == request.user.pk,
    )
    return render(request, "publishing/history.html", context)


def _local(promotion: Promotion | None) -> str:
    """When a planned publication is due, by the clock of the time zone it was planned in."""
    if promotion is None or promotion.at is None:
        return ""
    zone = ZoneInfo(promotion.time_zone or "UTC")
    return f"{in_words(promotion.at.astimezone(zone))} · {zone.key.replace('_', ' ')}"


def _at_home(promotion: Promotion | None, home: str) -> str:
    """The same by the clock of the organisation's time zone, where that says something else."""
    if promotion is None or promotion.at is None or len(_offsets(promotion, home).split()) < 2:
        return ""
    return in_words(promotion.at.astimezone(ZoneInfo(home)))


def _offsets(promotion: Promotion | None, home: str) -> str:
    """Minutes east of UTC of the clocks that the page shows a moment by: a device whose clock is another shows its own as well."""
    if promotion is None or promotion.at is None:
        return ""
    clocks = [promotion.at.astimezone(ZoneInfo(name)) for name in (promotion.time_zone or "UTC", home)]
    return " ".join(
        dict.fromkeys(str(int((one.utcoffset() or timedelta()).total_seconds() // 60)) for one in clocks)
    )


@requires(Role.AUDITOR)
@require_safe
def compare(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """?from=12&to=draft: two releases, or the drafts, or what live has. Without `to`, the drafts; without `from`, live."""
    found = channel_or_404(channel)
    after = releases.state(found, request.GET.get("to") or releases.DRAFT)
    before = releases.state(found, request.GET.get("from") or releases.LIVE)
    if after is None or (before is None and request.GET.get("from") not in {None, "", "live", "0"}):
        raise Http404
    context = _context(
        request,
        found,
        before=before,
        after=after,
        compared=releases.compare(before, after),
        may_roll_back=request.membership.may(Role.ADMIN),
    )
    return render(request, "publishing/compare.html", context)


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def rollback(request: TenantRequest, brand: int, channel: str, release: int) -> HttpResponse:
    """Bring a release, or one area of it (?area=), back as a new release."""
    found = channel_or_404(channel)
    old = Release.objects.filter(channel=found, number=release, removed=False).first()
    area = request.POST.get("area") or request.GET.get("area") or None
    if old is None or (area is not None and area not in old.sections.keys() & {one.name for one in areas()}):
        raise Http404
    form = RollBackForm(request.POST if request.method == "POST" else None)
    problems: list[Any] = []
    overtaken = None
    if request.method == "POST" and form.is_valid():
        try:
            made = roll_back(
                found,
                to=old,
                by=request.user,
                area=area,
                note=form.cleaned_data["note"],
                seen=request.POST.get("seen") or None,
            )
        except NotPublishable as refused:
            problems = refused.problems
        except DraftChanged:
            overtaken = newest_release(found)
        else:
            messages.success(
                request,
                _("The drafts are back at release %(old)s; this is release %(new)s, on its way to test.")
                % {"old": old.number, "new": made.number},
            )
            return _back(found, brand)
    target = releases.of_release(old)
    now = releases.state(found, releases.DRAFT)
    compared = [
        one for one in releases.compare(now, target) if one.name and (area is None or one.name == area)
    ]
    context = _context(
        request,
        found,
        release=old,
        area_name=area,
        form=form,
        compared=compared,
        problems=problems,
        overtaken=overtaken,
        seen=concerned(old, now.sections, area) if now else "",
    )
    context["area"] = None
    status = 409 if overtaken else 422 if problems or (form.is_bound and form.errors) else 200
    return render(request, "publishing/rollback.html", context, status=status)


@requires(Role.QA)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """What would go live, what the checks say, and how: now, at a time, or with a second person's approval.

    Where a second person approves, QA may go through the checklist and ask; an admin decides. Elsewhere QA may look.
    """
    found = channel_or_404(channel)
    asked = request.POST.get("release") or request.GET.get("release") or ""
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
    rules = rules_of(found)
    form = ReviewForm(
        request.POST if request.method == "POST" else None,
        zone=request.organisation.time_zone,
        checklist=rules.checklist,
    )
    may_ask = request.membership.may(Role.ADMIN) or rules.four_eyes
    if request.method == "POST" and not may_ask:
        raise PermissionDenied
    refusal, status = "", 200
    try:
        release = promotable(found, number)
    except NotPromotable as refused:
        context = _context(
            request, found, refusal=refused.sentence, form=None, newest=_newest_in_test(found, number)
        )
        return render(request, "publishing/review.html", context, status=409 if request.POST else 200)
    if request.method != "POST" and wanted_in(found, EnvironmentName.LIVE) == release.number:
        refusal = _(
            "Live has release %(number)s already, the newest that all of test has: there is nothing to put live."
        )
        context = _context(request, found, refusal=refusal % {"number": release.number}, form=None)
        return render(request, "publishing/review.html", context)
    blocking, warnings = checked(release)
    # What whoever decides was shown beside the release itself, which never changes.
    seen = digest([rules.four_eyes, rules.checklist, sorted(f"{one.area} {one.path}" for one in warnings)])
    if request.method == "POST" and request.POST.get("seen", seen) != seen:
        status = 409
        refusal = _(
            "Meanwhile somebody has changed how releases of this channel go live, or the checks find something else: nothing was done yet. "
            "Look at it again; what you wrote and ticked is still here as far as it still holds."
        )
        form.data = {name: value for name, value in request.POST.items() if name != "warnings_seen"}
    elif request.method == "POST":
        status = 422
        form.ask_for_ticks(warnings=bool(warnings))
        if form.is_valid() and not blocking:
            try:
                promotion = ask(
                    found,
                    number=release.number,
                    by=request.user,
                    note=form.cleaned_data["note"],
                    ticked=form.ticked,
                    warnings_seen=form.cleaned_data["warnings_seen"],
                    at=form.cleaned_data["moment"],
                    time_zone=form.cleaned_data["time_zone"],
                )
            except NotPromotable as refused:
                refusal = str(refused.sentence)
            except NotPublishable as refused:
                blocking = refused.problems
            except WarningsUnseen:
                refusal = _("The checks have found something since this page was opened; look at it first.")
            else:
                messages.success(request, _outcome(promotion))
                return _back(found, brand)
    live = releases.state(found, releases.LIVE)
    state = releases.of_release(release)
    context = _context(
        request,
        found,
        release=release,
        form=form,
        rules=rules,
        blocking=_with_areas(blocking),
        warnings=_with_areas(warnings),
        live=live,
        compared=releases.compare(live, state),
        refusal=refusal,
        seen=seen,
        newest=_newest_in_test(found, release.number),
        may_ask=may_ask,
    )
    return render(request, "publishing/review.html", context, status=status)


def _with_areas(problems: list[Problem]) -> list[tuple[str, Problem]]:
    """Each with the name of the page it is mended on."""
    return [(releases.labels([one.area])[0], one) for one in problems]


def _newest_in_test(channel: Channel, looked_at: int | None) -> Release | None:
    """The release that test has by now, when it is a newer one than what is looked at, and not in live yet."""
    number = confirmed_everywhere(channel, EnvironmentName.TEST)
    if number <= max(looked_at or 0, wanted_in(channel, EnvironmentName.LIVE)):
        return None
    return (
        Release.objects.filter(channel=channel, number=number, removed=False)
        .defer("sections", "channel_facts")
        .first()
    )


def _outcome(promotion: Promotion) -> str:
    if promotion.state == Promotion.State.WAITING:
        return _("Release %(number)s waits for a second person's approval.") % {"number": promotion.number}
    if promotion.state == Promotion.State.SCHEDULED:
        return _("Release %(number)s goes live at %(at)s.") % {
            "number": promotion.number,
            "at": _local(promotion),
        }
    return _("Release %(number)s is on its way to live.") % {"number": promotion.number}


@requires(Role.QA)
@require_POST
def decide(request: TenantRequest, brand: int, channel: str, number: int) -> HttpResponse:
    """Approve (decision=approve) or call off (decision=cancel) what was asked for; the latter whoever asked for it, too."""
    found = channel_or_404(channel)
    promotion = Promotion.objects.filter(channel=found, pk=number).first()
    if promotion is None:
        raise Http404
    own = promotion.asked_by_id == request.user.pk and request.POST.get("decision") != "approve"
    if not (own or request.membership.may(Role.ADMIN)):
        raise PermissionDenied
    try:
        if request.POST.get("decision") == "approve":
            messages.success(request, _outcome(approve(promotion, by=request.user)))
        else:
            cancel(promotion, by=request.user)
            messages.success(
                request, _("Putting release %(number)s live was called off.") % {"number": promotion.number}
            )
    except NotPromotable as refused:
        messages.error(request, str(refused.sentence))
    except NotPublishable as refused:
        messages.error(request, " ".join(str(problem.message) for problem in refused.problems[:3]))
    return _back(found, brand)


@requires(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    found = channel_or_404(channel)
    now = rules_of(found)
    initial = {
        "live_on_save": now.live_on_save,
        "four_eyes": now.four_eyes,
        "checklist": "\n".join(now.checklist),
    }
    form = RulesForm(request.POST if request.method == "POST" else None, initial=initial)
    seen = digest(initial)
    if request.method == "POST" and form.is_valid() and request.POST.get("seen", seen) != seen:
        words = ", ".join(
            rules_in_words(live_on_save=now.live_on_save, four_eyes=now.four_eyes, checklist=now.checklist)
        )
        told = _(
            "Somebody else changed these rules in the meantime. Releases now go live like this: %(rules)s. "
            "What you chose is still here; save again if it is to count."
        )
        form.add_error(None, told % {"rules": words})
        context = _context(request, found, form=form, seen=seen)
        return render(request, "publishing/rules.html", context, status=409)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        set_rules(
            found,
            live_on_save=data["live_on_save"],
            four_eyes=data["four_eyes"],
            checklist=data["checklist"],
            by=request.user,
        )
        messages.success(request, _("The rules of publication were saved."))
        return _back(found, brand)
    status = 422 if form.is_bound and form.errors else 200
    return render(
        request, "publishing/rules.html", _context(request, found, form=form, seen=seen), status=status
    )


@requires(Role.ADMIN)
@require_POST
def switch(request: TenantRequest, brand: int, channel: str) -> HttpResponse:
    """The emergency switch: `hidden` and `scripts_off` say how it is to stand."""
    found = channel_or_404(channel)
    form = SwitchForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The reason has at most 500 characters."))
        return _back(found, brand)
    former = switch_of(found)
    try:
        turned = turn(found, by=request.user, **form.cleaned_data)
    except NotPromotable as refused:
        messages.error(request, str(refused.sentence))
        return _back(found, brand)
    except TurnedMeanwhile as meanwhile:
        told = _(
            "%(who)s turned the switch in the meantime, so nothing was changed. See how it stands now, and decide again."
        )
        messages.error(request, told % {"who": meanwhile.switch.turned_by})
        return _back(found, brand)
    if turned.revision == (former.revision if former else 0):
        messages.info(request, _("The switch stood like that already; nothing was changed."))
    elif turned.hidden:
        messages.success(request, _("The widget is being hidden in live."))
    elif turned.scripts_off:
        messages.success(request, _("The channel's JavaScript is being switched off in live."))
    else:
        messages.success(request, _("Live goes back to what was published."))
    return _back(found, brand)
