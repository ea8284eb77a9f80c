"""The sink that writes events to a local file, a JSON array that is complete after every delivery.

A JSON array cannot be appended to without being invalid for a moment, and a crash in that moment would leave
a file that no parser reads. So each delivery copies the array without its closing bracket to a partial file
next to it, adds the new events and the bracket, and renames the result over the old file. Rename is atomic: a
reader sees the old array or the new one. Copying grows with the file, so `Receipt.wait` asks for pauses that
keep it to about a tenth of the worker's time.

Processes that share a file name must not overwrite each other's events. A writer therefore holds a lock, on a
hidden file next to its own because the file itself is a new one after every rename. A process that does not
get the lock adds its process id to the name.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from payi_transport.config.schema import OfflineSettings
from payi_transport.errors import PayiConfigError
from payi_transport.runtime.clock import monotonic
from payi_transport.runtime.file_locks import lock_file
from payi_transport.runtime.run_start import find_run_start
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event
from payi_transport.values.file_counts import FileCounts, find_counts_path, read_counts

__all__ = ["OfflineSink"]

_END = b"\n]\n"
# How a file of events ends.
_LAST = b"}" + _END
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
# What a file system without locks, such as some network mounts, returns for an attempt to lock.
_LOCKS_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
# The share of the worker's time that copying may take.
_COPY_SHARE = 0.1
# The id of the process that wrote each file. A process may continue its own files, as after a second
# `payi_instrument()`; a forked child inherits this dict, and so knows which files are its parent's.
_writers: dict[Path, int] = {}


class OfflineSink:
    """Write to `file_name`, by default `payi_instrumentation_<YYYY-MM-DD-HH-MM-SS>.json`.

    The first delivery replaces a file that an earlier run left under this name, and adds to one that a
    process of the same run has left. If another running process writes to it, or in a forked child, the
    process id is added to the name, before the suffix.
    Raises PayiConfigError for a name that cannot be written.
    """

    config_section = "offline_instrumentation"
    batch_limit = None

    @classmethod
    def from_section(cls, section: OfflineSettings) -> OfflineSink:
        """Return the sink that a section of `config` asks for."""
        return cls(section.file_name)

    def __init__(self, file_name: str | None = None) -> None:
        self.path = _check_writable(Path(file_name)) if file_name else _claim_default_name()
        self._requested = self.path
        self._run_start = find_run_start()
        self._lock: io.FileIO | None = None
        # Whether the file is of this run, and whether it has events by now.
        self._is_begun = self._has_events = False
        self._is_claimed = self._is_child = False
        # Of the runs before this one that wrote to the same file, and of this one as they were last written.
        self._earlier, self._counts = FileCounts(), FileCounts()

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        started = monotonic()
        if not self._is_claimed:
            self._claim()
        # The user may have moved the file away since the last delivery. Then a new array begins.
        if not self.path.exists():
            self._is_begun = self._has_events = False
        lines = b",\n".join(map(msgspec.json.encode, batch))
        self._write((b",\n" if self._has_events else b"[\n") + lines + _END)
        self._has_events = True
        return Receipt(wait=(monotonic() - started) / _COPY_SHARE, bytes_sent=len(lines))

    def _write(self, end: bytes) -> None:
        """Write the events so far, and then `end`."""
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        with _open_partial(partial) as file:
            self._copy_to(file.fileno())
            # The copy was written and cut through the descriptor, which the file object does not notice.
            file.seek(0, os.SEEK_END)
            file.write(end)
        partial.replace(self.path)
        if not self._is_begun:
            # Those of a file that was replaced.
            find_counts_path(self.path).unlink(missing_ok=True)
        self._is_begun = True
        _writers[self.path] = os.getpid()

    def write_counts(self, counts: FileCounts) -> None:
        """Write what this process has lost and not recorded to a file beside the events. Raises OSError."""
        if counts == self._counts:
            return
        if not self._is_claimed:
            self._claim()
        if not self._is_begun:
            # Without an event, what an earlier run left here would look like the events of this one.
            self._write(b"[" + _END)
        if not self._counts:
            self._earlier = read_counts(self.path)
        self._counts = counts
        path = find_counts_path(self.path)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        with _open_partial(partial) as file:
            file.write(msgspec.json.encode(self._earlier.plus(counts)))
        partial.replace(path)

    def fork(self) -> None:
        if self._lock is not None:
            # This closes the child's descriptor only; the parent still holds the lock.
            self._lock.close()
            self._lock = None
        self._is_claimed = self._is_begun = self._has_events = False
        self._is_child = True
        self._earlier, self._counts = FileCounts(), FileCounts()

    def close(self) -> None:
        """Release the name. The file needs nothing else: it is complete after every delivery."""
        if self._lock is not None:
            # Remove it while it is locked: a process that has opened it sees that it has lost its name.
            # Windows cannot remove an open file. The file may stay: it means nothing without its lock.
            with contextlib.suppress(OSError):
                _lock_path(self.path).unlink()
            self._lock.close()
            self._lock = None

    def _claim(self) -> None:
        """Choose the first name that no other process holds: as requested, with the process id, random.

        If the file system has no locks, there is no way to find out, and the first of these names is used.
        The random name is for containers that share a directory: their process ids may be equal.
        """
        process = os.getpid()
        own = f"{self._requested.stem}-{process}"
        for stem in [own] if self._is_child else [self._requested.stem, own]:
            self.path = self._requested.with_name(stem + self._requested.suffix)
            if _writers.get(self.path, process) != process:
                continue  # a file of the parent
            try:
                self._lock = lock_file(_lock_path(self.path), create=True)
            except PermissionError:
                continue  # the lock of another user
            except OSError as exc:
                if exc.errno not in _LOCKS_UNSUPPORTED:
                    raise
                break
            if self._lock is not None:
                break
        else:
            self.path = self._requested.with_name(f"{own}-{uuid.uuid4().hex[:8]}{self._requested.suffix}")
        self._is_claimed = True
        end = self._read_end()
        self._is_begun = end.endswith(_END)
        self._has_events = end == _LAST

    def _read_end(self) -> bytes:
        """Return the last bytes of what this process, or another one of this run, has left here."""
        try:
            with self.path.open("rb") as file:
                if self.path not in _writers and os.fstat(file.fileno()).st_mtime < self._run_start:
                    return b""
                file.seek(-len(_LAST), os.SEEK_END)
                return file.read()
        # There is no file, it is of another user, or it is shorter.
        except OSError:
            return b""

    def _copy_to(self, target: int) -> None:
        """Copy the events so far, without the end of the array, to a file descriptor."""
        if not self._has_events:
            return
        with self.path.open("rb") as source, open(target, "wb", closefd=False) as copy:
            shutil.copyfileobj(source, copy)
        os.ftruncate(target, os.fstat(target).st_size - len(_END))


def _open_partial(path: Path) -> io.BufferedRandom:
    """Create a partial file, for this user only since it holds prompts, in the place of any that is there.

    Never open what is there: in a shared directory it may be a link to another file of this user's.
    """
    path.unlink(missing_ok=True)
    return open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600), "w+b")


def _create(path: Path) -> Path:
    """Create a file that has no events yet, and return its path. Raises FileExistsError."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600), "wb") as file:
        file.write(b"[" + _END)
    return path


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _claim_default_name() -> Path:
    """Create the default file, under a name that no other sink has: two may be made in the same second."""
    stem = f"payi_instrumentation_{datetime.now():%Y-%m-%d-%H-%M-%S}"
    path = _check_writable(Path(f"{stem}.json"))
    own = f"{stem}-{os.getpid()}"
    names = [path.name, f"{own}.json", f"{own}-{uuid.uuid4().hex[:8]}.json"]
    for name in names[:-1]:
        with contextlib.suppress(FileExistsError):
            return _create(path.with_name(name))
    return _create(path.with_name(names[-1]))


def _check_writable(path: Path) -> Path:
    path = path.absolute()
    key = "config.offline_instrumentation.file_name"
    if not path.parent.is_dir():
        raise PayiConfigError(f"{key}: {str(path)!r} is in a directory that does not exist; create it first")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise PayiConfigError(
            f"{key}: {str(path)!r} cannot be written; expected a file in a directory that this user may write"
        )
    return path
