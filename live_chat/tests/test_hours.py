"""Hours on the wall clock, through the days on which it is put forward and back; what a person writes of them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from live_chat import rules
from live_chat.hours import DAY, DAYS, Hours, clock, read_typed, spans, written
from live_chat.tests.test_section import FULL

ZONES = ("America/Toronto", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")


def hours(**changes: Any) -> Hours:
    made = copy.deepcopy(rules.default_section()["hours"])
    made["weekly"] = {day: [] for day in DAYS}
    return Hours({**made, **changes})


def week(**days: list[list[str]]) -> dict[str, list[list[str]]]:
    return {**{day: [] for day in DAYS}, **days}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


#: Up to three ranges that do not overlap.
RANGES = st.lists(st.integers(0, DAY - 1), min_size=0, max_size=6, unique=True).map(
    lambda edges: [
        [clock(start), clock(end)]
        for start, end in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)
    ]
)


@given(
    st.sampled_from(ZONES),
    st.fixed_dictionaries(dict.fromkeys(DAYS, RANGES)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)
@settings(max_examples=60, deadline=None)
def test_a_verdict_holds_until_the_very_minute_it_names(
    zone: str, weekly: dict[str, list[list[str]]], moment: datetime
) -> None:
    made = hours(time_zone=zone, weekly=weekly)
    instant = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    verdict = made.verdict(instant)
    assert verdict.open == made.at(instant).open
    if verdict.until is None:
        end = instant + timedelta(days=14)
    else:
        end = verdict.until
        assert end > instant
        assert made.at(end).open is not verdict.open
    # Minute by minute for a day, then by hours: nothing changes in between.
    step = instant
    while step < end:
        assert made.at(step).open == verdict.open, step
        step += timedelta(minutes=1) if step - instant < timedelta(hours=26) else timedelta(minutes=59)


@given(
    st.sampled_from(ZONES),
    st.fixed_dictionaries(dict.fromkeys(DAYS, RANGES)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)
@settings(max_examples=60, deadline=None)
def test_open_means_that_the_clock_on_the_wall_shows_a_time_within_a_range(
    zone: str, weekly: dict[str, list[list[str]]], moment: datetime
) -> None:
    instant = moment.replace(tzinfo=UTC)
    wall = instant.astimezone(ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    inside = any(start <= minute < end for start, end in spans(weekly[DAYS[wall.weekday()]]))
    assert hours(time_zone=zone, weekly=weekly).at(instant).open is inside


def test_an_hour_that_comes_twice_is_open_twice_and_one_that_is_skipped_ends_with_the_jump() -> None:
    made = hours(weekly=week(sunday=[["01:30", "02:30"]]))
    # Back: 01:30 EDT, 01:00 EST again, 01:30 EST.
    assert [made.at(at(one)).open for one in ("2026-11-01T05:29Z", "2026-11-01T05:30Z", "2026-11-01T06:00Z",
            "2026-11-01T06:30Z", "2026-11-01T07:29Z", "2026-11-01T07:30Z")] == [False, True, False, True, True, False]  # fmt: skip
    assert made.verdict(at("2026-11-01T05:45Z")).until == at("2026-11-01T06:00Z")
    # Forward: 02:00 EST is 03:00 EDT.
    assert made.verdict(at("2026-03-08T06:45Z")).until == at("2026-03-08T07:00Z")


def test_a_range_that_ends_before_it_begins_goes_past_midnight() -> None:
    made = hours(weekly=week(thursday=[["22:00", "02:00"]]))
    verdict = made.verdict(at("2026-11-27T01:59-05:00"))
    assert verdict.open
    assert verdict.until == at("2026-11-27T02:00-05:00")
    assert not made.at(at("2026-11-26T01:00-05:00")).open


def test_a_dated_holiday_wins_over_a_yearly_one_and_an_exception_over_both() -> None:
    yearly = {"name": "Noël", "date": "2000-12-25", "yearly": True, "hours": []}
    once = {"name": "Ouverture", "date": "2026-12-25", "yearly": False, "hours": [["10:00", "11:00"]]}
    override = {"from": "2026-12-25T10:30", "until": "2026-12-25T10:45", "open": False, "note": "Pause"}
    all_day = {day: [["00:00", "24:00"]] for day in DAYS}
    made = hours(weekly=all_day, holidays=[yearly, once], overrides=[override])
    said = [made.at(at(f"2026-12-25T{one}-05:00")) for one in ("09:59", "10:00", "10:30", "10:45", "11:00")]
    assert [(one.open, one.name) for one in said] == [
        (False, "Ouverture"),
        (True, "Ouverture"),
        (False, "Pause"),
        (True, "Ouverture"),
        (False, "Ouverture"),
    ]
    next_year = made.verdict(at("2027-12-25T12:00-05:00"))
    assert (next_year.open, next_year.name) == (False, "Noël")
    assert next_year.until == at("2027-12-26T00:00-05:00")


def test_a_leap_day_comes_in_leap_years_and_round_the_clock_never_changes() -> None:
    leap = {"name": "Bissextile", "date": "2024-02-29", "yearly": True, "hours": []}
    all_day = {day: [["00:00", "24:00"]] for day in DAYS}
    made = hours(weekly=all_day, holidays=[leap])
    assert not made.at(at("2028-02-29T12:00-05:00")).open
    assert made.at(at("2027-03-01T12:00-05:00")).open
    assert hours(weekly=all_day).verdict(at("2026-11-24T12:00Z")).until is None
    assert hours().verdict(at("2026-11-24T12:00Z")).until is None


@pytest.mark.parametrize("agents", [True, False])
def test_the_status_follows_hours_and_agents_as_the_channel_says(agents: bool) -> None:
    made = Hours(FULL["hours"])
    opened, shut = at("2026-11-23T10:00+01:00"), at("2026-11-23T12:30+01:00")
    assert rules.status(made, "always", shut, agents=agents) == "online"
    assert rules.status(made, "hours", opened, agents=agents) == "online"
    assert rules.status(made, "hours", shut, agents=agents) == "offline"
    assert rules.status(made, "agents", opened, agents=agents) == ("online" if agents else "offline")
    assert rules.status(made, "agents", shut, agents=agents) == "offline"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("9-12, 13:00 – 17 h 30", "09:00–12:00, 13:00–17:30"), ("09:00–12:00", "09:00–12:00"), ("22h-2h", "22:00–02:00"), ("0-24", "00:00–24:00"),
     ("13-17; 9-12", "09:00–12:00, 13:00–17:00"), ("8.30 to 12", "08:30–12:00"), ("8 à 12", "08:00–12:00"), ("", ""), (" — ", "")],
)  # fmt: skip
def test_what_a_person_writes_of_a_day_is_understood(typed: str, meant: str) -> None:
    assert written(read_typed(typed)) == meant
    assert written(read_typed(written(read_typed(typed)))) == meant


@pytest.mark.parametrize("typed", ["midi", "9", "9-12-13", "25-26", "9:60-10", "24-2", "9-", "x" * 500])
def test_what_cannot_be_read_is_named(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_typed(typed)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_is_read_or_refused(text: str) -> None:
    try:
        ranges = read_typed(text)
    except ValueError:
        return
    assert read_typed(written(ranges)) == ranges
