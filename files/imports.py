"""An import from being sent in to being applied: one channel at a time, each in a transaction of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from areas.contract import Line, Problem
from audit.sentences import register
from audit.services import record
from channels_config.models import Channel
from files import cxone, formats, plans
from files.documents import ChannelFile, NotAChannelFile, is_channel_json, read_channels
from files.models import Import
from kit.secrets import Keyring
from tenants.models import Membership
from tenants.roles import Role
from tenants.scope import current_tenant_id, tenant_scope

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
            files = [taken.file]
            report = [[line.verdict, line.path, str(line.message)] for line in taken.lines]
        else:
            files = read_channels(value, source=name)
    except formats.Unreadable as error:
        raise Refused([str(error)]) from error
    except NotAChannelFile as error:
        raise Refused(
            [f"{path}: {said}" if path else str(said) for path, said in error.faults[:20]]
        ) from error
    if into is not None and len(files) != 1:
        raise Refused(
            [_("This file holds %(count)s channels; import it for the organisation.") % {"count": len(files)}]
        )
    if not files:
        raise Refused([_("This file holds no channel.")])
    now = timezone.now()
    Import.objects.filter(state=Import.State.OPEN, touched_at__lt=now - FORGOTTEN_AFTER).delete()
    return Import.objects.create(
        name=name[:200],
        channel=into,
        content=_keys().encrypt(json.dumps([asdict(one) for one in files]), place=_place()),
        report=report,
        total=len(files),
        made_by=by,
        made_by_label=str(by),
        touched_at=now,
    )


def files_of(one: Import) -> list[ChannelFile]:
    """The channels of an import that is not over."""
    return [ChannelFile(**fields) for fields in json.loads(_keys().decrypt(one.content, place=_place()))]


def look(one: Import) -> list[plans.Step]:
    """The dry run, as things stand now."""
    return plans.plan(files_of(one), into=one.channel)


def lines_of(one: Import) -> list[Line]:
    return [Line(verdict, path, message) for verdict, path, message in one.report]


def start(one: Import, steps: Sequence[plans.Step], *, note: str) -> None:
    """From now on the import is applied, on the drafts that `steps` were made from."""
    one.state = Import.State.RUNNING
    one.note = note
    one.seen = {str(number): dict(step.seen) for number, step in enumerate(steps)}
    one.touched_at = timezone.now()
    one.save(update_fields=["state", "note", "seen", "touched_at"])


def go_on(tenant_id: int, import_id: int) -> None:
    """Apply what is left of an import; whoever finds it resting takes it up where it stopped."""
    files: list[ChannelFile] | None = None
    while True:
        with tenant_scope(tenant_id):
            one = Import.objects.select_for_update(skip_locked=True).filter(pk=import_id).first()
            if one is None or one.state != Import.State.RUNNING:
                return
            files = files or files_of(one)
            if not step_on(one, files):
                return


def step_on(one: Import, files: Sequence[ChannelFile]) -> bool:
    """Apply the next channel, inside the open scope; whether there is another. `files` are the import's own.

    Whoever has lost the role, the membership or the account since imports no further channel.
    """
    user = author(one)
    if user is None:
        _stop(one, files)
        return False
    number = len(one.results)
    file = files[number]
    with translation.override(user.language):
        one.results = [*one.results, _apply(one, file, number, user)]
    if len(one.results) == one.total:
        one.state, one.content, one.seen = Import.State.DONE, "", {}
    one.touched_at = timezone.now()
    one.save(update_fields=["results", "state", "content", "seen", "touched_at"])
    return not one.is_over


def author(one: Import) -> User | None:
    """Who sent the file in, as long as that person may import here."""
    found = Membership.objects.filter(
        tenant_id=current_tenant_id(), user_id=one.made_by_id, role__gte=Role.ADMIN, user__is_active=True
    )
    return User.objects.filter(pk=one.made_by_id).first() if found.exists() else None


def _stop(one: Import, files: Sequence[ChannelFile]) -> None:
    """What was applied stays; of every other channel it is said that nothing was done to it."""
    left = files[len(one.results) :]
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
        outcome, messages = "refused", [problem_line(problem) for problem in refused.problems]
    return {
        "name": channel.name if channel else file.named(),
        "channel": channel.public_id if channel else "",
        "outcome": outcome,
        "messages": messages,
    }


def problem_line(problem: Problem) -> str:
    place = ".".join(part for part in (problem.area, problem.path) if part)
    return f"{place}: {problem.message}" if place else str(problem.message)


def resting(most: int = 100) -> list[tuple[int, int]]:
    """(tenant id, import id) of imports that nobody is at, of all organisations."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, import_id FROM files_resting_imports(%s)", [most])
        return [(int(tenant), int(found)) for tenant, found in cursor.fetchall()]


def _keys() -> Keyring:
    return Keyring(settings.FIELD_ENCRYPTION_KEYS)


def _place() -> str:
    return f"import:{current_tenant_id()}"
