"""A directory in which events wait for delivery, shared by all processes that use it, now and later.

Each process writes a journal of its own and holds its lock for as long as it runs. A journal that nobody
holds was left behind, by a process that exited or was killed with events undelivered. The first process that
locks it delivers it: this is called adoption. So two processes never deliver the same record at the same
time, and no process has to announce its end.

A written record survives the end of its process at once, because it is in the kernel's page cache. It
survives a crash of the machine once its segment is full, when the file is synced. Syncing every batch would
cost more than such a rare loss.

When the disk accepts nothing, because it is full or read-only, one batch at a time goes through memory.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from payi_transport.delivery.spool.journal import LOCK_SUFFIX, SEGMENT_SUFFIX, Journal, open_journal
from payi_transport.delivery.spool.segments import NO_FOLLOW, pack_record
from payi_transport.runtime.clock import monotonic, time_ns

__all__ = ["REJECTED_FILE", "Spool"]

# Events that will never be delivered, one JSON object per line.
REJECTED_FILE = "rejected.jsonl"
# How often to look for journals left behind. Seconds.
_ADOPTION_INTERVAL = 30.0
# How much is read at a time. Bytes.
_READ_BYTES = 8 * 1024 * 1024
# Rejected events stay forever, so they get only this share of the room. The rest is for events that can still
# be delivered.
_REJECTED_SHARE = 0.1


class Spool:
    """A queue of records in the files of an existing `directory`, which hold at most `max_bytes` in all.

    Any thread may use it. Every method raises OSError where the disk fails, except for journals that other
    processes left behind: those errors are collected in `adoption_errors`, which the reader empties.

    `written` and `read_back` count the records of this process, `damaged` those of them that could not be
    read back. `adopted_damaged` counts the damaged stretches in what earlier processes left. Each was
    one record or more.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self.directory = directory
        self.written = self.read_back = self.damaged = self.adopted_damaged = 0
        self._max_bytes = max_bytes
        # Taken by the two workers only. No thread that makes calls ever waits for it.
        self._lock = threading.RLock()
        self._own: Journal | None = None
        self._adopted: Journal | None = None
        self.adoption_errors: list[OSError] = []
        self._unusable: set[str] = set()
        # Journals that are left alone until a time, so that others get their turn.
        self._postponed: dict[str, float] = {}
        self._next_adoption = 0.0
        # Records that the disk did not accept: not yet read, and read but not acknowledged.
        self._kept: list[bytes] = []
        self._kept_read: list[bytes] = []
        # Whether the reader has ended. What is written from then on is for the next process.
        self.closed = False

    def append(self, payloads: Sequence[bytes]) -> bool:
        """Write records at the end; return False, and write none, if there is not enough room for all."""
        data = b"".join(map(pack_record, payloads))
        with self._lock:
            if self._measure(SEGMENT_SUFFIX, REJECTED_FILE) + len(data) > self._max_bytes:
                return False
            if self._own is None:
                self._own = self._create_journal()
            self._own.append(data)
            self.written += len(payloads)
        return True

    def keep_in_memory(self, payloads: Sequence[bytes]) -> bool:
        """Keep records that cannot be written in memory; return False if others are kept already."""
        with self._lock:
            if self.in_memory:
                return False
            self._kept = list(payloads)
            self.written += len(payloads)
        return True

    @property
    def in_memory(self) -> int:
        """How many records are in memory only."""
        return len(self._kept) + len(self._kept_read)

    def read(self, most: int) -> tuple[list[bytes], bool]:
        """Return up to `most` records, oldest first, and whether this process wrote them.

        Records that are in memory only come first and all at once, then those of adopted journals, then the
        process's own. The next read requires an `acknowledge` of this one.
        """
        with self._lock:
            if self._kept:
                self._kept_read, self._kept = self._kept, []
                self.read_back += len(self._kept_read)
                return self._kept_read, True
            while self._adopted is not None or self._adopt():
                records = self._read_adopted(most)
                if records:
                    return records, False
            if self._own is None:
                return [], True
            records = self._own.read(most, _READ_BYTES)
            self.read_back += len(records)
            if not records:
                self._acknowledge_own(self._own)
            return records, True

    def acknowledge(self) -> None:
        """Settle all records of the last read; they will not be read again."""
        with self._lock:
            if self._kept_read:
                self._kept_read = []
            elif self._adopted is not None:
                self._adopted.acknowledge()
            elif self._own is not None:
                self._acknowledge_own(self._own)

    def rewind(self, count: int) -> bool:
        """Take back the `count` records of the last read, of which none is settled; return whether it does.

        This process's own are read again, with those written since. A journal left behind has to wait.
        """
        with self._lock:
            journal = self._adopted or self._own
            if self._kept_read or journal is None:
                return False
            if self._adopted is None:
                journal.rewind()
                self.read_back -= count
            else:
                self._postponed[journal.name] = monotonic() + _ADOPTION_INTERVAL
                journal.discard_inherited()
                self._adopted = None
        return True

    def _acknowledge_own(self, journal: Journal) -> None:
        journal.acknowledge()
        journal.restart()
        if journal.is_drained():
            # Everything on disk was read, so what was written and did not come back is damaged.
            self.damaged = self.written - self.read_back - len(self._kept)

    def write_rejected(self, line: bytes) -> None:
        """Append an event that will never be delivered to `REJECTED_FILE`, if there is room for it."""
        with self._lock:
            if self._measure(REJECTED_FILE) + len(line) < self._max_bytes * _REJECTED_SHARE:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | NO_FOLLOW
                with open(os.open(self.directory / REJECTED_FILE, flags, 0o600), "ab", buffering=0) as file:
                    file.write(line + b"\n")

    def close(self) -> None:
        """Close every file and release the locks. What is not settled is for the next process."""
        with self._lock:
            self.closed = True
            for journal in (self._own, self._adopted):
                if journal is not None:
                    journal.close()
            self._own = self._adopted = None

    def discard_inherited(self) -> None:
        """Close the files and change nothing on disk; in a forked child all of this is the parent's."""
        # Without the lock: a thread that does not exist in the child may have held it at the fork.
        for journal in (self._own, self._adopted):
            if journal is not None:
                journal.discard_inherited()

    def _create_journal(self) -> Journal:
        """Create a journal whose name sorts after all earlier ones."""
        journal = None
        while journal is None:
            name = f"{time_ns():020d}-{os.getpid()}"
            # Another process may find the lock file before it is locked here, adopt the empty journal, and
            # remove it.
            journal = open_journal(self.directory, name, create=True)
        return journal

    def _adopt(self) -> bool:
        """Take over the oldest journal that was left behind, if there is one and it is time to look."""
        if monotonic() < self._next_adoption:
            return False
        for path in sorted(self.directory.glob(f"*{LOCK_SUFFIX}")):
            if path.stem in self._unusable or monotonic() < self._postponed.get(path.stem, 0.0):
                continue
            # Another process may remove it at this moment, or another user may own it.
            with contextlib.suppress(OSError):
                self._adopted = open_journal(self.directory, path.stem)
                if self._adopted is not None:
                    return True
        self._next_adoption = monotonic() + _ADOPTION_INTERVAL
        return False

    def _read_adopted(self, most: int) -> list[bytes]:
        """Return the next records of the adopted journal, and remove the journal at its end.

        One that cannot be read or removed is left alone for good, so that it does not block the others.
        """
        journal = self._adopted
        assert journal is not None  # noqa: S101 (the caller checked)
        try:
            before = journal.damaged
            records = journal.read(most, _READ_BYTES)
            self.adopted_damaged += journal.damaged - before
            if records:
                return records
            journal.acknowledge()
            journal.close()
        except OSError as exc:
            self._unusable.add(journal.name)
            self.adoption_errors.append(exc)
            journal.discard_inherited()
        self._adopted = None
        return []

    def _measure(self, *endings: str) -> int:
        """Return the size of all files in the directory whose names have one of these endings. Bytes."""
        size = 0
        # Measured anew each time, because other processes add and remove files, too.
        with os.scandir(self.directory) as entries:
            for entry in entries:
                if entry.name.endswith(endings):
                    with contextlib.suppress(FileNotFoundError):
                        size += entry.stat().st_size
        return size
