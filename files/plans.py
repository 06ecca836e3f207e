"""What importing files would do, and doing it: the same code looks and acts, so that a dry run tells the truth.

A channel is found by its id, else by its name; one that is not there is created under an id of its own. Only the areas a file
speaks of are touched. A look makes everything, in the order of the files, and undoes it: so each channel finds those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas import registry
from areas.belongings import Kept
from areas.contract import GUIDE_KIND, Area, NotPublishable, Problem, Section
from areas.differences import Change, differences, said
from audit.sentences import register
from audit.services import acting, record
from channels_config.models import Channel, new_guide_id
from channels_config.services import clean_name, create_channel, rename_channel
from files import beside
from files.documents import ChannelFile, going_live
from kit.documents import digest
from publishing.models import Rules
from publishing.promotions import set_rules
from publishing.services import publish


def _area_labels(names: Any) -> str:
    return ", ".join(str(registry.area(name).label) for name in names)


register(
    "channel.imported",
    _("%(actor)s imported “%(areas)s” into the channel “%(channel)s” from %(source)s"),
    areas=_area_labels,
)

Action = Literal["create", "update", "same", "refused"]


@dataclass(frozen=True)
class AreaPlan:
    """One area of one channel: what differs (secrets never shown), and the section as the file has it.

    Secrets are in it as they were typed: what they become is decided when the step is taken, for what a look made of them is gone.
    """

    area: Area
    changes: list[Change]
    given: Section
    secret_only: bool = False
    #: What is made in the organisation beside the channel, in sentences.
    makes: list[str | Promise] = field(default_factory=list)


@dataclass(frozen=True)
class Step:
    """What becomes of one channel. `problems` that block make it "refused"; `notes` are worth a look."""

    file: ChannelFile
    action: Action
    channel: Channel | None = None
    new_name: str = ""
    areas: list[AreaPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[str | Promise] = field(default_factory=list)
    #: What changes in how releases go live.
    going_live: list[Change] = field(default_factory=list)
    #: Digest of the drafts the plan was made from, by area.
    seen: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.channel.name if self.channel else self.file.name

    @property
    def told_problems(self) -> list[Told]:
        return [told(one) for one in self.problems]

    @property
    def told_warnings(self) -> list[Told]:
        return [told(one) for one in self.warnings]

    @property
    def change_count(self) -> int:
        return (
            sum(max(1, len(one.changes)) for one in self.areas) + len(self.going_live) + bool(self.new_name)
        )


@dataclass(frozen=True)
class Told:
    """A problem for people: the area by its label, the place in it, the sentence."""

    label: str
    place: str
    message: str

    def __str__(self) -> str:
        before = f"{self.label} ({self.place})" if self.place and self.label else self.label or self.place
        return (
            gettext("%(place)s: %(message)s") % {"place": before, "message": self.message}
            if before
            else self.message
        )


def told(problem: Problem) -> Told:
    """What a person is told of a problem; an area this installation does not have has only its name."""
    labels = {area.name: str(area.label) for area in registry.areas()}
    return Told(labels.get(problem.area, problem.area), problem.path, str(problem.message))


class ChangedSince(Exception):
    """The channel was saved by somebody after the plan was made."""


class Refused(Exception):
    """A step cannot be taken; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{one.area}.{one.path}: {one.message}" for one in problems))
        self.problems = problems


#: In `Step.seen`: the digest of the rules by which releases go live.
GOING_LIVE = "going_live"


def plan(
    files: Sequence[ChannelFile], *, into: Channel | None = None, kept: Kept | None = None
) -> list[Step]:
    """One step for each channel of the files, in their order; changes nothing. `into` is the channel one file is for.

    `kept` is what the files bring for the organisation itself, and what is made before any channel; it has passed `beside.check`.
    """
    with transaction.atomic():
        mark = transaction.savepoint()
        if kept:
            beside.make(kept, by=None)
        steps = _plan(files, into)
        transaction.savepoint_rollback(mark)
    return steps


def _plan(files: Sequence[ChannelFile], into: Channel | None) -> list[Step]:
    by_id = {into.public_id: into} if into is not None else {one.public_id: one for one in _meant(files)}
    by_name = {one.name.lower(): one for one in by_id.values()}
    taken: set[Any] = set()
    names: set[str] = set()
    steps: list[Step] = []
    for file in files:
        notes: list[str | Promise] = []
        channel = into
        if into is None:
            channel = by_id.get(file.public_id)
            if channel is None:
                channel = by_name.get(" ".join(file.name.split()).lower())
                if channel is not None and file.public_id:
                    notes.append(_("Found by its name: no channel has the id of the file."))
        key = channel.pk if channel else " ".join(file.name.split()).lower()
        if key in taken:
            problem = Problem("", "name", _("Another part of the import describes the same channel."))
            steps.append(Step(file, "refused", channel, problems=[problem]))
            continue
        taken.add(key)
        step = plan_channel(file, channel, rename=into is None, notes=notes)
        final = (step.new_name or step.name).lower()
        owner = by_name.get(final)
        if (final in names and into is None) or (
            step.new_name and owner is not None and owner.pk != (channel.pk if channel else None)
        ):
            problem = Problem("", "name", _("Your organisation has a channel of this name already."))
            step = Step(file, "refused", channel, problems=[problem])
        names.add(final)
        steps.append(step)
    return steps


def _meant(files: Sequence[ChannelFile]) -> Iterable[Channel]:
    """The channels that have an id or a name of the files."""
    names = {" ".join(file.name.split()).lower() for file in files}
    return Channel.every.alias(lower_name=Lower("name")).filter(
        Q(public_id__in={file.public_id for file in files}) | Q(lower_name__in=names)
    )


def plan_channel(
    file: ChannelFile, channel: Channel | None, *, rename: bool = True, notes: Sequence[str | Promise] = ()
) -> Step:
    """The step for one file and the channel it is meant for (None: a new one). What it would make is left for those after it."""
    told = list(notes)
    try:
        name = clean_name(file.name)
    except ValidationError as refused:
        return Step(file, "refused", channel, problems=[Problem("", "name", refused.messages[0])])
    new_name = name if rename and channel is not None and channel.name != name else ""
    if channel is not None and channel.kind != file.kind:
        told.append(
            _("The file is of a channel of the other kind; the kind of a channel never changes, and stays.")
        )
    with transaction.atomic():
        mark = transaction.savepoint()
        target = channel if channel is not None else Channel(name=name, kind=file.kind)
        if channel is None:
            if Channel.every.filter(name__iexact=name).exists():
                transaction.savepoint_rollback(mark)
                problem = Problem("", "name", _("Your organisation has a channel of this name already."))
                return Step(file, "refused", None, problems=[problem])
            if file.kind == GUIDE_KIND:
                target.public_id = new_guide_id()
            target.save()
        current = {area.name: area.dump(target) for area in registry.areas_of(target.kind)}
        rules = going_live(target)
        found, areas = _look(file, target, current)
        blocking = [one for one in found if one.blocking]
        if blocking:
            transaction.savepoint_rollback(mark)
    told += [sentence for one in areas for sentence in one.makes]
    ways = _rule_changes(rules, file.going_live)
    if blocking:
        action: Action = "refused"
    elif channel is None:
        action = "create"
    else:
        action = "update" if areas or new_name or ways else "same"
    return Step(
        file=file,
        action=action,
        channel=channel,
        new_name=new_name,
        areas=areas,
        problems=blocking,
        warnings=[one for one in found if not one.blocking],
        notes=told,
        going_live=ways,
        seen={
            **{name: digest(section) for name, section in current.items()},
            GOING_LIVE: digest(rules),
        }
        if channel
        else {},
    )


def _rule_changes(now: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> list[Change]:
    """What of the rules by which releases go live a file changes."""
    if wanted is None:
        return []
    found = [
        Change((str(Rules._meta.get_field(name).verbose_name),), "value", said(now[name]), said(wanted[name]))  # type: ignore[union-attr]
        for name in ("live_on_save", "four_eyes")
        if now[name] != wanted[name]
    ]
    gone = [line for line in now["checklist"] if line not in wanted["checklist"]]
    new = [line for line in wanted["checklist"] if line not in now["checklist"]]
    if gone or new:
        label = (pgettext("sentences to tick", "Checklist"),)
        found.append(
            Change(label, "list", removed=gone, added=new, removed_count=len(gone), added_count=len(new))
        )
    elif now["checklist"] != wanted["checklist"]:
        label = (pgettext("sentences to tick", "Checklist"),)
        found.append(
            Change(label, "value", before=gettext("the same entries"), after=gettext("in another order"))
        )
    return found


def _look(
    file: ChannelFile, channel: Channel, current: Mapping[str, Section]
) -> tuple[list[Problem], list[AreaPlan]]:
    """What is wrong with the file's sections, and what differs, the sections having been written and read back."""
    problems = [
        Problem(str(name), "", _("This installation has no such area."))
        for name in file.areas
        if name not in current
    ]
    wanted = dict(current)
    for area in registry.areas_of(channel.kind):
        if area.name in file.areas:
            wanted[area.name] = area.restored(file.areas[area.name], current[area.name])
    touched = [area for area in registry.areas_of(channel.kind) if wanted[area.name] != current[area.name]]
    for area in touched:
        problems += area.check(wanted[area.name], wanted)
    if any(one.blocking for one in problems):
        return problems, [
            AreaPlan(area, [], file.areas[area.name])
            for area in touched
            if not any(one.blocking and one.area == area.name for one in problems)
        ]
    plans: list[AreaPlan] = []
    for area in touched:
        makes = area.makes(wanted[area.name])
        area.load(channel, wanted[area.name])
        written = area.dump(channel)
        if written != current[area.name]:
            changes = differences(area, area.redact(current[area.name]), area.redact(written))
            given = file.areas[area.name]
            plans.append(AreaPlan(area, changes, given, secret_only=not changes, makes=makes))
    return problems, plans


def apply(
    step: Step,
    *,
    by: User | None,
    source: str | Promise = "",
    note: str = "",
    unchanged_since: Mapping[str, str] | None = None,
) -> Channel | None:
    """Take one step inside the scope's transaction: all of it, or an exception and nothing. Returns the channel.

    `unchanged_since` are the digests a person saw in the dry run. Raises ChangedSince, Refused.
    """
    if step.action == "refused":
        raise Refused(step.problems)
    channel = step.channel
    if channel is not None:
        channel = Channel.every.select_for_update().filter(pk=channel.pk).first()
        if channel is None:
            raise ChangedSince
    if unchanged_since is not None and channel is not None:
        now = {area.name: digest(area.dump(channel)) for area in registry.areas_of(channel.kind)}
        if any(now.get(one.area.name) != unchanged_since.get(one.area.name) for one in step.areas):
            raise ChangedSince
        if step.going_live and unchanged_since.get(GOING_LIVE, "") not in {"", digest(going_live(channel))}:
            raise ChangedSince
    if step.action == "same":
        return channel
    try:
        if channel is None:
            channel = create_channel(name=step.file.name, kind=step.file.kind, by=by)
        elif step.new_name:
            channel = rename_channel(channel, name=step.new_name, by=by)
        # What the file brings goes live by itself only where that was so before, and is so in the file.
        at_once = step.file.going_live is not None and step.file.going_live["live_on_save"]
        if step.going_live and not at_once:
            set_rules(channel, **_rules(step), by=by)
        if step.areas:
            with acting(by):
                for one in step.areas:
                    one.area.load(channel, one.area.restored(one.given, one.area.dump(channel)))
            names = [one.area.name for one in step.areas]
            record(
                "channel.imported",
                by=by,
                subject=channel.public_id,
                channel=channel.name,
                areas=names,
                source=str(source or step.file.source or _("a file")),
            )
            publish(channel, areas=names, by=by, note=note)
        if step.going_live and at_once:
            set_rules(channel, **_rules(step), by=by)
    except ValidationError as refused:
        raise Refused([Problem("", "name", refused.messages[0])]) from refused
    except NotPublishable as refused:
        raise Refused(refused.problems) from refused
    return channel


def _rules(step: Step) -> dict[str, Any]:
    return dict(step.file.going_live or {})


def apply_alone(step: Step, **how: Any) -> Channel | None:
    """`apply` within a savepoint: a step that is refused leaves the transaction as it was."""
    with transaction.atomic():
        return apply(step, **how)
