"""A file of translations on its way in: its rows kept, judged run by run, and applied at once when somebody says so.

Judging 100,000 rows takes seconds, so each request judges one run of them and the page asks for the next; nothing is held
open meanwhile, and a closed tab goes on where it was.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from areas.contract import Section
from areas.saving import save_draft
from channels_config.models import Channel
from kit.documents import digest
from translations import codecs, rules
from translations.area import AREA
from translations.codecs import Row, Verdict
from translations.models import ImportChunk, ImportFile
from translations.words import own_phrases

#: Rows judged in one request: well under a second.
RUN = 2_000
#: Files nobody applied are forgotten after this.
KEPT_FOR = timedelta(days=1)
#: Verdicts by what they mean for the person: what changes, what was refused, what stays.
GROUPS = ("ok", "refused", "same")


def keep(channel: Channel, rows: list[Row], *, name: str, by: User) -> ImportFile:
    """Keep a file's rows to be judged; the person's earlier files of this channel, and everybody's old ones, are forgotten."""
    ImportFile.objects.filter(channel=channel, user=by).delete()
    ImportFile.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
    rows = codecs.mark_repeated(rows)
    file = ImportFile.objects.create(channel=channel, user=by, name=_storable(name)[:200], rows=len(rows))
    ImportChunk.objects.bulk_create(
        [
            ImportChunk(
                file=file,
                number=number,
                rows=[
                    [row.line, _storable(row.locale), _storable(row.id), _storable(row.text), row.fault]
                    for row in rows[start : start + RUN]
                ],
            )
            for number, start in enumerate(range(0, len(rows), RUN))
        ],
        batch_size=10,
    )
    return file


#: NUL and lone surrogates cannot be kept by the database; as this control character they are refused with the row's own sentence.
_UNSTORABLE = {0: "\x01", **dict.fromkeys(range(0xD800, 0xE000), "\x01")}


def _storable(text: str) -> str:
    return text.translate(_UNSTORABLE)


def judge_next(file: ImportFile) -> None:
    """Judge the next run of rows against the draft as it stands; from the beginning when the draft has changed."""
    file = ImportFile.objects.select_for_update().get(pk=file.pk)
    channel = file.channel
    section = AREA.dump(channel)
    now = digest(section)
    if file.judged_against != now:
        file.judged_against, file.done, file.counts = now, 0, {}
    chunk = file.chunks.filter(number=file.done // RUN).first()
    if chunk is not None and file.done < file.rows:
        own = own_phrases(channel)
        verdicts = codecs.judge(section, [Row(*cells) for cells in chunk.rows], own=own)
        chunk.verdicts = [_kept(verdict) for verdict in verdicts]
        chunk.save(update_fields=["verdicts"])
        for verdict in verdicts:
            group = group_of(verdict.code)
            file.counts[group] = file.counts.get(group, 0) + 1
        file.done += len(verdicts)
    file.save(update_fields=["judged_against", "done", "counts"])


def _kept(verdict: Verdict) -> list[str | None]:
    wrong = next((one for one in verdict.findings if one.severity == "error"), None)
    return [verdict.code, verdict.locale, verdict.before, wrong.detail if wrong else ""]


def group_of(code: str) -> str:
    if code == "ok":
        return "ok"
    return "same" if code in {"unchanged", "blank"} else "refused"


def judged_rows(file: ImportFile, group: str, *, start: int, count: int) -> list[dict[str, Any]]:
    """The judged rows of one group ("" for all), `count` of them from number `start` on."""
    found: list[dict[str, Any]] = []
    skip = start
    for chunk in file.chunks.order_by("number").iterator(chunk_size=1):
        for (line, locale, phrase_id, text, _fault), verdict in zip(chunk.rows, chunk.verdicts, strict=False):
            code, canonical, before, detail = verdict
            if group and group_of(code) != group:
                continue
            if skip:
                skip -= 1
                continue
            found.append(
                {
                    "line": line,
                    "locale": canonical or locale,
                    "sent_locale": locale,
                    "id": phrase_id,
                    "text": text,
                    "before": before or "",
                    "code": code,
                    "group": group_of(code),
                    "detail": detail,
                }
            )
            if len(found) >= count:
                return found
    return found


def apply_file(file: ImportFile, *, by: User) -> int:
    """Write every text that changes something; returns how many rows. Raises DraftChanged when the rows were judged against
    another draft than what stands there now, NotPublishable."""
    channel = file.channel
    verdicts = [
        Verdict(Row(line, locale, phrase_id, text), "ok", "", canonical, before)
        for chunk in file.chunks.order_by("number").iterator(chunk_size=5)
        for (line, locale, phrase_id, text, _fault), (code, canonical, before, _detail) in zip(
            chunk.rows, chunk.verdicts, strict=False
        )
        if code == "ok"
    ]

    def write() -> None:
        section: Section = AREA.dump(channel)
        AREA.load(channel, codecs.apply(section, verdicts))

    with transaction.atomic():
        save_draft(channel, AREA, write, seen=file.judged_against, by=by)
    file.applied_at = timezone.now()
    file.save(update_fields=["applied_at"])
    file.chunks.all().delete()
    return len(verdicts)


def new_languages(file: ImportFile, section: Section) -> list[str]:
    """Languages of the file that the channel would get: canonical locales."""
    there = {rules.key(one["locale"]) for one in section["variants"]}
    found: dict[str, None] = {}
    for chunk in file.chunks.order_by("number").iterator(chunk_size=1):
        for verdict in chunk.verdicts:
            if verdict[0] == "ok" and rules.key(verdict[1]) not in there:
                found[verdict[1]] = None
    return list(found)
