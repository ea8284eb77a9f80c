"""The records that one process wrote to the spool, in numbered files, and how far they were read.

The files of a journal are `<name>.lock`, held by its reader and naming the place up to which all is settled,
and `<name>-<number>.events`. Nothing here is for more than one thread.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import NamedTuple

from payi_transport.delivery.spool.segments import read_records
from payi_transport.runtime.file_locks import lock_file

__all__ = ["LOCK_SUFFIX", "SEGMENT_SUFFIX", "Journal", "open_journal"]

LOCK_SUFFIX = ".lock"
SEGMENT_SUFFIX = ".events"
# A file this large is closed, and brought to the disk. Bytes.
_SEGMENT_BYTES = 8 * 1024 * 1024


class _Place(NamedTuple):
    segment: int
    offset: int


class Journal:
    """Written at its end, read from its beginning; what is read goes away once it is acknowledged."""

    def __init__(self, directory: Path, name: str, lock: io.FileIO) -> None:
        self.name = name
        self._directory = directory
        self._lock = lock
        self._written: io.FileIO | None = None
        self._settled = self._read_to = self._find_place()
        self._last = max(self._find_segments(), default=0)

    def append(self, data: bytes) -> None:
        """Write whole records at the end, all or none of them. Raises OSError."""
        if self._written is None:
            self._last += 1
            self._written = self._open_segment(self._last)
        start = self._written.tell()
        try:
            if self._written.write(data) != len(data):
                raise OSError("the disk took a part only")
        except OSError:
            self._written.truncate(start)
            self._written.seek(start)
            raise
        if start + len(data) >= _SEGMENT_BYTES:
            os.fsync(self._written.fileno())
            self._close_segment()

    def read(self, most: int, most_bytes: int) -> list[bytes]:
        """The next records, an empty list where there are none yet. Raises OSError."""
        while True:
            segment, offset = self._read_to
            records, end = self._read_segment(segment, offset, most, most_bytes)
            self._read_to = _Place(segment, end)
            if records or segment >= self._last:
                return records
            self._read_to = _Place(segment + 1, 0)

    def acknowledge(self) -> None:
        """All that was read is settled: remember it, and remove the files that are done with."""
        if self._settled == self._read_to:
            return
        for segment in range(self._settled.segment, self._read_to.segment):
            self._remove(segment)
        self._settled = self._read_to
        self._lock.seek(0)
        self._lock.write(b"%010d %020d\n" % self._settled)

    def restart(self) -> None:
        """Remove what is settled, if that is all there is: nothing stays on the disk longer than it must."""
        if self.is_drained():
            self._close_segment()
            self._remove(self._last)
            self._settled = self._read_to = _Place(self._last + 1, 0)

    def is_drained(self) -> bool:
        """Whether all of it is settled."""
        return self._settled.segment > self._last or (
            self._settled.segment == self._last and self._settled.offset >= self._size(self._last)
        )

    def close(self) -> None:
        """Let go of the files, and of the lock. What is not settled is for whoever locks it next."""
        self.restart()
        self._close_segment()
        if self.is_drained():
            (self._directory / (self.name + LOCK_SUFFIX)).unlink(missing_ok=True)
        self._lock.close()

    def leave_to_parent(self) -> None:
        """Close the files only: in a forked child they are the parent's."""
        self._close_segment()
        self._lock.close()

    def _segment(self, number: int) -> Path:
        return self._directory / f"{self.name}-{number:06d}{SEGMENT_SUFFIX}"

    def _remove(self, number: int) -> None:
        # Where it stays, on a disk that turned read-only, the place in the lock file says that it is settled.
        with contextlib.suppress(OSError):
            self._segment(number).unlink()

    def _find_segments(self) -> list[int]:
        found = self._directory.glob(f"{self.name}-*{SEGMENT_SUFFIX}")
        numbers = (path.stem.removeprefix(f"{self.name}-") for path in found)
        return [int(number) for number in numbers if number.isdigit()]

    def _find_place(self) -> _Place:
        first = _Place(min(self._find_segments(), default=1), 0)
        self._lock.seek(0)
        parts = self._lock.read(64).split()
        if len(parts) == 2 and all(part.isdigit() for part in parts):
            return max(first, _Place(int(parts[0]), int(parts[1])))
        return first

    def _open_segment(self, number: int) -> io.FileIO:
        file = os.open(self._segment(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return io.FileIO(file, "wb")

    def _close_segment(self) -> None:
        if self._written is not None:
            self._written.close()
            self._written = None

    def _size(self, number: int) -> int:
        try:
            return self._segment(number).stat().st_size
        except FileNotFoundError:
            return 0

    def _read_segment(self, number: int, offset: int, most: int, most_bytes: int) -> tuple[list[bytes], int]:
        size = self._size(number)
        if offset >= size:
            return [], offset
        return read_records(self._segment(number), offset, size, most, most_bytes)


def open_journal(directory: Path, name: str, *, create: bool = False) -> Journal | None:
    """The journal of that name, None where another process has it, or removed it just now. Raises OSError."""
    lock = lock_file(directory / (name + LOCK_SUFFIX), create=create)
    return None if lock is None else Journal(directory, name, lock)
