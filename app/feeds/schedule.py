"""When a feed is due next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def next_due(*, every_minutes: int | None, at_times: Sequence[str], after: datetime, timezone: str) -> datetime | None:
    """The first due moment behind `after`; None: the feed is fetched only when somebody asks.

    Intervals count from midnight of the zone, so that every 60 minutes is on the hour. A time that the change to summer
    time leaves out comes an hour later; one that comes twice in autumn is due the first time.
    """
    zone = ZoneInfo(timezone)
    local = after.astimezone(zone)
    moments = []
    for days in (0, 1, 2):
        day = local.date() + timedelta(days=days)
        midnight = datetime.combine(day, time(), zone)
        for at in at_times:
            hour, minute = map(int, at.split(":"))
            moments.append(datetime.combine(day, time(hour, minute), zone).astimezone(after.tzinfo))
        if every_minutes:
            passed = max(0.0, (after - midnight.astimezone(after.tzinfo)).total_seconds() / 60)
            steps = int(passed // every_minutes) + 1 if days == 0 else 0
            begin = midnight.astimezone(after.tzinfo)
            tomorrow = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(after.tzinfo)
            moment = begin + timedelta(minutes=steps * every_minutes)
            if moment < tomorrow:
                moments.append(moment)
    return min((moment for moment in moments if moment > after), default=None)


def read_times(text: str) -> list[str]:
    """`7:00, 12.30` as ['07:00', '12:30'], in order. Raises ValueError for what is no time of day."""
    found = set()
    for part in text.replace(";", ",").replace(" ", ",").split(","):
        if part:
            hour, _, minute = part.replace(".", ":").partition(":")
            found.add(time(int(hour), int(minute or 0)).strftime("%H:%M"))
    return sorted(found)
