"""The service ends by signals, quietly and with everything closed."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from payi_transport.serve.ending import ended_by_signals, hide_cancelled
from tests.serve.page.program import start_killable

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_closes_what_is_inside_and_no_other_interrupts_it(number: int) -> None:
    closed: list[bool] = []
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        try:
            signal.raise_signal(number)
        finally:
            for each in SIGNALS:
                signal.raise_signal(each)
            closed.append(True)
    assert (ended.value.code, closed) == (0, [True])
    # Nor the rest of the process.
    assert [signal.getsignal(each) for each in SIGNALS] == [signal.SIG_IGN] * 2


def test_without_a_signal_all_is_as_before() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with suppress(ValueError), ended_by_signals():
        raise ValueError
    assert [signal.getsignal(each) for each in SIGNALS] == before


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


def call(address: str) -> None:
    body = {"model": "gpt-4.1", "messages": []}
    with suppress(httpx.HTTPError):
        httpx.post(
            f"{address}/api/v1/proxy/openai/v1/chat/completions", json=body, timeout=60, trust_env=False
        )
