"""What is missing from a file of events: the counts that stand beside it in a file of their own.

A file of events has no place for calls that became no event. So a process that lost some, or that saw
requests which it doesn't record, writes their numbers to `<file>.counts` at a flush and at shutdown. Without
any, the file does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

__all__ = ["FileCounts", "find_counts_path", "read_counts"]

_SUFFIX = ".counts"
_MAX_BYTES = 1 << 20


class FileCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Events that were lost, by reason, and requests that are not recorded, by reason and by host."""

    lost: Mapping[str, int] = {}
    unobserved: Mapping[str, int] = {}
    hosts: Mapping[str, int] = {}

    def __bool__(self) -> bool:
        return any(self.lost.values()) or any(self.unobserved.values())

    def plus(self, other: FileCounts) -> FileCounts:
        """Return the sums of both."""
        return FileCounts(
            lost=_add(self.lost, other.lost),
            unobserved=_add(self.unobserved, other.unobserved),
            hosts=_add(self.hosts, other.hosts),
        )


def find_counts_path(path: Path) -> Path:
    """Return where the counts of a file are."""
    return path.with_name(path.name + _SUFFIX)


def read_counts(path: Path) -> FileCounts:
    """Return the counts of a file of events, none where nothing is missing or they can't be read."""
    try:
        with find_counts_path(path).open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_BYTES), type=FileCounts)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return FileCounts()


def _add(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other)}
