"""The records that one process wrote to the spool: append at the end, read from the start, acknowledge.

A journal is a sequence of numbered segment files, `<name>-<number>.events`, and a lock file, `<name>.lock`.
New records go to the last segment. Reading moves a position forward through all of them, and changes nothing
on disk. Acknowledging settles everything read so far: it deletes the segments that are done, and writes the
position to the lock file. A process that is killed between the two leaves its unsettled records to be read
again by the next process, so each record is delivered at least once.

The process that holds the lock owns the journal. Nothing here is safe for more than one thread.
"""

from __future__ import annotations

import contextlib
import io
import os
import zlib
from pathlib import Path
from typing import NamedTuple

from payi_transport.delivery.spool.segments import NO_FOLLOW, read_records
from payi_transport.runtime.file_locks import lock_file

__all__ = ["LOCK_SUFFIX", "SEGMENT_SUFFIX", "Journal", "open_journal"]

LOCK_SUFFIX = ".lock"
SEGMENT_SUFFIX = ".events"
# A segment of this size is synced to disk and closed. Bytes.
_SEGMENT_BYTES = 8 * 1024 * 1024


class _Position(NamedTuple):
    segment: int
    offset: int


class Journal:
    """A queue of records on disk, owned through its locked file `lock`."""

    def __init__(self, directory: Path, name: str, lock: io.FileIO) -> None:
        self.name = name
        self._directory = directory
        self._lock = lock
        # How many stretches of what was read were not records.
        self.damaged = 0
        # The segment that is being written, opened at the first append.
        self._writer: io.FileIO | None = None
        self._settled = self._next_read = self._load_position()
        self._last = max(self._find_segments(), default=0)

    def append(self, data: bytes) -> None:
        """Write whole records at the end, either all or none of them. Raises OSError."""
        if self._writer is None:
            self._last += 1
            self._writer = self._open_segment(self._last)
        start = self._writer.tell()
        try:
            # The file is unbuffered, and such a write may take less than it was asked to, as on a disk that
            # is almost full.
            if self._writer.write(data) != len(data):
                raise OSError("the disk accepted only part of a write")
        except OSError:
            # The batch will be written again. Half a record before it would count as damage.
            self._writer.truncate(start)
            self._writer.seek(start)
            raise
        if start + len(data) >= _SEGMENT_BYTES:
            os.fsync(self._writer.fileno())
            self._close_segment()

    def read(self, most: int, most_bytes: int) -> list[bytes]:
        """Return the next records, an empty list if there are none yet. Raises OSError."""
        while True:
            segment, offset = self._next_read
            records, end = self._read_segment(segment, offset, most, most_bytes)
            self._next_read = _Position(segment, end)
            if records or segment >= self._last:
                return records
            self._next_read = _Position(segment + 1, 0)

    def acknowledge(self) -> None:
        """Settle everything that was read: it will not be read again, by any process. Raises OSError."""
        if self._settled == self._next_read:
            return
        # If the process is killed before it writes the new position, the old one lies in a segment that is
        # gone. Then `_load_position` goes on to the first segment that is left.
        for segment in range(self._settled.segment, self._next_read.segment):
            self._remove(segment)
        self._settled = self._next_read
        self._lock.seek(0)
        # Of fixed width, so that each write replaces the one before completely.
        place = b"%010d %020d" % self._settled
        self._lock.write(b"%s %08x\n" % (place, zlib.crc32(place)))

    def rewind(self) -> None:
        """Read again what was read and is not settled."""
        self._next_read = self._settled

    def restart(self) -> None:
        """Remove the last segment if all of it is settled, so that no content stays on disk needlessly."""
        if self.is_drained():
            self._close_segment()
            self._remove(self._last)
            self._settled = self._next_read = _Position(self._last + 1, 0)

    def is_drained(self) -> bool:
        """Return whether everything that was written is settled."""
        return self._settled.segment > self._last or (
            self._settled.segment == self._last and self._settled.offset >= self._size(self._last)
        )

    def close(self) -> None:
        """Close the files and release the lock. What is not settled is for the process that locks it next."""
        self.restart()
        self._close_segment()
        if self.is_drained():
            (self._directory / (self.name + LOCK_SUFFIX)).unlink(missing_ok=True)
        self._lock.close()

    def discard_inherited(self) -> None:
        """Close the files and change nothing on disk; in a forked child the journal is the parent's."""
        self._close_segment()
        self._lock.close()

    def _segment(self, number: int) -> Path:
        return self._directory / f"{self.name}-{number:06d}{SEGMENT_SUFFIX}"

    def _remove(self, number: int) -> None:
        # If the file can't be removed, it stays. The position in the lock file says that it is settled.
        with contextlib.suppress(OSError):
            self._segment(number).unlink()

    def _find_segments(self) -> list[int]:
        found = self._directory.glob(f"{self.name}-*{SEGMENT_SUFFIX}")
        numbers = (path.stem.removeprefix(f"{self.name}-") for path in found)
        return [int(number) for number in numbers if number.isdigit()]

    def _load_position(self) -> _Position:
        """Return the settled position that the last owner stored, or the start if it cannot be right.

        A wrong position would skip records that nobody delivered. Those before it are delivered once more,
        which Pay-i recognizes.
        """
        numbers = self._find_segments()
        first = _Position(min(numbers, default=1), 0)
        self._lock.seek(0)
        place, _, checksum = self._lock.read(64).rstrip().rpartition(b" ")
        if checksum != b"%08x" % zlib.crc32(place):
            return first
        settled = _Position(*map(int, place.split()))
        # The last owner may have been killed after it removed the segment that was settled.
        if settled.segment in numbers and settled.offset > self._size(settled.segment):
            return first
        return max(first, settled) if settled.segment <= max(numbers, default=0) else first

    def _open_segment(self, number: int) -> io.FileIO:
        file = os.open(self._segment(number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
        return io.FileIO(file, "wb")

    def _close_segment(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _size(self, number: int) -> int:
        try:
            return self._segment(number).stat().st_size
        except FileNotFoundError:
            return 0

    def _read_segment(self, number: int, offset: int, most: int, most_bytes: int) -> tuple[list[bytes], int]:
        size = self._size(number)
        if offset >= size:
            return [], offset
        return read_records(self._segment(number), offset, size, most, most_bytes, self._count_damage)

    def _count_damage(self) -> None:
        self.damaged += 1


def open_journal(directory: Path, name: str, *, create: bool = False) -> Journal | None:
    """Lock and open a journal; return None if another process holds it or has just removed it.

    Raises OSError.
    """
    lock = lock_file(directory / (name + LOCK_SUFFIX), create=create)
    return None if lock is None else Journal(directory, name, lock)
