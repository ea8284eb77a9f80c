"""Fit numbers and times of an event into the ranges that Pay-i accepts.

Pay-i's integers have 32 bits, and a timestamp may be 5 minutes ahead of its clock at most. Pay-i would refuse
an event that breaks either rule, maybe with its whole batch, so such an event is changed before it is sent.
What it said is then in its properties, `system.refused.<field>`.

A clock that is ahead is found out by the `Date` of Pay-i's own responses. Times of calls come from the same
clock, so they are corrected by the same difference.
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from payi_transport.runtime.clock import time, to_utc
from payi_transport.sinks.payi_notices import Notices
from payi_transport.values.accepted import LARGEST_INTEGER
from payi_transport.values.event import Event, Units
from payi_transport.values.names import REFUSED_PREFIX

__all__ = ["Clock", "fit_ranges", "keep_refused"]

_INTEGERS: Final = (
    "end_to_end_latency_ms",
    "time_to_first_token_ms",
    "http_status_code",
    "use_case_version",
)
# Seconds. Pay-i allows 300, and requests take some time.
_MAX_AHEAD = 240.0


class Clock:
    """This machine's clock, corrected by what Pay-i says. `read` returns seconds since 1970."""

    def __init__(self, read: Callable[[], float] = time) -> None:
        self._read = read
        # Seconds by which this clock is ahead of Pay-i's, 0.0 if that is not worth a correction.
        self.ahead = 0.0

    def compare(self, date: str) -> None:
        """Take the `Date` of a response that has just arrived into account; ignore one that is malformed."""
        try:
            ahead = self._read() - email.utils.parsedate_to_datetime(date).timestamp()
        # An empty text is a TypeError in Python 3.10.
        except (ValueError, TypeError, OverflowError):
            return
        self.ahead = ahead if ahead > _MAX_AHEAD else 0.0

    def now(self) -> datetime:
        """Return the time by Pay-i's clock, as far as that is known."""
        return to_utc(self._read() - self.ahead)

    def correct(self, moment: datetime) -> datetime:
        """Return a moment of this clock that Pay-i accepts: the same one if it is not ahead."""
        now = self.now()
        if moment <= now + timedelta(seconds=_MAX_AHEAD):
            return moment
        # The clock may have been set right since, and then nothing is known about the moment.
        return min(moment - timedelta(seconds=self.ahead), now)


def fit_ranges(event: Event, clock: Clock, notices: Notices, to: list[str]) -> Event:
    """Return the event with numbers and time in range; add a message to `to` where something changed."""
    changed, original = _fit_integers(event)
    units = _fit_units(event.units, original)
    if units is not None:
        changed["units"] = units
    for name, value in original.items():
        notices.add(to, name.partition(".")[0], "", _OUT_OF_RANGE.format(name, value))
    moment = event.event_timestamp
    if moment is not None and moment.tzinfo is not None and (right := clock.correct(moment)) != moment:
        changed["event_timestamp"] = right
        original["event_timestamp"] = moment.isoformat()
        notices.add(to, "clock", "", _CLOCK_AHEAD)
    return keep_refused(event, changed, original) if changed else event


_OUT_OF_RANGE = (
    f"an event has {{0}} {{1}}, but Pay-i accepts 0 to {LARGEST_INTEGER:,} only, so the nearest of these is"
    f" reported, and the value is in the property {REFUSED_PREFIX}{{0}}; further ones are not logged"
)
_CLOCK_AHEAD = (
    "this machine's clock is minutes ahead of Pay-i's, which refuses events of the future, so the times of"
    f" events are corrected, and the original ones are in the property {REFUSED_PREFIX}event_timestamp; set"
    " the clock"
)


def keep_refused(event: Event, changed: Mapping[str, object], original: Mapping[str, str]) -> Event:
    """Return the event with some fields changed, and what they said in its properties.

    A field that was changed before keeps what it said at first.
    """
    refused = {REFUSED_PREFIX + name: value for name, value in original.items()}
    properties = {**refused, **(event.properties or {})}
    return msgspec.structs.replace(event, **{**changed, "properties": properties})


def _fit_integers(event: Event) -> tuple[dict[str, object], dict[str, str]]:
    """Return the fields to change, and what they said."""
    changed: dict[str, object] = {}
    original: dict[str, str] = {}
    for name in _INTEGERS:
        value = getattr(event, name)
        if value is not None and not 0 <= value <= LARGEST_INTEGER:
            changed[name], original[name] = _clamp(value), str(value)
    return changed, original


def _fit_units(units: Mapping[str, Units], original: dict[str, str]) -> Mapping[str, Units] | None:
    """Return the units in range, None if they all are; add what they said to `original`."""
    fitted: dict[str, Units] = {}
    for name, counts in units.items():
        fields = {"input": counts.input, "output": counts.output}
        wrong = {
            field: count
            for field, count in fields.items()
            if count is not None and not 0 <= count <= LARGEST_INTEGER
        }
        if wrong:
            original.update({f"units.{name}.{field}": str(count) for field, count in wrong.items()})
            fitted[name] = Units(**{**fields, **{field: _clamp(count) for field, count in wrong.items()}})
    return {**units, **fitted} if fitted else None


def _clamp(value: int) -> int:
    return max(0, min(value, LARGEST_INTEGER))
