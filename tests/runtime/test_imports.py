"""A process does not fork while this library imports or makes what takes locks on another thread."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from payi_transport.runtime.imports import forks_wait, may_import_later

# The program's hook runs first, since those before a fork run in the reverse order. It lets the other thread
# go on, which is done before the process has forked: the child's exit code is how many still work.
FORKS = """
import os, ssl, threading
from payi_transport.client.untraced import UntracedClient
from payi_transport.config.nats_settings import NatsSettings
from payi_transport.runtime.imports import forks_wait
from payi_transport.sinks.nats_auth import make_tls_context

working, begun, forking = [], threading.Event(), threading.Event()
make_context = ssl.create_default_context

def work(**options):
    working.append(1)
    begun.set()
    assert forking.wait(10)
    working.clear()
    return make_context(**options)

ssl.create_default_context = work

def load():
    with forks_wait():
        work()

os.register_at_fork(before=forking.set)
thread = threading.Thread(target=lambda: {what})
thread.start()
assert begun.wait(10)
child = os.fork()
if child == 0:
    with forks_wait():
        os._exit(len(working))
thread.join()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


@pytest.mark.skipif(not hasattr(sys, "getdlopenflags"), reason="Windows does not fork")
@pytest.mark.parametrize(
    "what",
    ["load()", "UntracedClient()", "make_tls_context(NatsSettings('nats://localhost'))"],
    ids=["an import", "a client for Pay-i", "a context for NATS"],
)
def test_a_fork_waits_for_what_takes_locks_on_another_thread(what: str) -> None:
    program = FORKS.format(what=what)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


def test_an_import_may_be_inside_another() -> None:
    entered = []
    with forks_wait(), forks_wait():
        entered.append(True)
    assert entered


@pytest.fixture
def nothing_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gevent", "eventlet"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("nothing_patches")
def test_an_import_may_come_later_in_a_usual_process() -> None:
    assert may_import_later()


@pytest.mark.usefixtures("nothing_patches")
def test_uwsgi_forks_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uwsgi", sys)
    assert not may_import_later()


@pytest.mark.usefixtures("nothing_patches")
@pytest.mark.parametrize("name", ["gevent", "eventlet"])
def test_what_patches_programs_comes_after_imports(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    assert not may_import_later()
    module.__spec__ = ModuleSpec(name, None)
    assert not may_import_later()
