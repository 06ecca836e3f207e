"""Saving custom fields and forms, and bringing the newest form to every channel that asks it.

A form's row says what is meant; each channel's copy of it is what is published (`ChannelSurvey`). Saving raises the form's revision
in one transaction; `roll_out` then takes the channels that are behind one by one, each in a transaction of its own, so that a save is
over at once whether three channels ask the form or three hundred, and one channel that cannot be published keeps no other waiting.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas.contract import NotPublishable
from areas.registry import uses_of_field
from areas.saving import publisher, save_draft
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from kit.documents import digest
from surveys import rules
from surveys.area import AREA
from surveys.models import ChannelSurvey, ConsentText, CustomField, SurveyForm
from surveys.section import check, compose, empty

log = structlog.get_logger(__name__)

register("survey.field_created", _("%(actor)s created the custom field “%(field)s”"))
register("survey.field_saved", _("%(actor)s changed the custom field “%(field)s”"))
register("survey.field_deleted", _("%(actor)s deleted the custom field “%(field)s”"))
register("survey.form_created", _("%(actor)s created the form “%(form)s”"))
register("survey.form_saved", _("%(actor)s changed the form “%(form)s”"))
register("survey.form_deleted", _("%(actor)s deleted the form “%(form)s”"))
register("survey.form_given", _("%(actor)s gave the form “%(form)s” to further channels (%(count)s)"))

#: Channels brought up to date within the request that saved the form; more are left to a worker.
AT_ONCE = 5


class Overtaken(Exception):
    """Somebody else saved in between. `current` is what stands there now."""

    def __init__(self, current: dict[str, Any]) -> None:
        super().__init__("changed since it was read")
        self.current = current


class InUse(Exception):
    """Something cannot go: `uses` says where it is used, in a person's words."""

    def __init__(self, uses: list[str]) -> None:
        super().__init__(", ".join(uses))
        self.uses = uses


# -- custom fields ----------------------------------------------------------------------------------------------------


def field_seen(field: CustomField) -> str:
    """What the field's page carries to say which state it was filled from."""
    return digest(field_values(field))


def field_values(field: CustomField) -> dict[str, Any]:
    return {"label": field.label, "level": field.level, "kind": field.kind, "values": field.values}


def forms_asking(ident: str) -> list[SurveyForm]:
    """The forms with a question for this field."""
    return list(SurveyForm.objects.filter(document__items__contains=[{"ident": ident}]))


def channels_keeping(ident: str) -> list[ChannelSurvey]:
    """Channels whose own, earlier copy of a form asks for this field."""
    return list(
        ChannelSurvey.objects.filter(
            detached=True, section__form__items__contains=[{"ident": ident}], channel__deleted_at=None
        ).select_related("channel")
    )


def create_field(
    *, ident: str, label: str, kind: str, level: str, values: list[dict[str, Any]], by: User | None
) -> CustomField:
    """A new custom field. Raises ValidationError when the ident is taken, or there are too many."""
    if CustomField.objects.count() >= rules.MOST_FIELDS:
        raise ValidationError(_("There can be 200 custom fields at most."), code="too_many")
    field = CustomField(ident=ident, label=label, kind=kind, level=level, values=values)
    try:
        with transaction.atomic():
            field.save()
    except IntegrityError as error:
        raise ValidationError(
            {"ident": _("Your organisation has a custom field of this ident already.")}
        ) from error
    record("survey.field_created", by=by, subject=ident, field=label)
    _raise_revisions(by)
    return field


def save_field(
    field: CustomField,
    *,
    label: str,
    kind: str,
    level: str,
    values: list[dict[str, Any]],
    seen: str | None,
    by: User,
) -> CustomField:
    """Change a field; its ident stays for ever. Raises Overtaken, InUse (an option that a form's condition or default names)."""
    field = CustomField.objects.select_for_update().get(pk=field.pk)
    if seen is not None and seen != field_seen(field):
        raise Overtaken(field_values(field))
    before = field_values(field)
    field.label, field.kind, field.level, field.values = label, kind, level, values
    if field_values(field) == before:
        return field
    _refuse_what_forms_need(field, before)
    field.save()
    record("survey.field_saved", by=by, subject=field.ident, field=label)
    _raise_revisions(by)
    return field


def _refuse_what_forms_need(field: CustomField, before: Mapping[str, Any]) -> None:
    uses: list[str] = []
    for form in forms_asking(field.ident):
        fields = [one for one in compose(form)["fields"] if one["ident"] != field.ident]
        changed = {"ident": field.ident, **field_values(field)}
        after = {one["ident"]: one for one in [*fields, changed]}
        then = {**after, field.ident: {"ident": field.ident, **before}}
        known = {(one.path, one.code) for one in rules.form_findings(form.document, then)}
        for one in rules.form_findings(form.document, after):
            if (one.path, one.code) not in known:
                uses.append(form.name)
                break
    if uses:
        raise InUse(uses)


def delete_field(field: CustomField, *, by: User) -> None:
    """Remove a field no form asks for, and no other area fills. Raises InUse."""
    field = CustomField.objects.select_for_update().get(pk=field.pk)
    uses = [form.name for form in forms_asking(field.ident)]
    uses += [str(one.channel) for one in channels_keeping(field.ident)]
    uses += uses_of_field(field.ident)
    if uses:
        raise InUse(uses)
    field.delete()
    record("survey.field_deleted", by=by, subject=field.ident, field=field.label)
    _raise_revisions(by)


def _raise_revisions(by: User | None) -> None:
    """Every form lists all fields to the environment, so every form is of another state now."""
    SurveyForm.objects.update(revision=F("revision") + 1, saved_by=by)
    forget_troubles()


# -- forms ------------------------------------------------------------------------------------------------------------


def form_seen(form: SurveyForm) -> str:
    """What the builder carries to say which state of the form it was filled from."""
    return digest({"name": form.name, **form.document})


def save_form(
    form: SurveyForm | None, *, name: str, document: Mapping[str, Any], seen: str | None, by: User
) -> SurveyForm:
    """Make a form, or change it. Raises Overtaken, ValidationError (the name is taken), NotPublishable.

    A consent whose words differ from the newest saved ones becomes a new version; all versions are kept.
    """
    if form is not None:
        form = SurveyForm.objects.select_for_update().get(pk=form.pk)
        if seen is not None and seen != form_seen(form):
            raise Overtaken({"name": form.name, **form.document})
    items = [dict(one) for one in document["items"]]
    idents = [one["ident"] for one in items if one["type"] == "field"]
    # A field that is being deleted is waited for, and then is not there.
    there = set(
        CustomField.objects.select_for_update()
        .filter(ident__in=idents)
        .order_by("pk")
        .values_list("ident", flat=True)
    )
    made = form or SurveyForm()
    made.name = name
    made.document = {
        "title": document["title"],
        "intro": document["intro"],
        "submit": document["submit"],
        "items": [_versioned(form, one) if one["type"] == "consent" else one for one in items],
    }
    section = compose(made)
    section["fields"] = [
        one for one in section["fields"] if one["ident"] in there or one["ident"] not in idents
    ]
    refused = check(section, {})
    if refused:
        raise NotPublishable(refused)
    made.saved_by = by
    made.revision = (form.revision if form else 0) + 1
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise ValidationError({"name": _("Your organisation has a form of this name already.")}) from error
    for one in made.document["items"]:
        if one["type"] == "consent":
            ConsentText.objects.get_or_create(
                form=made,
                ident=one["ident"],
                version=one["version"],
                defaults={"form_name": name, "text": one["text"], "author_label": str(by)},
            )
    record(
        "survey.form_saved" if form else "survey.form_created", by=by, subject=str(made.public_id), form=name
    )
    return made


def _versioned(form: SurveyForm | None, item: dict[str, Any]) -> dict[str, Any]:
    newest = (
        ConsentText.objects.filter(form=form, ident=item["ident"]).order_by("-version").first()
        if form
        else None
    )
    if newest is None:
        return {**item, "version": 1}
    return {**item, "version": newest.version + (newest.text != item["text"])}


def delete_form(form: SurveyForm, *, by: User) -> None:
    """Remove a form no channel asks. Raises InUse."""
    form = SurveyForm.objects.select_for_update().get(pk=form.pk)
    uses = [
        str(one.channel)
        for one in form.channels.filter(channel__deleted_at=None)
        .select_related("channel")
        .order_by("channel__name")
    ]
    if uses:
        raise InUse(uses)
    record("survey.form_deleted", by=by, subject=str(form.public_id), form=form.name)
    form.delete()


# -- channels ---------------------------------------------------------------------------------------------------------


def ask_on(channel: Channel, form: SurveyForm | None, *, seen: str | None, by: User) -> Any:
    """Let a channel ask the form as it stands now, or none. Returns the release. Raises DraftChanged, NotPublishable."""

    def apply() -> None:
        if form is None:
            ChannelSurvey.objects.filter(channel=channel).update(
                form=None, section=empty(), revision=0, detached=False, trouble=""
            )
            return
        current = SurveyForm.objects.select_for_update().get(pk=form.pk)
        values = {
            "form": current,
            "section": compose(current),
            "revision": current.revision,
            "detached": False,
            "trouble": "",
        }
        if not ChannelSurvey.objects.filter(channel=channel).update(**values):
            ChannelSurvey.objects.create(channel=channel, **values)

    return save_draft(channel, AREA, apply, seen=seen, by=by)


#: Channels that can cease to ask a form within one request; of those that begin, more than AT_ONCE are left to a worker.
MOST_TO_END = 25


def asks(draft: ChannelSurvey | None) -> str:
    """What a channel asks, as a page carries it to say which state it showed: "" nothing; the form's public id; with "!" behind it, an
    earlier state of that form; "!" alone, a form of its own."""
    if draft is None:
        return ""
    if draft.form is None:
        return "!" if draft.section["form"] is not None else ""
    return f"{draft.form.public_id}!" if draft.detached else str(draft.form.public_id)


@dataclass
class Served:
    """What became of each channel: those that ask the form now or very soon, that ceased to, that somebody else changed
    meanwhile, and those that cannot be published, each with a sentence."""

    begun: list[Channel] = made_by(default_factory=list)
    ended: list[Channel] = made_by(default_factory=list)
    overtaken: list[Channel] = made_by(default_factory=list)
    refused: list[tuple[Channel, str]] = made_by(default_factory=list)


class TooMany(Exception):
    """More channels than `MOST_TO_END` would cease to ask the form."""


def serve(form: SurveyForm, *, wanted: Collection[str], shown: Mapping[str, str], by: User) -> Served:
    """Let the channels `wanted` (public ids) ask the form, and of all others `shown` none. Raises TooMany.

    `shown` says what each channel asked when the page was opened (`asks`): what has another form since is left alone, as is a channel
    the page did not show.
    """
    id_ = str(form.public_id)
    changed = [one for one, was in shown.items() if (one in wanted) != (was == id_)]
    if sum(one not in wanted for one in changed) > MOST_TO_END:
        raise TooMany
    channels = (
        Channel.objects.select_for_update(of=("self",))
        .filter(public_id__in=changed)
        .select_related("survey__form")
        .order_by("name")
    )
    made, later = Served(), list[Channel]()
    for channel in channels:
        begins = channel.public_id in wanted
        if asks(getattr(channel, "survey", None)) != shown[channel.public_id]:
            made.overtaken.append(channel)
        elif begins and len(made.begun) >= AT_ONCE:
            later.append(channel)
        else:
            try:
                ask_on(channel, form if begins else None, seen=None, by=by)
            except NotPublishable as refused:
                made.refused.append((channel, " ".join(str(one.message) for one in refused.problems)))
            else:
                (made.begun if begins else made.ended).append(channel)
    if later:
        _leave_to_worker(form, later, by)
        made.begun += later
    return made


def _leave_to_worker(form: SurveyForm, channels: Sequence[Channel], by: User) -> None:
    """Tie channels to a form whose newest state they do not have yet: `roll_out` brings it to them."""
    values = {"form": form, "revision": 0, "detached": False, "trouble": ""}
    drafts = ChannelSurvey.objects.filter(channel__in=channels)
    there = set(drafts.values_list("channel_id", flat=True))
    drafts.update(**values)
    for one in channels:
        if one.pk not in there:
            ChannelSurvey.objects.create(channel=one, section=empty(), **values)
    SurveyForm.objects.filter(pk=form.pk).update(saved_by=by)
    record("survey.form_given", by=by, subject=str(form.public_id), form=form.name, count=str(len(channels)))


def behind() -> Any:
    """The drafts of channels that are to follow their form, and have not yet."""
    return (
        ChannelSurvey.objects.filter(detached=False, form__isnull=False, channel__deleted_at=None)
        .exclude(revision=F("form__revision"))
        .filter(Q(trouble=""))
        .order_by("pk")
    )


def roll_out(*, most: int, form: SurveyForm | None = None) -> int:
    """Bring at most `most` channels that are behind to the newest state of their form; how many are left after that.

    Runs in the organisation's scope. A channel that cannot be published says why on its row, and is tried again when the form is saved.
    """
    waiting = behind() if form is None else behind().filter(form=form)
    for draft in waiting.select_related("channel")[:most]:
        _take_over(draft)
    return int(waiting.count())


def _take_over(draft: ChannelSurvey) -> None:
    try:
        with transaction.atomic():
            channel = Channel.objects.select_for_update().get(pk=draft.channel_id)
            form = SurveyForm.objects.select_related("saved_by").get(channels=draft)
            ChannelSurvey.objects.filter(pk=draft.pk).update(
                section=compose(form), revision=form.revision, trouble=""
            )
            publisher()(channel, areas=["surveys"], by=form.saved_by)
    except NotPublishable as refused:
        ChannelSurvey.objects.filter(pk=draft.pk).update(
            trouble="; ".join(str(one.message) for one in refused.problems)[:1000]
        )
        log.warning("survey.not_published", channel=draft.channel.public_id)


@dataclass(frozen=True)
class Progress:
    """How far a form has come: channels that ask it, those that have its newest state, and what stands in the way."""

    total: int
    done: int
    detached: list[ChannelSurvey]
    troubled: list[ChannelSurvey]

    @property
    def running(self) -> bool:
        return self.done + len(self.troubled) < self.total


def progress(form: SurveyForm) -> Progress:
    return progresses([form])[form.pk]


def progresses(forms: Sequence[SurveyForm]) -> dict[int, Progress]:
    """The progress of each form by its key, in one query."""
    drafts: dict[int | None, list[ChannelSurvey]] = {}
    for one in (
        ChannelSurvey.objects.filter(form__in=forms, channel__deleted_at=None)
        .select_related("channel")
        .defer("section")
        .order_by("channel__name")
    ):
        drafts.setdefault(one.form_id, []).append(one)
    return {form.pk: _progress(form, drafts.get(form.pk, [])) for form in forms}


def _progress(form: SurveyForm, drafts: list[ChannelSurvey]) -> Progress:
    following = [one for one in drafts if not one.detached]
    return Progress(
        total=len(following),
        done=sum(one.revision == form.revision for one in following),
        detached=[one for one in drafts if one.detached],
        troubled=[one for one in following if one.trouble and one.revision != form.revision],
    )


def forget_troubles(form: SurveyForm | None = None) -> None:
    """Let channels that could not be published be tried again."""
    drafts = ChannelSurvey.objects.exclude(trouble="")
    (drafts if form is None else drafts.filter(form=form)).update(trouble="")
