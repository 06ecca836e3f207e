"""What the commands over files have in common: the organisation's scope, reading, and saying a plan in lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError, OutputWrapper

from areas.belongings import Kept
from areas.differences import Change
from channels_config.models import Channel
from chatadmin.organisations import NoSuchOrganisation
from files import beside, formats, plans
from files.documents import Contents, NotAChannelFile, read_contents, together
from tenants.models import Organisation
from tenants.scope import tenant_scope
from tenants.services import organisation_id

#: Exit status of a dry run that found differences (1 is an error, 2 a wrong command line).
DIFFERENT = 3
#: Lines of one field's difference that are said.
MOST_DETAILS = 60


@contextmanager
def organisation_scope(number: int) -> Iterator[Organisation]:
    """Raises NoSuchOrganisation."""
    tenant_id = organisation_id(number)
    if tenant_id is None:
        raise NoSuchOrganisation(number)
    with tenant_scope(tenant_id):
        yield Organisation.objects.get(pk=tenant_id)


def find_channel(text: str) -> Channel:
    """By id, with or without its prefix, or by name. Raises CommandError."""
    channels = Channel.every.all()
    found = channels.filter(public_id__in=[text, f"chat_{text}", f"guide_{text}"]).first()
    found = found or channels.filter(name__iexact=text).first()
    if found is None:
        raise CommandError(f"The organisation has no channel “{text}”.")
    return found


def read_files(paths: Sequence[Path]) -> Contents:
    """What these files hold, as one. Within the organisation's scope. Raises CommandError, naming file and place."""
    found: list[Contents] = []
    wrong: list[str] = []
    for path in paths:
        try:
            contents = read_contents(formats.read(path.read_bytes()), source=path.name)
            wrong += [f"{path}: {place}: {message}" for place, message in beside.check(contents.beside)]
            found.append(contents)
        except formats.Unreadable as error:
            wrong.append(f"{path}: {error}")
        except NotAChannelFile as error:
            wrong += [f"{path}: {place or 'the file'}: {message}" for place, message in error.faults]
        except OSError as error:
            wrong.append(f"{path}: {error.strerror}")
    if not wrong:
        try:
            return together(found)
        except NotAChannelFile as error:
            wrong += [f"{place}: {message}" for place, message in error.faults]
    raise CommandError("\n".join(wrong))


def differ(steps: Sequence[plans.Step], others: Sequence[beside.Found]) -> bool:
    """Whether taking these steps would change anything."""
    return any(step.action != "same" for step in steps) or any(one.action == "create" for one in others)


def say_beside(found: Sequence[beside.Found], out: OutputWrapper) -> None:
    """What is made beside the channels, and what is there and says something else."""
    for one in found:
        if one.action == "create":
            out.write(f"+ {one.belonging.label} {one.name}: create")
        elif one.action == "stays":
            out.write(f"= {one.belonging.label} {one.name}: says something else here, and stays")


def say(steps: Sequence[plans.Step], out: OutputWrapper) -> None:
    """The plan, a few lines for each channel that something happens to."""
    for step in steps:
        where = f" ({step.file.source})" if step.file.source else ""
        if step.action == "same":
            out.write(f"= {step.name}: nothing changes{where}")
            continue
        sign = {"create": "+", "update": "~", "refused": "!"}[step.action]
        out.write(f"{sign} {step.name}: {step.action}{where}")
        if step.new_name:
            out.write(f"    name: {step.channel} -> {step.new_name}")
        for one in step.areas:
            if one.secret_only:
                out.write(f"    {one.area.label}: a secret changes")
            for change in one.changes:
                _say_change(str(one.area.label), change, out)
        for change in step.going_live:
            _say_change("How releases go live", change, out)
        for problem in step.problems:
            out.write(
                f"    ! {'.'.join(part for part in (problem.area, problem.path) if part)}: {problem.message}"
            )
        for problem in step.warnings:
            out.write(f"    ? {problem.area}.{problem.path}: {problem.message}")
        for note in step.notes:
            out.write(f"    {note}")


def _say_change(subject: str, change: Change, out: OutputWrapper) -> None:
    out.write(f"    {subject}: {change_line(change)}")
    for line in change_details(change):
        out.write(f"        {line}")


def change_line(change: Change) -> str:
    if change.kind == "secret":
        return f"{change.label}: a secret changes"
    if change.kind == "text":
        gone = sum(line.kind == "before" for line in change.lines)
        new = sum(line.kind == "after" for line in change.lines)
        return f"{change.label}: {new} lines added, {gone} removed"
    if change.kind == "list":
        return f"{change.label}: {change.added_count} entries added, {change.removed_count} removed"
    return f"{change.label}: {change.before} -> {change.after}"


def change_details(change: Change) -> Iterator[str]:
    """What of a text or a list differs, as `diff` has it; the beginning of what is long."""
    marks = {"before": "- ", "after": "+ ", "both": "  ", "gap": "  …"}
    said = [
        *(marks[line.kind] + line.text for line in change.lines),
        *(f"- {entry}" for entry in change.removed),
        *(f"+ {entry}" for entry in change.added),
    ]
    yield from said[:MOST_DETAILS]
    left = len(said) - MOST_DETAILS + change.more if len(said) > MOST_DETAILS else change.more
    if left:
        yield f"  … and {left} more"


def take(steps: Sequence[plans.Step], out: OutputWrapper, *, note: str = "", kept: Kept | None = None) -> int:
    """Take every step, or none: the scope's transaction holds them all. Returns how many changed something."""
    if any(step.action == "refused" for step in steps):
        raise CommandError("Nothing was changed: see the lines with “!” above.")
    beside.make(kept or {}, by=None)
    changed = 0
    for step in steps:
        try:
            plans.apply(step, by=None, note=note)
        except plans.Refused as error:
            raise CommandError(f"{step.name}: {str(error).rstrip('.')}. Nothing was changed.") from error
        except plans.ChangedSince as error:
            raise CommandError(
                f"{step.name}: somebody saved it in the meantime. Nothing was changed; run this again."
            ) from error
        changed += step.action != "same"
    out.write(f"{changed} of {len(steps)} channels changed.")
    return changed
