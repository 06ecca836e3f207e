"""An import from being sent in to being applied: one channel at a time, each in a transaction of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from files import beside, channel_json, cxone, formats, plans
from files.documents import ChannelFile, Contents, NotAChannelFile, is_channel_json, read_contents
from files.models import Import
from kit.secrets import Keyring
from tenants.roles import Role
from tenants.scope import current_tenant_id, tenant_scope
from tenants.services import still_may

register(
    "import.stopped",
    ngettext_lazy(
        "%(actor)s stopped the import of %(source)s before its last channel: %(author)s may not import here any more",
        "%(actor)s stopped the import of %(source)s before its last %(count)s channels: %(author)s may not import here any more",
        "count",
    ),
)

#: An import nobody applied is forgotten after so long.
FORGOTTEN_AFTER = timedelta(days=7)
#: Channels that one request applies by itself; with more, a worker does, and the page shows how far it is.
AT_ONCE = 1


class Refused(Exception):
    """A file cannot be imported at all; `sentences` say why, place by place."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = list(sentences)


def take_in(content: bytes, *, name: str, into: Channel | None, by: User) -> Import:
    """Read a file and keep it for a look. Raises Refused."""
    report: list[list[str]] = []
    try:
        value = formats.read(content)
        if is_channel_json(value):
            taken = cxone.read(value, into=into, source=name)
            found = Contents([taken.file])
            report = [[line.verdict, line.path, str(line.message)] for line in taken.lines]
        else:
            found = read_contents(value, source=name)
    except formats.Unreadable as error:
        raise Refused([str(error)]) from error
    except NotAChannelFile as error:
        raise Refused(
            [f"{path}: {said}" if path else str(said) for path, said in error.faults[:20]]
        ) from error
    count = len(found.channels)
    if into is not None and count != 1:
        raise Refused(
            [_("This file holds %(count)s channels; import it for the organisation.") % {"count": count}]
        )
    if into is not None:
        # The page of one channel changes that channel.
        found = Contents(found.channels)
    if not count and not found.beside:
        raise Refused([_("This file holds no channel.")])
    if wrong := beside.check(found.beside):
        raise Refused([f"{path}: {said}" for path, said in wrong[:20]])
    now = timezone.now()
    Import.objects.filter(state=Import.State.OPEN, touched_at__lt=now - FORGOTTEN_AFTER).delete()
    return Import.objects.create(
        name=name[:200],
        channel=into,
        content=_keys().encrypt(json.dumps(asdict(found)), place=_place()),
        report=report,
        total=count,
        made_by=by,
        made_by_label=str(by),
        touched_at=now,
    )


def contents_of(one: Import) -> Contents:
    """What an import that is not over holds."""
    kept = json.loads(_keys().decrypt(one.content, place=_place()))
    # Of a version before: the channels alone.
    kept = {"channels": kept, "beside": {}} if isinstance(kept, list) else kept
    return Contents([ChannelFile(**fields) for fields in kept["channels"]], kept["beside"])


@dataclass(frozen=True)
class Look:
    """A dry run, as things stand now. `trouble` says why nothing of it can be done."""

    steps: list[plans.Step]
    beside: list[beside.Found]
    trouble: str = ""


def look(one: Import) -> Look:
    """What the import would do."""
    found = contents_of(one)
    try:
        return Look(
            plans.plan(found.channels, into=one.channel, kept=found.beside), beside.look(found.beside)
        )
    except ValidationError as refused:
        return Look([], [], " ".join(refused.messages))


@dataclass(frozen=True)
class ReportLine:
    """One line of the report on a channel JSON, for people. `label` is empty for a name that nobody knows."""

    verdict: str
    path: str
    message: str
    label: str


def lines_of(one: Import) -> list[ReportLine]:
    return [
        ReportLine(verdict, path, message, channel_json.label(path)) for verdict, path, message in one.report
    ]


def start(one: Import, steps: Sequence[plans.Step], *, note: str) -> None:
    """From now on the import is applied, on the drafts that `steps` were made from."""
    one.state = Import.State.RUNNING
    one.note = note
    one.seen = {str(number): dict(step.seen) for number, step in enumerate(steps)}
    one.touched_at = timezone.now()
    one.save(update_fields=["state", "note", "seen", "touched_at"])


def go_on(tenant_id: int, import_id: int) -> None:
    """Apply what is left of an import; whoever finds it resting takes it up where it stopped."""
    found: Contents | None = None
    while True:
        with tenant_scope(tenant_id):
            one = Import.objects.select_for_update(skip_locked=True).filter(pk=import_id).first()
            if one is None or one.state != Import.State.RUNNING:
                return
            found = found or contents_of(one)
            if not step_on(one, found):
                return


def step_on(one: Import, found: Contents) -> bool:
    """Apply the next channel, inside the open scope; whether there is another. `found` is what the import holds.

    What the organisation keeps beside its channels comes first of all. Whoever has lost the role, the membership or the account
    since imports nothing further.
    """
    user = author(one)
    if user is None:
        _stop(one, found)
        return False
    with translation.override(user.language):
        if not one.results:
            one.results = _make_beside(found, user)
        number = reached(one)
        if number < one.total:
            one.results = [*one.results, _apply(one, found.channels[number], number, user)]
    if reached(one) == one.total:
        one.state, one.content, one.seen = Import.State.DONE, "", {}
    one.touched_at = timezone.now()
    one.save(update_fields=["results", "state", "content", "seen", "touched_at"])
    return not one.is_over


def reached(one: Import) -> int:
    """How many of its channels have a result."""
    return sum(not result.get("beside") for result in one.results)


def _make_beside(found: Contents, user: User) -> list[dict[str, Any]]:
    """A result for every entry that is no channel's."""
    try:
        with transaction.atomic():
            made = beside.make(found.beside, by=user)
    except ValidationError as refused:
        return [_beside_result(_("The organisation"), "refused", refused.messages)]
    return [
        _beside_result(
            _("%(kind)s “%(name)s”") % {"kind": item.belonging.label, "name": item.name},
            item.action,
            [_("It says something else here, and stays.")] if item.action == "stays" else [],
        )
        for item in made
    ]


def _beside_result(name: str, outcome: str, messages: list[str]) -> dict[str, Any]:
    return {"name": name, "channel": "", "outcome": outcome, "messages": messages, "beside": True}


def author(one: Import) -> User | None:
    """Who sent the file in, as long as that person may import here."""
    return User.objects.filter(pk=one.made_by_id).first() if still_may(one.made_by_id, Role.ADMIN) else None


def _stop(one: Import, found: Contents) -> None:
    """What was applied stays; of every other channel it is said that nothing was done to it."""
    left = found.channels[reached(one) :]
    record(
        "import.stopped",
        by=None,
        subject=f"import:{one.pk}",
        source=one.name,
        author=one.made_by_label,
        count=len(left),
        channels=[file.named() for file in left[:100]],
    )
    one.results = [
        *one.results,
        *({"name": file.named(), "channel": "", "outcome": "stopped", "messages": []} for file in left),
    ]
    one.state, one.content, one.seen, one.touched_at = Import.State.STOPPED, "", {}, timezone.now()
    one.save(update_fields=["results", "state", "content", "seen", "touched_at"])


def _apply(one: Import, file: ChannelFile, number: int, user: User) -> dict[str, Any]:
    [step] = plans.plan([file], into=one.channel)
    outcome: str = step.action
    messages: list[str] = []
    channel = step.channel
    try:
        # A savepoint of plans' own undoes a refused channel; those before it stay.
        channel = plans.apply_alone(
            step, by=user, source=one.name, note=one.note, unchanged_since=one.seen.get(str(number)) or None
        )
    except plans.ChangedSince:
        outcome, messages = "refused", [_("Somebody saved this channel after you looked; it was left alone.")]
    except plans.Refused as refused:
        outcome, messages = "refused", [str(plans.told(problem)) for problem in refused.problems]
    return {
        "name": channel.name if channel else file.named(),
        "channel": channel.public_id if channel else "",
        "outcome": outcome,
        "messages": messages,
    }


def resting(most: int = 100) -> list[tuple[int, int]]:
    """(tenant id, import id) of imports that nobody is at, of all organisations."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, import_id FROM files_resting_imports(%s)", [most])
        return [(int(tenant), int(found)) for tenant, found in cursor.fetchall()]


def _keys() -> Keyring:
    return Keyring(settings.FIELD_ENCRYPTION_KEYS)


def _place() -> str:
    return f"import:{current_tenant_id()}"
