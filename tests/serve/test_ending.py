"""The service ends by signals, quietly and with everything closed."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sqlite3
import subprocess
import threading
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from payi_transport.serve.ending import hide_cancelled
from tests.serve.page.program import start_killable


@pytest.mark.parametrize(
    ("error", "is_logged"), [(None, True), (ValueError(), True), (asyncio.CancelledError(), False)]
)
def test_only_the_traceback_of_a_request_that_was_cut_off_is_left_out(
    error: BaseException | None, is_logged: bool
) -> None:
    info = None if error is None else (type(error), error, None)
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "Exception", (), info)
    assert hide_cancelled(record) == is_logged


def test_ctrl_c_again_and_again_ends_a_request_that_waits_and_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        upstream = f"openai=http://127.0.0.1:{silent.getsockname()[1]}"
        with start_killable(tmp_path, "--upstream", upstream, stderr=subprocess.PIPE) as (address, server):
            caller = threading.Thread(target=call, args=(address,))
            caller.start()
            with silent.accept()[0]:
                while server.poll() is None:
                    server.send_signal(signal.SIGINT)
                    with suppress(subprocess.TimeoutExpired):
                        server.wait(0.05)
                caller.join()
            assert server.stderr is not None
            assert (server.returncode, server.stderr.read()) == (0, "")
    with closing(sqlite3.connect(tmp_path / "serve.sqlite")) as connection:
        # The call that was cut off is stored.
        assert connection.execute("SELECT COUNT(*) FROM events").fetchone() == (1,)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="only POSIX has it")
def test_a_closed_terminal_ends_the_demo_and_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    # What runs the tests may ignore it, which the service would inherit.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with start_killable(None, "--demo", stderr=subprocess.PIPE) as (_, server):
        signal.signal(signal.SIGHUP, before)
        [folder] = tmp_path.glob("payi-demo-*")
        server.send_signal(signal.SIGHUP)
        assert server.wait(60) == 0
        assert server.stderr is not None
        assert server.stderr.read() == ""
    assert not folder.exists()


def call(address: str) -> None:
    body = {"model": "gpt-4.1", "messages": []}
    with suppress(httpx.HTTPError):
        httpx.post(
            f"{address}/api/v1/proxy/openai/v1/chat/completions", json=body, timeout=60, trust_env=False
        )
