"""Workers of servers and of Celery: every event is delivered once, by the process that made it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.origin import Origin
from tests.support.programs import delivered, make_environment, write

APPLICATION = """
instrument()
call(f"start-{os.getpid()}")
"""
WSGI = """
def application(environ, start_response):
    if environ["PATH_INFO"] != "/":
        call(environ["PATH_INFO"].strip("/"))
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""
ASGI = """
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] != "/":
        call(scope["path"].strip("/"))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""


@contextlib.contextmanager
def start(
    command: list[str], folder: Path, ingest: Origin, *, end: signal.Signals = signal.SIGTERM
) -> Iterator[None]:
    """A server as long as the block, ended by a signal; none of its processes outlives the block."""
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env=make_environment(ingest),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
            process.send_signal(end)
            process.wait(60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(condition: Callable[[], object], folder: Path) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline, (folder / "log").read_text()
        threading.Event().wait(0.05)


def request_all(path: Path, names: list[str]) -> None:
    """Make a request for each name, each on a connection of its own."""
    for name in names:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=60) as client:
            client.get(f"http://localhost/{name}")


SERVERS = {
    "gunicorn": (["gunicorn", "-w", "2"], WSGI, 2),
    "gunicorn --preload": (["gunicorn", "-w", "2", "--preload"], WSGI, 1),
    "gunicorn with threads": (["gunicorn", "-w", "2", "--threads", "2", "--preload"], WSGI, 1),
    "gunicorn with gevent": (["gunicorn", "-w", "2", "-k", "gevent"], WSGI, 2),
    "gunicorn with gevent --preload": (["gunicorn", "-w", "2", "-k", "gevent", "--preload"], WSGI, 1),
    "uvicorn": (["uvicorn", "--workers", "2"], ASGI, 2),
}


@pytest.mark.parametrize(("command", "handler", "starts"), SERVERS.values(), ids=SERVERS.keys())
def test_the_workers_of_a_server(
    command: list[str], handler: str, starts: int, ingest: Origin, tmp_path: Path
) -> None:
    write(tmp_path, APPLICATION + handler)
    path = tmp_path / "socket"
    bind = ["--uds", str(path)] if command[0] == "uvicorn" else ["-b", f"unix:{path}"]
    names = [f"request-{number}" for number in range(20)]
    with start([*command, *bind, "program:application"], tmp_path, ingest):
        wait_for(lambda: can_connect(path), tmp_path)
        request_all(path, names)
    counts = delivered(ingest)
    log = (tmp_path / "log").read_text()
    assert {name: counts.pop(name, 0) for name in names} == dict.fromkeys(names, 1), log
    # What the application captured where it was loaded: in the master, or in each worker.
    assert len(counts) == starts and set(counts.values()) == {1}, log


def can_connect(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


CELERY = """
from celery import Celery
app = Celery("program", broker="filesystem://", broker_transport_options={
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"})
app.conf.worker_prefetch_multiplier = 1

@app.task
def work(name):
    call(name)
    open(f"done/{name}.{os.getpid()}", "x").close()
"""
CELERY_WORKER = ["celery", "-A", "program", "worker", "--pool", "prefork", "-c", "2", "--without-mingle"]
IN_EACH_WORKER = """
from celery.signals import worker_process_init
worker_process_init.connect(lambda **_: instrument(), weak=False)
"""


@pytest.mark.parametrize("begin", ["instrument()\n", IN_EACH_WORKER], ids=["module", "worker"])
def test_the_pool_of_celery(begin: str, ingest: Origin, tmp_path: Path) -> None:
    names = queue_tasks(begin, ingest, tmp_path)
    with start(CELERY_WORKER, tmp_path, ingest):
        # A warm shutdown waits for the tasks that run, not for those that wait for a child.
        wait_for(lambda: len(find_workers(tmp_path)) == len(names), tmp_path)
    assert delivered(ingest) == dict.fromkeys(names, 1), (tmp_path / "log").read_text()


@pytest.mark.parametrize("begin", ["instrument()\n", IN_EACH_WORKER], ids=["module", "worker"])
def test_the_pool_of_celery_whose_children_end_with_their_task(
    begin: str, ingest: Origin, tmp_path: Path
) -> None:
    names = queue_tasks(begin, ingest, tmp_path)
    # A pool that is told to end while it replaces children may wait for ever for a lock that one held.
    with start([*CELERY_WORKER, "--max-tasks-per-child", "1"], tmp_path, ingest, end=signal.SIGKILL):
        wait_for(lambda: len(find_workers(tmp_path)) == len(names), tmp_path)
        wait_for(lambda: not any(map(is_running, find_workers(tmp_path))), tmp_path)
    assert delivered(ingest) == dict.fromkeys(names, 1), (tmp_path / "log").read_text()


def queue_tasks(begin: str, ingest: Origin, folder: Path) -> list[str]:
    """Write the program and send it six tasks; the names of these."""
    write(folder, begin + CELERY)
    for name in ("queue", "control", "done"):
        (folder / name).mkdir()
    names = [f"task-{number}" for number in range(6)]
    send = f"import program\nfor name in {names}:\n    program.work.delay(name)"
    sent = subprocess.run(
        [sys.executable, "-c", send], cwd=folder, env=make_environment(ingest), capture_output=True
    )
    assert sent.returncode == 0, sent.stderr
    return names


def find_workers(folder: Path) -> list[int]:
    """The process of each task that is done."""
    return [int(path.suffix[1:]) for path in (folder / "done").iterdir()]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
