"""Opening hours: whether a channel is open at an instant, why, and when that changes. Pure; runs in the environment.

Times of day are the wall clock's in the channel's time zone, so daylight saving needs no rule of its own: an hour that comes twice
is open twice, one that is skipped is over the moment the clock jumps. A range that ends at or before its start goes on past midnight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: Minutes of a day.
DAY = 24 * 60
#: Days to look ahead for the next change: a yearly holiday with hours of its own comes within them, leap years apart.
HORIZON = 400

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_TYPED = re.compile(r"(\d{1,2})(?:\s*(?:[:.hH]|\s)\s*(\d{2})?)?")

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Open or not; `why`: "hours" (the week's), "holiday" or "override"; `name`: the holiday's, or the override's note.

    `until` is the instant (UTC) at which `open` is another; None when nothing changes within `HORIZON` days.
    """

    open: bool
    why: Literal["hours", "holiday", "override"]
    name: str = ""
    until: datetime | None = None


def minutes(text: object) -> int | None:
    """ "09:30" as minutes from midnight; "24:00" is the day's end. None for anything else."""
    if text == "24:00":
        return DAY
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else int(found[1]) * 60 + int(found[2])


def clock(value: int) -> str:
    """Minutes from midnight as "09:30"."""
    return f"{value // 60:02}:{value % 60:02}"


def read_typed(text: str) -> list[list[str]]:
    """What a person writes of a day, "9-12, 13:00 – 17 h 30", as ranges in order. Raises ValueError with the part that is none.

    Nothing, or a dash alone, is a day closed.
    """
    ranges = []
    for part in re.split(r"[,;\n]", text):
        part = part.strip()
        if not part or part in "-–—":
            continue
        ends = re.split(r"\s*(?:-|–|—|\bto\b|\bà\b)\s*", part)
        read = [_typed(end) for end in ends]
        if len(read) != 2 or read[0] is None or read[1] is None or read[0] == DAY:
            raise ValueError(part)
        ranges.append([clock(read[0]), clock(read[1])])
    return sorted(ranges)


def _typed(text: str) -> int | None:
    found = _TYPED.fullmatch(text.strip())
    if found is None:
        return None
    return minutes(f"{int(found[1]):02}:{found[2] or '00'}")


def written(ranges: Sequence[Sequence[str]]) -> str:
    """Ranges as `read_typed` reads them."""
    return ", ".join(f"{start}–{end}" for start, end in ranges)


def spans(ranges: Sequence[Sequence[str]]) -> list[Range]:
    """Ranges in minutes from the midnight they begin after; an end past midnight is more than a day."""
    found = []
    for start, end in ranges:
        first, last = minutes(start), minutes(end)
        if first is not None and last is not None:
            found.append((first, last if last > first else last + DAY))
    return sorted(found)


class Hours:
    """The `hours` of a section, made ready. Raises LookupError, TypeError, ValueError for what `live_chat.rules.problems` refuses."""

    def __init__(self, hours: Mapping[str, Any]) -> None:
        self.zone = ZoneInfo(hours["time_zone"])
        self._week = [spans(hours["weekly"][day]) for day in DAYS]
        self._once: dict[date, tuple[str, list[Range]]] = {}
        self._yearly: dict[tuple[int, int], tuple[str, list[Range]]] = {}
        for one in hours["holidays"]:
            on = date.fromisoformat(one["date"])
            entry = (str(one["name"]), spans(one["hours"]))
            if one["yearly"]:
                self._yearly[on.month, on.day] = entry
            else:
                self._once[on] = entry
        self._overrides = [
            (
                datetime.fromisoformat(one["from"]),
                datetime.fromisoformat(one["until"]),
                bool(one["open"]),
                str(one["note"]),
            )
            for one in hours["overrides"]
        ]
        #: Every day is like every other and always open: nothing to work out.
        self.round_the_clock = (
            all(day == [(0, DAY)] for day in self._week)
            and not self._once
            and not self._yearly
            and not self._overrides
        )

    def at(self, instant: datetime) -> Verdict:
        """The verdict at an aware instant, without `until`."""
        local = instant.astimezone(self.zone).replace(tzinfo=None)
        for start, end, is_open, note in self._overrides:
            if start <= local < end:
                return Verdict(is_open, "override", note)
        today = local.date()
        minute = local.hour * 60 + local.minute
        holiday = self._holiday(today)
        if self._covers(today, minute) or self._covers(today - timedelta(days=1), minute + DAY):
            return Verdict(
                True, "hours" if holiday is None else "holiday", "" if holiday is None else holiday[0]
            )
        return Verdict(False, "hours") if holiday is None else Verdict(False, "holiday", holiday[0])

    def verdict(self, instant: datetime) -> Verdict:
        """The verdict at an aware instant, and until when it holds."""
        now = self.at(instant)
        if self.round_the_clock:
            return now
        for moment in self._moments(instant.astimezone(self.zone).date()):
            if moment > instant and self.at(moment).open != now.open:
                return Verdict(now.open, now.why, now.name, moment)
        return now

    def _holiday(self, day: date) -> tuple[str, list[Range]] | None:
        return self._once.get(day) or self._yearly.get((day.month, day.day))

    def _ranges(self, day: date) -> list[Range]:
        holiday = self._holiday(day)
        return self._week[day.weekday()] if holiday is None else holiday[1]

    def _covers(self, day: date, minute: int) -> bool:
        return any(start <= minute < end for start, end in self._ranges(day))

    def _moments(self, first: date) -> Iterator[datetime]:
        """Instants in order at which the verdict may change, from a day on."""
        for number in range(HORIZON):
            day = first + timedelta(days=number)
            before = self._ranges(day - timedelta(days=1))
            walls = {0, *(edge for span in self._ranges(day) for edge in span if edge < DAY)}
            walls |= {edge - DAY for span in before for edge in span if edge >= DAY}
            midnight = datetime.combine(day, time())
            times = {midnight + timedelta(minutes=wall) for wall in walls}
            times |= {edge for span in self._overrides for edge in span[:2] if edge.date() == day}
            found = {instant for wall in times for instant in self._instants(wall)}
            yield from sorted(found | self._jump(day))

    def _instants(self, wall: datetime) -> Iterator[datetime]:
        """When the wall clock shows this: once, twice, or (skipped) not at all, which the jump itself stands for."""
        for fold in (0, 1):
            instant = wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
            if instant.astimezone(self.zone).replace(tzinfo=None) == wall:
                yield instant

    def _jump(self, day: date) -> set[datetime]:
        """The instant of the day at which the clock is put forward or back, to the minute."""
        low = datetime.combine(day, time(), self.zone).astimezone(UTC)
        high = datetime.combine(day + timedelta(days=1), time(), self.zone).astimezone(UTC)
        offset = low.astimezone(self.zone).utcoffset()
        if offset == high.astimezone(self.zone).utcoffset():
            return set()
        while high - low > timedelta(minutes=1):
            middle = low + (high - low) // 2
            middle = middle.replace(second=0, microsecond=0)
            if middle == low:
                break
            if middle.astimezone(self.zone).utcoffset() == offset:
                low = middle
            else:
                high = middle
        return {high}
