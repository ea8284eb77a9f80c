"""The time at which a run began is that of its first process."""

from __future__ import annotations

import time

import pytest

from payi_transport.runtime import run_start
from payi_transport.runtime.run_start import RUN_START_VARIABLE, find_run_start, set_run_start


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_start, "_set", None)
    monkeypatch.delenv(RUN_START_VARIABLE, raising=False)


def test_the_environment_or_the_parent_says_when_the_run_began(monkeypatch: pytest.MonkeyPatch) -> None:
    # By a name that processes of other versions know, too.
    assert RUN_START_VARIABLE == "PAYI_TRANSPORT_STARTED"
    monkeypatch.setenv(RUN_START_VARIABLE, "12.5")
    assert find_run_start() == 12.5
    set_run_start(11.0)
    assert find_run_start() == 11.0


@pytest.mark.parametrize("value", ["", "soon"])
def test_a_process_by_itself_begins_now(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_START_VARIABLE, value)
    before = time.time()
    assert before <= find_run_start() <= time.time()
