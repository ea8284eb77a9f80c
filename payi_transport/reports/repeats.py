"""Which events were seen before, in 16 to 32 bytes for each.

A set of ids would take ten times as much, and a report may read tens of millions of events. So there is one
array of hashes, with the place of each decided by the hash itself, and twice as large when it is half full.
Two different events of a report share a hash of 64 bits in about one of 37 million reports of a million
events.
"""

from __future__ import annotations

import hashlib
from array import array

__all__ = ["Repeats"]


class Repeats:
    """The events that were seen so far."""

    def __init__(self, slots: int = 1 << 16) -> None:
        # A power of two, so that a mask finds the place of a hash.
        self._slots = array("Q", bytes(8 * slots))
        self._used = 0

    def is_repeat(self, *parts: object) -> bool:
        """Return whether an event was seen before, and remember it. `parts` say which one it is."""
        key = _hash(parts)
        slots, mask = self._slots, len(self._slots) - 1
        place = key & mask
        while slots[place]:
            if slots[place] == key:
                return True
            place = (place + 1) & mask
        slots[place] = key
        self._used += 1
        if self._used * 2 > len(slots):
            self._grow()
        return False

    def _grow(self) -> None:
        old, self._slots = self._slots, array("Q", bytes(len(self._slots) * 16))
        slots, mask = self._slots, len(self._slots) - 1
        for key in old:
            if key:
                place = key & mask
                while slots[place]:
                    place = (place + 1) & mask
                slots[place] = key


def _hash(parts: tuple[object, ...]) -> int:
    # Not hash(), which is different in each process and, for integers, the integer.
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    # 0 marks a free slot.
    return int.from_bytes(digest, "little") or 1
