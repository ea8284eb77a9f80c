"""Blocking functions on threads of our own, next to an event loop."""

from __future__ import annotations

import threading

import anyio
import pytest

from payi_transport.runtime.threads import may_wait, run_on_thread
from tests.support.threads import take_all_threads

pytestmark = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def test_a_function_runs_on_a_thread_while_the_event_loop_continues(backend: str) -> None:
    gone_on = threading.Event()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(run_on_thread, wait)
            await anyio.lowlevel.checkpoint()
            gone_on.set()

    def wait() -> None:
        assert gone_on.wait(10)

    anyio.run(main, backend=backend)


def test_the_caller_gets_what_the_function_returns_or_raises(backend: str) -> None:
    async def main() -> int:
        with pytest.raises(ValueError, match="invalid literal"):
            await run_on_thread(int, "x")
        return await run_on_thread(int, "12")

    assert anyio.run(main, backend=backend) == 12


def test_it_works_while_the_application_uses_all_of_its_own_threads(backend: str) -> None:
    async def main() -> int:
        take_all_threads()
        with anyio.fail_after(10):
            return await run_on_thread(int, "12")

    assert [anyio.run(main, backend=backend) for _ in range(2)] == [12, 12]


def test_a_hundred_run_at_once_and_the_others_wait(backend: str) -> None:
    together, lock = threading.Barrier(100), threading.Lock()
    running, most = 0, 0

    def meet() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(20)
        with lock:
            running -= 1

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(run_on_thread, meet)

    anyio.run(main, backend=backend)
    assert most == 100


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may start no more threads, as in a container with a limit."""

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr("trio._core._thread_cache.ThreadCache.start_thread_soon", refuse)


@pytest.mark.usefixtures("no_thread")
def test_where_no_thread_can_be_started_the_function_is_called_and_told_not_to_wait(backend: str) -> None:
    called = []

    def fail() -> None:
        called.append(may_wait())
        raise RuntimeError("its own")

    async def main() -> bool:
        with pytest.raises(RuntimeError, match="its own"):
            await run_on_thread(fail)
        told = await run_on_thread(may_wait)
        # What comes after it in the same task may wait.
        assert may_wait()
        return told

    assert anyio.run(main, backend=backend) is False
    assert called == [False]
    assert may_wait()


def test_a_runtime_error_of_the_function_is_not_taken_for_a_missing_thread(backend: str) -> None:
    called = []

    def fail() -> None:
        called.append(may_wait())
        raise RuntimeError("its own")

    async def main() -> None:
        with pytest.raises(RuntimeError, match="its own"):
            await run_on_thread(fail)

    anyio.run(main, backend=backend)
    assert called == [True]
