"""Events in a local file: a JSON array that is complete and readable after every delivery.

Each delivery writes a new file beside the old one and puts it in its place at once, so a crash leaves the
last complete array. That copies the file, and `Receipt.wait` asks for pauses in proportion to what it took.

Whoever writes to a file holds the lock of a file beside it, as its own is another after every delivery.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from payi_transport.errors import PayiConfigError
from payi_transport.runtime.file_locks import lock_file
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["OfflineSink"]

_END = b"\n]\n"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
# A share of the worker's time that copying may take.
_SHARE = 0.1
# The process that wrote a file, of this one and those that it was forked from.
_writers: dict[Path, int] = {}


class OfflineSink:
    """Writes to `file_name`, by default `payi_instrumentation_<YYYY-MM-DD-HH-MM-SS>.json`.

    A file that an earlier process left under that name is replaced at the first delivery. Where another
    process that runs writes to it, and in a forked child, the file is one of its own, with the process id
    before the suffix. Raises PayiConfigError for a name that can't be written.
    """

    batch_limit = None

    def __init__(self, file_name: str | None = None) -> None:
        self.path = _check_writable(Path(file_name)) if file_name else _claim_default_name()
        self._asked = self.path
        self._lock: io.FileIO | None = None
        self._is_claimed = self._is_child = self._is_begun = False

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        started = time.monotonic()
        if not self._is_claimed:
            self._claim()
        self._is_begun = self._is_begun and self.path.exists()
        lines = b",\n".join(map(msgspec.json.encode, batch))
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.partial")
        with partial.open("wb") as file:
            self._copy_to(file.fileno())
            file.seek(0, os.SEEK_END)
            file.write((b",\n" if self._is_begun else b"[\n") + lines + _END)
        partial.replace(self.path)
        self._is_begun = True
        _writers[self.path] = os.getpid()
        return Receipt(wait=(time.monotonic() - started) / _SHARE, bytes_sent=len(lines))

    def fork(self) -> None:
        if self._lock is not None:
            # Only this end of it: the parent goes on holding the lock.
            self._lock.close()
            self._lock = None
        self._is_claimed, self._is_child = False, True

    def close(self) -> None:
        """Every delivery is complete by itself; the name is for whoever asks next."""
        if self._lock is not None:
            # Windows removes no file that is open. It may stay: what counts is who holds it.
            with contextlib.suppress(OSError):
                _lock_path(self.path).unlink()
            self._lock.close()
            self._lock = None

    def _claim(self) -> None:
        """Settle on the first name that no other process holds.

        Where files can't be locked nobody can tell, and it is the name that was asked for. Processes of two
        containers may have the same id: nobody comes upon the last name a second time.
        """
        process = os.getpid()
        own = f"{self._asked.stem}-{process}"
        for stem in [own] if self._is_child else [self._asked.stem, own]:
            self.path = self._asked.with_name(stem + self._asked.suffix)
            if _writers.get(self.path, process) != process:
                continue  # of the process that this one was forked from
            try:
                self._lock = lock_file(_lock_path(self.path), create=True)
            except PermissionError:
                continue  # another user's
            except OSError as exc:
                if exc.errno not in _NO_LOCKS:
                    raise
                break
            if self._lock is not None:
                break
        else:
            self.path = self._asked.with_name(f"{own}-{uuid.uuid4().hex[:8]}{self._asked.suffix}")
        self._is_claimed = True
        self._is_begun = self.path in _writers

    def _copy_to(self, target: int) -> None:
        """Everything so far but the end of the array."""
        if not self._is_begun:
            return
        with self.path.open("rb") as source, open(target, "wb", closefd=False) as copy:
            shutil.copyfileobj(source, copy)
        os.ftruncate(target, os.fstat(target).st_size - len(_END))


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _claim_default_name() -> Path:
    """A name that no other process has: two may start in the same second."""
    stem = f"payi_instrumentation_{datetime.now():%Y-%m-%d-%H-%M-%S}"
    path = _check_writable(Path(f"{stem}.json"))
    try:
        path.open("xb").close()
    except FileExistsError:
        path = path.with_name(f"{stem}-{os.getpid()}.json")
    path.write_bytes(b"[" + _END)
    return path


def _check_writable(path: Path) -> Path:
    path = path.absolute()
    where = "config.offline_instrumentation.file_name"
    if not path.parent.is_dir():
        raise PayiConfigError(f"{where}: {str(path)!r} is in a folder that does not exist")
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise PayiConfigError(f"{where}: {str(path)!r} can not be written")
    return path
