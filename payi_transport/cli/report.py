"""Add up captured calls: how many there were, how many failed, how long they took, what they used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from payi_transport.cli.captured_calls import Call, Capture
from payi_transport.values.event import Units

__all__ = ["GROUPINGS", "Report", "Summary", "make_report"]

# What calls can be grouped by, and the field of a call that says it.
GROUPINGS = {
    "category": "category",
    "resource": "resource",
    "use_case": "use_case_name",
    "user": "user_id",
}


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a group of calls adds up to. `name` is None for calls without a name, and for the total.

    Percentiles are latencies that a call really had (nearest rank), in milliseconds.
    """

    name: str | None
    calls: int
    errors: int
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    units: Mapping[str, Units]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of calls, the largest first. `skipped` counts the items of the file that aren't events."""

    by: str
    groups: tuple[Summary, ...]
    total: Summary
    skipped: int

    def to_json(self) -> bytes:
        """Return the report as an indented JSON object."""
        return msgspec.json.format(msgspec.json.encode(self))


def make_report(capture: Capture, by: str = "resource") -> Report:
    """Add up calls, grouped by one of GROUPINGS."""
    groups: dict[str | None, list[Call]] = {}
    for call in capture.calls:
        groups.setdefault(getattr(call, GROUPINGS[by]), []).append(call)
    # Ties are in the order of names, so that the same file always makes the same report. None can't be
    # compared with text.
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0] is None, group[0] or ""))
    return Report(
        by=by,
        groups=tuple(_summarize(name, calls) for name, calls in ordered),
        total=_summarize(None, capture.calls),
        skipped=capture.skipped,
    )


def _summarize(name: str | None, calls: Sequence[Call]) -> Summary:
    # Calls without a latency are left out instead of counted as 0, which would pull the percentiles down.
    latencies = sorted(call.latency_ms for call in calls if call.latency_ms is not None)
    return Summary(
        name=name,
        calls=len(calls),
        errors=sum(call.failed for call in calls),
        latency_p50_ms=_find_percentile(latencies, 50),
        latency_p95_ms=_find_percentile(latencies, 95),
        units=_add_units(calls),
    )


def _find_percentile(ordered: Sequence[int], percent: int) -> int | None:
    # The nearest rank is the ceiling of percent/100 of the number of values; -(-a // b) is a ceiling.
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None


def _add_units(calls: Iterable[Call]) -> dict[str, Units]:
    sums: dict[str, Units] = {}
    for call in calls:
        for name, units in call.units.items():
            so_far = sums.get(name, Units())
            sums[name] = Units(_add(so_far.input, units.input), _add(so_far.output, units.output))
    # Text makes up most of a bill, so it comes first.
    return dict(sorted(sums.items(), key=lambda unit: (not unit[0].startswith("text"), unit[0])))


def _add(left: int | None, right: int | None) -> int | None:
    # A unit that no call reported stays None and is shown as a dash, which 0 is not.
    return right if left is None else left + (right or 0)
