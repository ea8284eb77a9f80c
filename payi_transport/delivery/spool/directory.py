"""Check that nobody else can plant or read files in the directory of a spool.

Whoever can write there can plant events, which would be sent with this user's key, and replace files that
this process is about to write. So such a directory is refused at startup.
"""

from __future__ import annotations

import os

from payi_transport.errors import PayiConfigError

__all__ = ["check_directory", "find_spool_directory"]

# Its events are in the root itself, where those of earlier versions and of a single sink are.
_IN_ROOT = "payi"


def find_spool_directory(root: str | None, name: str) -> str | None:
    """Return the directory of the sink `name`, where there are several; None if there is no spool."""
    return root if root is None or name == _IN_ROOT else os.path.join(root, name)


def check_directory(directory: str) -> None:
    """Raise PayiConfigError for a directory of another user, or one that others can write.

    Raises OSError where there is no such directory.
    """
    if not hasattr(os, "geteuid"):  # pragma: no cover - Windows has access lists instead
        return
    status = os.stat(directory)
    # An owner can change the mode at any time, so a strict mode proves nothing in another user's directory.
    if status.st_uid != os.geteuid():
        found = f"belongs to another user (uid {status.st_uid})"
    # Reading is no concern, because the files are created with mode 0600.
    elif status.st_mode & 0o022:
        found = f"can be written by other users (mode {status.st_mode & 0o7777:04o})"
    else:
        return
    raise PayiConfigError(
        f"config.delivery.spool_directory: {directory!r} {found}, who could plant events there; name a"
        f" directory that does not exist yet, such as {os.path.join(directory, 'payi')!r}, or run chmod 700"
    )
