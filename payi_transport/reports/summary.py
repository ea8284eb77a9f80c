"""What calls add up to, in memory that doesn't grow with their number.

Latencies are kept as counts by their three leading digits, which is exact up to a second and within half a
percent above.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from payi_transport.decode.missing_fields import read_missing_fields
from payi_transport.prices import Estimate
from payi_transport.reports.stored_event import StoredEvent
from payi_transport.values.names import STREAM_PROPERTY, UNITS_PROPERTY

__all__ = ["Summary", "UnitSum", "counts_tokens"]

_ZERO = Decimal(0)
# Units of which a sum with tokens would mean nothing.
_NOT_TOKENS = frozenset(
    {
        *("web_search_request", "file_search_request", "maps_request", "premium_search_request"),
        *("rerank_search", "search_source", "request", "call", "classification", "container"),
        *("code_interpreter_call", "image_generation_call", "document_page", "annotated_document_page"),
    }
)


class UnitSum:
    """How much of a unit was used in one direction, and what it cost."""

    __slots__ = ("cost", "count", "unpriced")

    def __init__(self) -> None:
        self.count = 0
        self.cost = _ZERO
        # How much of the count has no price.
        self.unpriced = 0

    def merge(self, other: UnitSum) -> None:
        """Add what another sum has."""
        self.count += other.count
        self.cost += other.cost
        self.unpriced += other.unpriced


class Summary:
    """The sums of a group of calls. `cost` is of what has a price, and the other counts say what it lacks."""

    __slots__ = (
        *("assumed", "calls", "cost", "cut", "errors", "included", "latencies", "missing", "missing_fields"),
        *("partial", "reasons", "sources", "units", "unpriced"),
    )

    def __init__(self) -> None:
        self.calls = 0
        self.errors = 0
        self.cost = _ZERO
        # Calls of which nothing, or not everything, has a price.
        self.unpriced = 0
        self.partial = 0
        # Calls without readable usage, streams that ended early, and calls that are paid for otherwise.
        self.missing = 0
        self.missing_fields: dict[str, int] = {}
        self.cut = 0
        self.included = 0
        self.sources: dict[str, Decimal] = {}
        # Money by what was assumed for it, and calls by why they have no price.
        self.assumed: dict[str, Decimal] = {}
        self.reasons: dict[str, int] = {}
        self.units: dict[tuple[str, str], UnitSum] = {}
        self.latencies: dict[int, int] = {}

    def add(self, event: StoredEvent, estimate: Estimate) -> None:
        """Count a call."""
        self.calls += 1
        if event.failed:
            self.errors += 1
        if event.properties:
            self.cut += event.properties.get(STREAM_PROPERTY) == "partial"
            self.missing += event.properties.get(UNITS_PROPERTY) == "missing"
            for name in read_missing_fields(event.properties):
                self.missing_fields[name] = self.missing_fields.get(name, 0) + 1
        self._add_status(estimate)
        for line in estimate.lines:
            if line.direction != "total":
                self._add_line(line.unit, line.direction, line.count, line.amount, estimate.status)
            if line.note and line.amount is not None:
                self.assumed[line.note] = self.assumed.get(line.note, _ZERO) + line.amount
        if event.end_to_end_latency_ms is not None:
            slot = _round(event.end_to_end_latency_ms)
            self.latencies[slot] = self.latencies.get(slot, 0) + 1

    def merge(self, other: Summary) -> None:
        """Add what another summary has."""
        for name in ("calls", "errors", "unpriced", "partial", "missing", "cut", "included"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.cost += other.cost
        for name in ("sources", "assumed", "reasons", "latencies", "missing_fields"):
            mine = getattr(self, name)
            for key, value in getattr(other, name).items():
                mine[key] = mine.get(key, 0) + value
        for unit, sums in other.units.items():
            self.units.setdefault(unit, UnitSum()).merge(sums)

    def find_latency(self, percent: int) -> int | None:
        """Return the latency in ms that so many percent of the calls didn't exceed, None without any."""
        # The nearest rank is the ceiling of percent/100 of the number of calls; -(-a // b) is a ceiling.
        rank = -(-percent * sum(self.latencies.values()) // 100)
        for slot in sorted(self.latencies):
            rank -= self.latencies[slot]
            if rank <= 0:
                return slot
        return None

    def count_tokens(self, direction: str) -> int:
        """Return all tokens of a direction."""
        return sum(
            sums.count for (unit, way), sums in self.units.items() if way == direction and counts_tokens(unit)
        )

    def count_unpriced_tokens(self) -> int:
        """Return the tokens that have no price."""
        return sum(sums.unpriced for (unit, _), sums in self.units.items() if counts_tokens(unit))

    def _add_status(self, estimate: Estimate) -> None:
        if estimate.total is not None:
            self.cost += estimate.total
        if estimate.source is not None:
            self.sources[estimate.source] = self.sources.get(estimate.source, _ZERO) + (
                estimate.total or _ZERO
            )
        if estimate.status == "priced":
            return
        if estimate.status == "included":
            self.included += 1
            return
        self.unpriced += estimate.status == "unpriced"
        self.partial += estimate.status == "partial"
        for reason in _list_reasons(estimate):
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def _add_line(self, unit: str, direction: str, count: int, amount: Decimal | None, status: str) -> None:
        sums = self.units.get((unit, direction))
        if sums is None:
            sums = self.units[unit, direction] = UnitSum()
        sums.count += count
        if amount is not None:
            sums.cost += amount
        elif status in ("unpriced", "partial"):
            sums.unpriced += count


def _list_reasons(estimate: Estimate) -> Iterable[str]:
    """Return why a call has no price, or which of its units have none."""
    if estimate.status == "unpriced":
        return estimate.notes[:1]
    lines = (line for line in estimate.lines if line.amount is None)
    return {f"{line.unit} {line.direction}: {line.note or 'no rate is known'}" for line in lines}


def counts_tokens(unit: str) -> bool:
    """Return whether a unit counts tokens, or seconds and images that stand for them."""
    return not unit.startswith("guardrail_") and unit not in _NOT_TOKENS


def _round(milliseconds: float) -> int:
    latency = round(milliseconds)
    if latency < 1000:
        return max(latency, 0)
    unit: int = 10 ** (len(str(latency)) - 3)
    return round(latency / unit) * unit
