"""The hooks that run a function at the end of children that Python's atexit does not see."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from celery.signals import worker_process_shutdown

from payi_transport.delivery.process_exit import run_at_child_exit, run_before_own_signal
from tests.support.programs import ROOT

# A program that does not end by then is killed, and its test fails. Each takes about a second.
SECONDS = 30


def run(folder: Path, program: str, *arguments: str) -> list[str]:
    """Run a program to its end, and return the words it printed."""
    file = folder / "program.py"
    file.write_text(program)
    ran = subprocess.run(
        [sys.executable, str(file), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


POOL = """
import sys

package = __import__(sys.argv[1])
util = __import__(sys.argv[1] + ".util").util
from payi_transport.delivery.process_exit import run_at_pool_worker_exit

def ended():
    print("ended", flush=True)

def others():
    print("others", flush=True)

def work():
    util.Finalize(None, others, exitpriority=0)
    print("worked", flush=True)

run_at_pool_worker_exit(ended)
run_at_pool_worker_exit(ended)
if __name__ == "__main__":
    child = package.get_context(sys.argv[2]).Process(target=work)
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""


# A spawned child of multiprocessing ends as any program does, and runs atexit.
@pytest.mark.parametrize(
    ("package", "method"),
    [
        ("multiprocessing", "fork"),
        ("multiprocessing", "forkserver"),
        ("billiard", "fork"),
        ("billiard", "spawn"),
    ],
)
def test_a_child_of_a_pool_runs_the_function_after_the_finalizers_of_others(
    package: str, method: str, tmp_path: Path
) -> None:
    words = run(tmp_path, POOL, package, method)
    assert words[:2] == ["worked", "others"]
    # It may be called by more than one hook.
    assert set(words[2:]) == {"ended"}


LATE = """
import multiprocessing, multiprocessing.util

def ended():
    print("ended", flush=True)

def work():
    from payi_transport.delivery.process_exit import run_at_pool_worker_exit
    run_at_pool_worker_exit(ended)

if __name__ == "__main__":
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
"""


def test_a_child_that_asks_while_it_runs_is_on_changed_too(tmp_path: Path) -> None:
    assert run(tmp_path, LATE) == ["ended"]


ALONE = """
import multiprocessing.util
from payi_transport.delivery.process_exit import run_at_pool_worker_exit
run_at_pool_worker_exit(lambda: print("ended"))
"""


def test_a_process_that_no_pool_started_has_no_finalizer(tmp_path: Path) -> None:
    assert run(tmp_path, ALONE) == []


NO_POOL = """
import sys
from payi_transport.delivery.process_exit import run_at_child_exit, run_at_pool_worker_exit
for name in [name for name in sys.modules if name.startswith(("multiprocessing", "billiard", "celery"))]:
    del sys.modules[name]
run_at_pool_worker_exit(print)
run_at_child_exit(print)
print(*(name for name in sys.modules if name.startswith(("multiprocessing", "billiard", "celery"))))
"""


def test_no_pool_is_imported_only_to_be_hooked(tmp_path: Path) -> None:
    assert run(tmp_path, NO_POOL) == []


def test_a_child_of_celerys_pool_runs_the_function_at_the_signal_of_its_shutdown() -> None:
    ended: list[str] = []
    run_at_child_exit(lambda: ended.append("here"))
    worker_process_shutdown.send(sender=None, pid=1, exitcode=0)
    assert ended == ["here"]


# In a process of its own, since an audit hook stays for good: with one, CPython 3.11 may refuse the trace
# function of coverage to a thread that starts, see the comment on sys.settrace in filelock's _api.py.
RESOLVES = """
import sys
from types import ModuleType

from payi_transport.delivery.process_exit import prepare_resolver

def watch(name, arguments):
    if name == "socket.getaddrinfo":
        print(arguments[0])

sys.addaudithook(watch)
if sys.argv[1:]:
    sys.modules["gevent"] = ModuleType("gevent")
prepare_resolver()
"""


@pytest.mark.parametrize("present", [["gevent"], []], ids=["gevent", "no gevent"])
def test_an_address_is_resolved_in_advance_only_under_gevent(present: list[str], tmp_path: Path) -> None:
    assert run(tmp_path, RESOLVES, *present) == ["127.0.0.1"] * len(present)


def test_the_end_of_a_process_by_its_own_signal_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    before = signal.raise_signal
    ends: list[list[int]] = []
    undo = run_before_own_signal(lambda: ends.append(raised.copy()))
    default = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        # A signal that the program handles doesn't end it, and neither does one that is ignored by default.
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGCHLD)
        assert ends == []
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, default)
    assert ends == [[signal.SIGTERM, signal.SIGCHLD]]
    assert raised == [signal.SIGTERM, signal.SIGCHLD, signal.SIGTERM]
    undo()
    assert signal.raise_signal == before


@pytest.mark.parametrize(
    ("number", "ends"),
    [(signal.SIGTERM, True), (signal.SIGHUP, True), (signal.SIGQUIT, True), (signal.SIGWINCH, False)],
)
def test_signals_that_end_a_server_are_seen(
    number: signal.Signals, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(signal, "raise_signal", lambda number: calls.append("raised"))
    default = signal.signal(number, signal.SIG_DFL)
    try:
        run_before_own_signal(lambda: calls.append("ran"))
        signal.raise_signal(number)
    finally:
        signal.signal(number, default)
    assert calls == (["ran", "raised"] if ends else ["raised"])


def test_a_library_that_has_wrapped_the_function_since_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "raise_signal", signal.raise_signal)
    undo = run_before_own_signal(lambda: None)
    monkeypatch.setattr(signal, "raise_signal", later := lambda number: None)
    undo()
    assert signal.raise_signal is later
