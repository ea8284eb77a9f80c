"""Celery tasks run in the scope of their sender: retries, chains, eager tasks, and a pool of processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, chain
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging

from payi_transport import MemorySink, get_context, track_context
from payi_transport.contrib import celery as contrib
from tests.contrib.calls import call, users
from tests.support.origin import Origin
from tests.support.programs import make_environment, write


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Keep Celery from setting the level of the root logger, which later tests share."""

    def configure_nothing(**_: object) -> None:
        """Celery leaves logging alone where somebody listens."""

    setup_logging.connect(configure_nothing)
    yield
    setup_logging.disconnect(configure_nothing)


@pytest.fixture
def app(own_logging: None) -> Iterator[Any]:
    contrib.install()
    contrib.install()
    app = Celery("tests", broker="memory://", backend="cache+memory://")
    app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)
    yield app
    contrib.uninstall()


def register(app: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that makes a task of this app alone, and not of all later apps."""
    decorate: Callable[[Callable[..., Any]], Any] = app.task(shared=False, **options)
    return decorate


def test_a_task_has_the_scope_of_its_sender_and_the_next_one_its_own(
    app: Any, instrumented: MemorySink
) -> None:
    @register(app)
    def work(name: str) -> None:
        call(name)

    with start_worker(app, perform_ping_check=False, pool="solo"):
        with track_context(user_id="alice"):
            first = work.delay("first")
        second = work.delay("second")
        first.get(timeout=60)
        second.get(timeout=60)
    assert users(instrumented) == {"first": "alice", "second": None}


def test_a_retry_keeps_the_scope(app: Any, instrumented: MemorySink) -> None:
    @register(app, bind=True, max_retries=3)
    def work(self: Any) -> None:
        call(f"try-{self.request.retries}")
        if self.request.retries < 2:
            raise self.retry(countdown=0)

    with track_context(user_id="alice"), start_worker(app, perform_ping_check=False, pool="solo"):
        work.delay().get(timeout=60)
    assert users(instrumented) == dict.fromkeys(["try-0", "try-1", "try-2"], "alice")


def test_a_chain_keeps_the_scope(app: Any, instrumented: MemorySink) -> None:
    @register(app)
    def work(name: str) -> str:
        call(name)
        return f"{name}-next"

    with start_worker(app, perform_ping_check=False, pool="solo"):
        with track_context(user_id="alice", request_tags=["t"]):
            sent = chain(work.s("one"), work.s())()
        sent.get(timeout=60)
    assert users(instrumented) == dict.fromkeys(["one", "one-next"], "alice")


def test_a_task_that_fails_leaves_its_scope(app: Any, instrumented: MemorySink) -> None:
    @register(app)
    def fail() -> None:
        raise ValueError("wrong")

    @register(app)
    def work() -> None:
        call("after")

    with start_worker(app, perform_ping_check=False, pool="solo"):
        with track_context(user_id="alice"):
            failed = fail.delay()
        with pytest.raises(ValueError, match="wrong"):
            failed.get(timeout=60)
        work.delay().get(timeout=60)
    assert users(instrumented) == {"after": None}


def test_an_eager_task_runs_in_the_scope_around_it(app: Any, instrumented: MemorySink) -> None:
    app.conf.task_always_eager = True

    @register(app)
    def work() -> Any:
        return get_context().get("user_id")

    with track_context(user_id="alice"):
        assert work.delay().get() == "alice"


def test_a_message_of_the_first_protocol_carries_the_scope_too(app: Any, instrumented: MemorySink) -> None:
    app.conf.task_protocol = 1

    @register(app)
    def work() -> None:
        call("old")

    with start_worker(app, perform_ping_check=False, pool="solo"):
        with track_context(user_id="alice"):
            sent = work.delay()
        sent.get(timeout=60)
    assert users(instrumented) == {"old": "alice"}


PROGRAM = """
from celery import Celery
from payi_transport import track_context
from payi_transport.contrib import celery as contrib
instrument()
contrib.install()
app = Celery("program", broker="filesystem://", broker_transport_options={
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"})

@app.task(bind=True, max_retries=1)
def work(self, name):
    call(f"{name}-{self.request.retries}")
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    open(f"done/{name}", "x").close()
"""


def test_a_pool_of_processes_keeps_scopes_apart_over_retries(ingest: Origin, tmp_path: Path) -> None:
    write(tmp_path, PROGRAM)
    for name in ("queue", "control", "done"):
        (tmp_path / name).mkdir()
    send = (
        "import program\n"
        "for number in range(6):\n"
        "    with program.track_context(user_id=f'user-{number}'):\n"
        "        program.work.delay(str(number))"
    )
    environment = make_environment(ingest)
    subprocess.run([sys.executable, "-c", send], cwd=tmp_path, env=environment, check=True)
    command = ["celery", "-A", "program", "worker", "--pool", "prefork", "-c", "2", "--without-mingle"]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", *command], cwd=tmp_path, env=environment, stdout=log, stderr=log
        ) as worker,
    ):
        try:
            while len(os.listdir(tmp_path / "done")) < 6:
                assert worker.poll() is None, (tmp_path / "log").read_text()
                threading.Event().wait(0.02)
        finally:
            worker.terminate()
    seen = {
        event["provider_response_id"]: event["user_id"]
        for received in ingest.received
        for event in json.loads(received.body)
    }
    assert seen == {f"{n}-{attempt}": f"user-{n}" for n in range(6) for attempt in range(2)}
