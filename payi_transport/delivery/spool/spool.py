"""A directory in which events wait for delivery, for the processes that use it and for those to come.

Each process writes a journal of its own, and holds a lock on it for as long as it runs. A journal that nobody
holds was left behind: whoever locks it first delivers it, so no two processes deliver the same. What is
written is safe from the end of the process at once, and from the end of the machine when its file is full.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from payi_transport.delivery.spool.journal import LOCK_SUFFIX, SEGMENT_SUFFIX, Journal, open_journal
from payi_transport.delivery.spool.segments import pack_record

__all__ = ["REJECTED_FILE", "Spool"]

# Events that the destination refused for good, a JSON object a line.
REJECTED_FILE = "rejected.jsonl"
# How often to look for journals left behind. Seconds.
_LOOK_INTERVAL = 30.0
# How much is read at a time. Bytes.
_READ_BYTES = 8 * 1024 * 1024
# What is set aside stays for ever: it gets this share of the room, and the rest is for what is delivered.
_SHARE_ASIDE = 0.1


class Spool:
    """At most `max_bytes` in all files of `directory`, which has to exist. Any thread may call.

    `written` and `read_back` count the records of this process, `damaged` those that could not be read back.
    `problems` are those with journals of other processes, which stay there; whoever reads takes them.
    Every method raises OSError for what the disk can't do.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self.directory = directory
        self.written = self.read_back = self.damaged = 0
        self._max_bytes = max_bytes
        # Of the worker's threads alone: no caller waits for it.
        self._guard = threading.Lock()
        self._own: Journal | None = None
        self._adopted: Journal | None = None
        self.problems: list[OSError] = []
        self._unusable: set[str] = set()
        self._look_at = 0.0
        # Records that the disk did not take: not read yet, and read.
        self._held: list[bytes] = []
        self._lent: list[bytes] = []

    def append(self, payloads: Sequence[bytes]) -> bool:
        """Write records behind those there are; False, and none written, where they would be too many."""
        data = b"".join(map(pack_record, payloads))
        with self._guard:
            if self._measure(SEGMENT_SUFFIX, REJECTED_FILE) + len(data) > self._max_bytes:
                return False
            if self._own is None:
                self._own = self._begin()
            self._own.append(data)
            self.written += len(payloads)
        return True

    def hold(self, payloads: Sequence[bytes]) -> bool:
        """Keep records in memory that can't be written; False where others are kept already."""
        with self._guard:
            if self.held:
                return False
            self._held = list(payloads)
            self.written += len(payloads)
        return True

    @property
    def held(self) -> int:
        """How many records are in memory alone."""
        return len(self._held) + len(self._lent)

    def read(self, most: int) -> tuple[list[bytes], bool]:
        """Up to `most` records, oldest first, and whether they are this process's own.

        Those that are in memory alone come first and all at once, then those left behind by others.
        `acknowledge` has to be called before the next are read.
        """
        with self._guard:
            if self._held:
                self._lent, self._held = self._held, []
                self.read_back += len(self._lent)
                return self._lent, True
            while self._adopted is not None or self._adopt():
                records = self._read_adopted(most)
                if records:
                    return records, False
            if self._own is None:
                return [], True
            records = self._own.read(most, _READ_BYTES)
            self.read_back += len(records)
            if not records:
                self._settle_own(self._own)
            return records, True

    def acknowledge(self) -> None:
        """All that was read is settled."""
        with self._guard:
            if self._lent:
                self._lent = []
            elif self._adopted is not None:
                self._adopted.acknowledge()
            elif self._own is not None:
                self._settle_own(self._own)

    def _settle_own(self, journal: Journal) -> None:
        journal.acknowledge()
        journal.restart()
        if journal.is_drained():
            self.damaged = self.written - self.read_back - len(self._held)

    def set_aside(self, line: bytes) -> None:
        """Keep what is never to be delivered, while there is room for it."""
        with self._guard:
            if self._measure(REJECTED_FILE) + len(line) < self._max_bytes * _SHARE_ASIDE:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                with open(os.open(self.directory / REJECTED_FILE, flags, 0o600), "ab", buffering=0) as file:
                    file.write(line + b"\n")

    def close(self) -> None:
        """Let go of every file; what is not settled is for the next process."""
        with self._guard:
            for journal in (self._own, self._adopted):
                if journal is not None:
                    journal.close()
            self._own = self._adopted = None

    def leave_to_parent(self) -> None:
        """Close the files only: in a forked child all of this is the parent's."""
        for journal in (self._own, self._adopted):
            if journal is not None:
                journal.leave_to_parent()

    def _begin(self) -> Journal:
        """A journal that sorts behind all earlier ones."""
        journal = None
        while journal is None:
            name = f"{time.time_ns():020d}-{os.getpid()}"
            journal = open_journal(self.directory, name, create=True)
        return journal

    def _adopt(self) -> bool:
        """Take over a journal that was left behind, if there is one and it is time to look."""
        if monotonic() < self._look_at:
            return False
        for path in sorted(self.directory.glob(f"*{LOCK_SUFFIX}")):
            if path.stem in self._unusable:
                continue
            # Another process may finish with it just now, or another user own it.
            with contextlib.suppress(OSError):
                self._adopted = open_journal(self.directory, path.stem)
                if self._adopted is not None:
                    return True
        self._look_at = monotonic() + _LOOK_INTERVAL
        return False

    def _read_adopted(self, most: int) -> list[bytes]:
        """The next records of the adopted journal; at its end it is removed.

        One that can't be read, or not removed, is let go for good: it must not hold up the others.
        """
        journal = self._adopted
        assert journal is not None  # noqa: S101 (the caller asked)
        try:
            records = journal.read(most, _READ_BYTES)
            if records:
                return records
            journal.acknowledge()
            journal.close()
        except OSError as exc:
            self._unusable.add(journal.name)
            self.problems.append(exc)
            journal.leave_to_parent()
        self._adopted = None
        return []

    def _measure(self, *endings: str) -> int:
        """Bytes that the files of the directory hold whose names end so."""
        size = 0
        with os.scandir(self.directory) as entries:
            for entry in entries:
                if entry.name.endswith(endings):
                    with contextlib.suppress(FileNotFoundError):
                        size += entry.stat().st_size
        return size
