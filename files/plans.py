"""What importing files would do, and doing it: the same code looks and acts, so that a dry run tells the truth.

A channel is found by its id, else by its name; one that is not there is created under an id of its own. Only the areas a file
speaks of are touched.
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
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from areas import registry
from areas.contract import Area, NotPublishable, Problem, Section
from areas.differences import Change, differences
from audit.sentences import register
from audit.services import acting, record
from channels_config.models import Channel
from channels_config.services import clean_name, create_channel, rename_channel
from files.documents import ChannelFile
from kit.documents import digest
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
    #: Digest of the drafts the plan was made from, by area.
    seen: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.channel.name if self.channel else self.file.name

    @property
    def change_count(self) -> int:
        return sum(max(1, len(one.changes)) for one in self.areas) + bool(self.new_name)


class ChangedSince(Exception):
    """The channel was saved by somebody after the plan was made."""


class Refused(Exception):
    """A step cannot be taken; `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{one.area}.{one.path}: {one.message}" for one in problems))
        self.problems = problems


def plan(files: Sequence[ChannelFile], *, into: Channel | None = None) -> list[Step]:
    """One step for each channel of the files, in their order; changes nothing. `into` is the channel one file is for."""
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
    """The step for one file and the channel it is meant for (None: a new one)."""
    said = list(notes)
    try:
        name = clean_name(file.name)
    except ValidationError as refused:
        return Step(file, "refused", channel, problems=[Problem("", "name", refused.messages[0])])
    new_name = name if rename and channel is not None and channel.name != name else ""
    if channel is not None and channel.kind != file.kind:
        said.append(
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
            target.save()
        current = {area.name: area.dump(target) for area in registry.areas_of(target.kind)}
        found, areas = _look(file, target, current)
        transaction.savepoint_rollback(mark)
    said += [sentence for one in areas for sentence in one.makes]
    blocking = [one for one in found if one.blocking]
    if blocking:
        action: Action = "refused"
    elif channel is None:
        action = "create"
    else:
        action = "update" if areas or new_name else "same"
    return Step(
        file=file,
        action=action,
        channel=channel,
        new_name=new_name,
        areas=areas,
        problems=blocking,
        warnings=[one for one in found if not one.blocking],
        notes=said,
        seen={name: digest(section) for name, section in current.items()} if channel else {},
    )


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
    if step.action == "same":
        return channel
    try:
        if channel is None:
            channel = create_channel(name=step.file.name, kind=step.file.kind, by=by)
        elif step.new_name:
            channel = rename_channel(channel, name=step.new_name, by=by)
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
    except ValidationError as refused:
        raise Refused([Problem("", "name", refused.messages[0])]) from refused
    except NotPublishable as refused:
        raise Refused(refused.problems) from refused
    return channel


def apply_alone(step: Step, **how: Any) -> Channel | None:
    """`apply` within a savepoint: a step that is refused leaves the transaction as it was."""
    with transaction.atomic():
        return apply(step, **how)
