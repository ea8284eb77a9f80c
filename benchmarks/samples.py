"""What every benchmark measures in, and the rows that come of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

__all__ = ["Benchmark", "Case", "Pair", "Round", "Row", "quartiles", "read_size", "summarize", "tell_size"]

Case = tuple[str, ...]


class Pair(NamedTuple):
    """One sample; `bare` is the same without recording, measured beside it, where that makes sense."""

    value: float
    bare: float | None = None


Round = dict[str, Pair]


class Row(NamedTuple):
    """A line of a table: quartiles, of what was added where there is a bare side to it.

    `budget` is the most that it may be, or the least where `unit` is so many a second.
    """

    case: str
    unit: str
    low: float
    median: float
    high: float
    bare: float | None = None
    budget: float | None = None

    @property
    def is_within(self) -> bool:
        if self.budget is None:
            return True
        return self.median >= self.budget if self.is_rate else self.median <= self.budget

    @property
    def is_rate(self) -> bool:
        """Whether more is better."""
        return self.unit.endswith("a second")


_AT = "µs CPU at "


def tell_size(size: int) -> str:
    """The unit of a row of which there is one for each of several sizes."""
    return f"{_AT}{size:,}"


def read_size(row: Row) -> int:
    """What `tell_size` told; 0 for other rows."""
    return int(row.unit.removeprefix(_AT).replace(",", "")) if row.unit.startswith(_AT) else 0


class Benchmark(Protocol):
    """What a module of this folder has, for `__main__` to run it: rounds are what JSON can hold."""

    def list_cases(self, *, quick: bool = False) -> Sequence[Case]:
        """Every case, each of which is to have a process of its own; `quick`: enough to see that it runs."""
        ...

    def measure(self, case: Any, *, rounds: int, quick: bool = False) -> Sequence[Any]:
        """Measure one case. `quick`: so little of it that the numbers mean nothing."""
        ...

    def summarize(self, case: Any, rounds: Sequence[Any]) -> Iterable[Row]:
        """The rows of a case, from the rounds of all its processes."""
        ...


def summarize(
    case: Case, rounds: Sequence[Mapping[str, Sequence[Any]]], budgets: Mapping[str, float] | None = None
) -> Iterator[Row]:
    """A row for each unit. `budgets` are by unit."""
    for unit in rounds[0]:
        pairs = [Pair(*one[unit]) for one in rounds]
        bares = [pair.bare for pair in pairs if pair.bare is not None]
        quiet = min(bares) if bares else None
        values = quartiles([_find_added(pair, quiet) for pair in pairs])
        yield Row(" / ".join(case), unit, *values, quiet, (budgets or {}).get(unit))


def _find_added(pair: Pair, quiet: float | None) -> float:
    """What was added, at the speed that the machine has when nobody else uses it.

    Its speed changes by half from one second to the next, but seldom within a round: so it is the ratio of
    a round that counts.
    """
    if pair.bare is None or quiet is None:
        return pair.value
    return (pair.value / pair.bare - 1) * quiet


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Of two values or more."""
    # Inclusive, because quartiles of a few rounds must not lie outside of what was measured.
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high
