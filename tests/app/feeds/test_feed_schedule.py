"""When a feed is due: by interval, by time of day, over the changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.feeds.schedule import next_due, read_times

ZONE = "Europe/Amsterdam"


def due(after: str, every: int | None = None, *times: str) -> str | None:
    found = next_due(every_minutes=every, at_times=times, after=datetime.fromisoformat(after), timezone=ZONE)
    return found.isoformat() if found else None


@pytest.mark.parametrize(
    ("after", "every", "times", "moment"),
    [
        ("2026-03-02T06:00:00+00:00", 60, (), "2026-03-02T07:00:00+00:00"),  # Strictly later.
        ("2026-03-02T06:07:00+00:00", 15, (), "2026-03-02T06:15:00+00:00"),
        ("2026-03-02T22:59:00+00:00", 1440, (), "2026-03-02T23:00:00+00:00"),  # Midnight in Amsterdam.
        ("2026-03-02T05:30:00+00:00", None, ("07:00", "12:30"), "2026-03-02T06:00:00+00:00"),
        ("2026-07-02T05:00:00+00:00", None, ("07:00", "12:30"), "2026-07-02T10:30:00+00:00"),  # Summer time.
        ("2026-07-02T11:00:00+00:00", None, ("07:00", "12:30"), "2026-07-03T05:00:00+00:00"),
        ("2026-03-02T05:30:00+00:00", 240, ("07:00",), "2026-03-02T06:00:00+00:00"),
        ("2026-03-28T22:00:00+00:00", None, ("02:30",), "2026-03-29T01:30:00+00:00"),  # There is no 02:30 that day.
        ("2026-10-24T22:30:00+00:00", None, ("02:30",), "2026-10-25T00:30:00+00:00"),  # The first of two.
        ("2026-10-25T00:30:00+00:00", None, ("02:30",), "2026-10-26T01:30:00+00:00"),
        ("2026-03-02T05:30:00+00:00", None, (), None),
    ],
)  # fmt: skip
def test_the_next_moment(after: str, every: int | None, times: tuple[str, ...], moment: str | None) -> None:
    assert due(after, every, *times) == moment


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([15, 30, 60, 120, 240, 720, 1440]),
)
def test_an_interval_never_makes_a_feed_wait_longer_than_it_says(after: datetime, every: int) -> None:
    moment = next_due(every_minutes=every, at_times=[], after=after, timezone=ZONE)

    assert moment is not None
    assert 0 < (moment - after).total_seconds() <= every * 60 + 3600  # The day of winter time has 25 hours.


def test_times_are_read_as_people_type_them() -> None:
    assert read_times("7:00, 12.30;18 7:00") == ["07:00", "12:30", "18:00"]
    assert read_times("") == []
    for wrong in ("25:00", "7:60", "morning", "7:", "-1"):
        if wrong == "7:":
            assert read_times(wrong) == ["07:00"]
            continue
        with pytest.raises(ValueError, match=r".+"):
            read_times(wrong)
