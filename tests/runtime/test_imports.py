"""A process does not fork while this library imports something on another thread."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from payi_transport.runtime.imports import forks_wait, sees_forks

# The program's hook runs first, since those before a fork run in the reverse order. It lets the import go on,
# which is over before the process has forked: the child's exit code is the number of imports that still run.
FORKS = """
    import os, threading
    from payi_transport.runtime.imports import forks_wait

    running, importing, forking = [], threading.Event(), threading.Event()

    def load():
        with forks_wait():
            running.append("import")
            importing.set()
            assert forking.wait(10)
            running.clear()

    os.register_at_fork(before=forking.set)
    thread = threading.Thread(target=load)
    thread.start()
    assert importing.wait(10)
    child = os.fork()
    if child == 0:
        with forks_wait():
            os._exit(len(running))
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.skipif(not hasattr(sys, "getdlopenflags"), reason="Windows does not fork")
def test_a_fork_waits_for_an_import_on_another_thread() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FORKS)], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr


def test_an_import_may_be_inside_another() -> None:
    with forks_wait(), forks_wait():
        assert sees_forks()


def test_uwsgi_forks_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", sys)
    assert not sees_forks()
