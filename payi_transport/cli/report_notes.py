"""What must be said next to the figures of a report: what they are, what they lack, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import NamedTuple

from payi_transport.reports.commitments import Commitment
from payi_transport.reports.formats import format_money, say_count
from payi_transport.reports.report import Report
from payi_transport.reports.summary import Summary
from payi_transport.values.file_counts import FileCounts
from payi_transport.values.zones import find_local_name

__all__ = ["LeftOut", "Reading", "list_notes", "make_title", "name_zone", "say_skipped", "say_untimed"]

_SOURCES = {
    "payi": "Pay-i's own figures",
    "config": "prices of your own",
    "provider": "the providers' figures",
    "list": "the price list",
}
_MAX_REASONS = 3
_FORM = "%Y-%m-%d %H:%M"


class Reading(NamedTuple):
    """What is known of a report besides its figures: its zone, its price list, and what it left out."""

    zone: tzinfo
    zone_name: str | None = None
    list_version: str | None = None
    skipped: int = 0
    repeats: int = 0
    counts: FileCounts = FileCounts()
    commitments: tuple[Commitment, ...] = ()


def name_zone(reading: Reading) -> str:
    """Return the name of the zone that the times are of."""
    return find_local_name() if reading.zone_name is None else reading.zone_name


def make_title(report: Report, reading: Reading) -> str:
    """Return what the figures are about: the grouping, the period, and the zone."""
    by = " and ".join(name.replace("_", " ") for name in report.by)
    start, end = report.window.start or report.first, report.window.end or report.last
    if start is None or end is None:
        return f"Calls by {by}, without times"
    first, last = (f"{moment.astimezone(reading.zone):{_FORM}}" for moment in (start, end))
    origin = ", the zone of this machine" if reading.zone_name is None else ""
    return f"Calls by {by}, {first} to {last} ({name_zone(reading)}{origin})"


def list_notes(report: Report, reading: Reading) -> list[str]:
    """Return sentences in the order of their weight."""
    total = report.total.summary
    notes = [
        _say_sources(total, reading),
        _say_before(report, reading),
        *_list_gaps(total),
        *_list_unseen(reading.counts),
        *_list_assumptions(total),
    ]
    if report.overlaps:
        names = " and ".join(f"{name}s" for name in report.by)
        notes.append(
            f"Calls with several {names} stand in each of their rows. The total counts every call once."
        )
    notes += _list_left_out(report, reading)
    return [note for note in notes if note]


def _say_sources(total: Summary, reading: Reading) -> str:
    known = {name: amount for name, amount in total.sources.items() if amount}
    if not known:
        return ""
    parts = [f"{_SOURCES[name]} ({format_money(known[name])})" for name in _SOURCES if name in known]
    version = f" The list is {reading.list_version}." if "list" in known and reading.list_version else ""
    what = "Costs are Pay-i's own figures" if set(known) == {"payi"} else "Costs are estimates"
    return f"{what}, in US dollars: {', '.join(parts)}.{version}"


def _say_before(report: Report, reading: Reading) -> str:
    start, end = report.window.before, report.window.start
    if start is None or end is None or report.total.before is None:
        return ""
    first, last = (f"{moment.astimezone(reading.zone):{_FORM}}" for moment in (start, end))
    cost, calls = format_money(report.total.before.cost), say_count(report.total.before.calls, "call")
    return f"Changes are since the period before, {first} to {last}: {cost} for {calls}."


def _list_gaps(total: Summary) -> Iterator[str]:
    if total.unpriced or total.partial:
        counts = [
            f"{say_count(total.unpriced, 'call')} without a price" if total.unpriced else "",
            f"{say_count(total.partial, 'call')} with a price for some units only" if total.partial else "",
        ]
        tokens = say_count(total.count_unpriced_tokens(), "token")
        yield f"Not in the costs: {' and '.join(filter(None, counts))}, {tokens} in all."
        reasons = sorted(total.reasons.items(), key=lambda reason: (-reason[1], reason[0]))
        yield from (f"  {say_count(calls, 'call')}: {reason}" for reason, calls in reasons[:_MAX_REASONS])
        if len(reasons) > _MAX_REASONS:
            yield f"  and {say_count(len(reasons) - _MAX_REASONS, 'more reason')}"
    if total.missing:
        yield f"{say_count(total.missing, 'response')} had no usage that could be read."
    for field, calls in sorted(total.missing_fields.items()):
        yield f"{say_count(calls, 'call')} had no {field}, which the configuration requires."
    if total.cut:
        yield f"{say_count(total.cut, 'stream')} ended early, and cost at least what is shown."
    if total.included:
        included = say_count(total.included, "call is", "calls are")
        yield f"{included} covered by a subscription or a commitment."


def _list_unseen(counts: FileCounts) -> Iterator[str]:
    """Yield what the programs that wrote the files know of and the files don't have, at any time."""
    for numbers, one, what in (
        (counts.lost, "event", "lost before it could be written"),
        (counts.unobserved, "request", "not recorded, and may have cost something"),
    ):
        reasons = {name: number for name, number in numbers.items() if number}
        if reasons:
            total = sum(reasons.values())
            said = ", ".join(f"{name} {number:,}" for name, number in sorted(reasons.items()))
            were = "was" if total == 1 else "were"
            words = what.replace(" it ", " they ") if total != 1 else what
            yield f"Not in the figures: {say_count(total, one)} that {were} {words} ({said})."


def _list_assumptions(total: Summary) -> Iterator[str]:
    if total.assumed:
        rows = sorted(total.assumed.items(), key=lambda row: (-row[1], row[0]))
        yield (
            "Rates that were not its own: "
            + "; ".join(f"{note} ({format_money(amount)})" for note, amount in rows)
            + "."
        )


def say_skipped(number: int) -> str:
    """Return the sentence about items that aren't events."""
    items = say_count(number, "item that isn't an event", "items that aren't events")
    return f"Skipped {items}."


def say_untimed(number: int) -> str:
    """Return the sentence about calls that are left out because nothing says when they were."""
    return f"Left out {say_count(number, 'call')} without a time, which no period has."


class LeftOut(NamedTuple):
    """How many items of files were left out: those that are no events, and calls without a time."""

    skipped: int = 0
    untimed: int = 0

    def list_notes(self) -> Iterator[str]:
        """Yield a sentence for each reason there was."""
        if self.skipped:
            yield say_skipped(self.skipped)
        if self.untimed:
            yield say_untimed(self.untimed)


def _list_left_out(report: Report, reading: Reading) -> Iterator[str]:
    if reading.repeats:
        yield f"Left out {say_count(reading.repeats, 'event')} that had been read before."
    yield from LeftOut(reading.skipped, report.untimed).list_notes()
