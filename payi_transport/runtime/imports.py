"""Imports, and whatever else takes locks that a fork can't renew, while the program may fork.

What only some programs need is imported when it is needed, which may be on a thread of this library's own.
If the process forked during such an import, the child would inherit an import lock that no thread of its own
ever releases, and whatever imports the same module there would wait forever. So a fork waits until the import
is over, as it waits for the locks of `logging`. The same goes for locks of OpenSSL's.
"""

from __future__ import annotations

import importlib.util
import logging  # noqa: F401 (see below)
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["forks_wait", "may_import_later"]

_PATCHING = ("gevent", "eventlet")
# Reentrant, because a signal handler may fork on the thread that imports.
_no_forks = threading.RLock()

# What is registered last is called first before a fork. So logging has to be imported by now: a fork that had
# its lock already would wait here for a thread that may be about to log.
# Windows has no fork, and no such function.
if hasattr(os, "register_at_fork"):  # pragma: no branch
    os.register_at_fork(
        before=_no_forks.acquire, after_in_parent=_no_forks.release, after_in_child=_no_forks.release
    )


@contextmanager
def forks_wait() -> Iterator[None]:
    """Let forks of this process wait until the block is over, which must not wait for the network."""
    with _no_forks:
        yield


def may_import_later() -> bool:
    """Return whether an import on a thread of this library's own is safe in this process.

    uWSGI forks without running at-fork hooks, so a fork can't wait. And once gevent or eventlet has patched
    the program, a module may fail to import on a thread that was started before: trio starts a process.
    """
    return "uwsgi" not in sys.modules and not any(map(_is_installed, _PATCHING))


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:
        # A module that something else has put in its place.
        return name in sys.modules
