"""Spans of time as the rollups have them, and the steps of a chart in a zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from payi_transport.serve.faults import Refusal
from payi_transport.serve.rollups import DAY_MS, QUARTER_MS
from payi_transport.serve.views import Span, StepName

__all__ = ["Block", "choose_step", "find_zone", "in_ms", "split_into_blocks", "step_starts"]

_STEPS: dict[StepName, timedelta] = {
    "15m": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
# More points than a chart can show are refused, because they would take long.
_MAX_STEPS = 800


class Block(NamedTuple):
    """Buckets of one level from `start` up to `end`, in ms."""

    level: int
    start: int
    end: int


def in_ms(span: Span) -> tuple[int, int]:
    """Return start and end in ms since 1970, widened to whole quarters of an hour."""
    start, end = (int(moment.timestamp() * 1000) for moment in (span.start, span.end))
    return start // QUARTER_MS * QUARTER_MS, -(-end // QUARTER_MS) * QUARTER_MS


def split_into_blocks(start: int, end: int) -> list[Block]:
    """Return blocks that cover a time: the whole days in the middle, and quarters of an hour at its ends."""
    first, last = -(-start // DAY_MS) * DAY_MS, end // DAY_MS * DAY_MS
    if first >= last:
        return [Block(0, start, end)] if start < end else []
    blocks = [Block(0, start, first), Block(1, first, last), Block(0, last, end)]
    return [block for block in blocks if block.start < block.end]


def find_zone(name: str) -> ZoneInfo:
    """Return a zone by its name in the IANA database. Raises Refusal."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Refusal("invalid_zone", f"{name!r} is not a zone, such as 'Europe/Berlin' or 'UTC'") from None


def choose_step(span: Span) -> StepName:
    """Return the step with which a chart of a span has up to about a hundred points."""
    length = span.end - span.start
    for name, most in (
        ("15m", timedelta(hours=12)),
        ("hour", timedelta(days=4)),
        ("day", timedelta(days=120)),
    ):
        if length <= most:
            return name  # type: ignore[return-value]
    return "week"


def step_starts(span: Span, step: StepName) -> list[datetime]:
    """Return the start of each step of a span, in UTC. Raises Refusal for more steps than a chart has."""
    starts: list[datetime] = []
    for moment in _walk(span, step):
        if len(starts) >= _MAX_STEPS:
            raise Refusal("invalid_step", f"{step!r} is too short a step for {span.end - span.start}")
        starts.append(moment)
    return starts


def _walk(span: Span, step: StepName) -> Iterator[datetime]:
    zone, length = find_zone(span.zone), _STEPS[step]
    end = span.end.astimezone(timezone.utc)
    if step in ("15m", "hour"):
        local = span.start.astimezone(zone)
        minute = local.minute // 15 * 15 if step == "15m" else 0
        moment = span.start.astimezone(timezone.utc) - (
            local - local.replace(minute=minute, second=0, microsecond=0)
        )
        while moment < end:
            yield moment
            moment += length
        return
    # Days have 23 or 25 hours where the clock changes, so count them on the calendar.
    day = span.start.astimezone(zone).date()
    if step == "week":
        day -= timedelta(days=day.weekday())
    while (moment := datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(timezone.utc)) < end:
        yield moment
        day += length
