"""Files that one process has at a time, and no longer than it runs."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

__all__ = ["lock_file", "try_lock"]

if sys.platform == "win32":  # pragma: no cover - the other half is what CI runs on
    import msvcrt

    # Behind whatever is written: a locked byte can't be read by others.
    _LOCKED_BYTE = 1 << 30

    def try_lock(file: io.FileIO) -> bool:
        """Lock a file until it is closed, by this process or by its end; False if another one holds it.

        Raises OSError where files can't be locked, as on some file systems of a network.
        """
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: io.FileIO) -> bool:
        """Lock a file until it is closed, by this process or by its end; False if another one holds it.

        Raises OSError where files can't be locked, as on some file systems of a network.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def lock_file(path: Path, *, create: bool = False) -> io.FileIO | None:
    """The file, locked; None where another process has it, or removed it just now. Raises OSError."""
    file = io.FileIO(os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600), "r+")
    try:
        if try_lock(file) and _is_at(file, path):
            return file
    except OSError:
        file.close()
        raise
    file.close()
    return None


def _is_at(file: io.FileIO, path: Path) -> bool:
    """Whether a file is still the one of that name: who had it before may have removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
