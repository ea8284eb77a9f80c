"""Reading the numbers and times of a bill, and counting those that can't be read, to tell the user."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec

from payi_transport.reports.bills.numbers import NUMBER_FORMS, read_decimal
from payi_transport.reports.bills.times import TIME_FORMS, read_time

__all__ = ["Unread", "ValueReader", "describe_unread"]

T = TypeVar("T")
Kind = Literal["date", "number"]
_LONGEST = 100
# What becomes of the kinds of values that can't be read, and what can be read.
_WORDS: dict[Kind, tuple[str, str]] = {
    "date": ("lines without a date are left out", TIME_FORMS),
    "number": ("taken for none", NUMBER_FORMS),
}


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers or the dates of a file that can't be read: how many, and the first of them."""

    file: str
    kind: Kind
    count: int
    first: str


def describe_unread(unread: Unread) -> str:
    """Say in one sentence what can't be read, what becomes of it, and what is accepted."""
    fate, forms = _WORDS[unread.kind]
    values = f"{unread.count:,} {unread.kind}{'' if unread.count == 1 else 's'}"
    return f"{unread.file}: {values} can't be read ({fate}); expected {forms}, got {unread.first!r}"


class ValueReader:
    """Read the values of one file. An empty value is none, and not counted."""

    def __init__(self) -> None:
        self._unread: dict[Kind, tuple[int, str]] = {}

    def number(self, value: Any) -> Decimal | None:
        """Return a number, None for anything else."""
        return self._read(value, read_decimal, "number")

    def time(self, value: Any) -> datetime | None:
        """Return an aware time, None for anything else."""
        return self._read(value, read_time, "date")

    def _read(self, value: Any, read: Callable[[Any], T | None], kind: Kind) -> T | None:
        found = read(value)
        if found is None and not _is_empty(value):
            count, first = self._unread.get(kind, (0, ""))
            self._unread[kind] = count + 1, first or str(value)[:_LONGEST]
        return found

    def list_unread(self, file: str) -> list[Unread]:
        """Return what could not be read of the file with this name."""
        return [
            Unread(file=file, kind=kind, count=count, first=first)
            for kind, (count, first) in self._unread.items()
        ]


def _is_empty(value: Any) -> bool:
    # NaN, which is not equal to itself, is what some programs write for a missing number.
    return value is None or value != value or (isinstance(value, str) and not value.strip())
