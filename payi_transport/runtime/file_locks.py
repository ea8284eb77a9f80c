"""Lock a file so that one process owns it, for no longer than that process lives.

The operating system releases these locks when the file is closed or the process ends, even by `kill -9`. So a
lock file never has to be cleaned up after a crash, and finding a file unlocked proves that its last owner is
gone. The lock is advisory: it excludes only those who also ask for it.

Locking by name has a race. The owner may remove the file and release its lock between another process's
`open` and its lock, which would then lock a file that no longer has a name. `lock_file` compares the two
after locking and treats a mismatch as "not available".
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

__all__ = ["lock_file", "try_lock"]

if sys.platform == "win32":  # pragma: no cover - CI runs on the other branch
    import msvcrt

    # Far past any content, because Windows lets nobody else read a locked byte.
    _LOCKED_BYTE = 1 << 30

    def try_lock(file: io.FileIO) -> bool:
        """Lock a file until it is closed or this process ends; return False if another process holds it.

        Raises OSError where the file system cannot lock files, as some network file systems cannot.
        """
        # msvcrt locks from the current position on.
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        # LK_NBLCK reports a byte that is locked by someone else this way, after it returned at once.
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def try_lock(file: io.FileIO) -> bool:
        """Lock a file until it is closed or this process ends; return False if another process holds it.

        Raises OSError where the file system cannot lock files, as some network file systems cannot.
        """
        try:
            # `flock` rather than `lockf`: locks of the latter end as soon as the process closes any other
            # descriptor of the file.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def lock_file(path: Path, *, create: bool = False) -> io.FileIO | None:
    """Open and lock a file; return None if another process holds it or has just removed it.

    Raises OSError where the file cannot be opened or locked, and FileNotFoundError without `create`.
    """
    # Never through a link: in a directory that others can write, it may lead to any file of this user's.
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if create else 0)
    # FileIO has no buffer, so whatever was written survives the end of the process.
    file = io.FileIO(os.open(path, flags, 0o600), "r+")
    try:
        if try_lock(file) and _still_has_name(file, path):
            return file
    except OSError:
        file.close()
        raise
    file.close()
    return None


def _still_has_name(file: io.FileIO, path: Path) -> bool:
    try:
        # Device and inode identify a file; a name can be given to a new file at any time.
        return os.path.samestat(os.fstat(file.fileno()), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False
