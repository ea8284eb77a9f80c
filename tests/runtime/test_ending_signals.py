"""Commands end by signals, with everything closed, and not by one that they were told to ignore."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from payi_transport.runtime.ending_signals import ended_by_signals, list_ending_signals

HANGUP = getattr(signal, "SIGHUP", signal.SIGTERM)
SIGNALS = (signal.SIGINT, signal.SIGTERM, HANGUP)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(HANGUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("code", [0, 1])
def test_a_signal_closes_what_is_inside_and_no_other_interrupts_it(number: int, code: int) -> None:
    closed: list[bool] = []
    with pytest.raises(SystemExit) as ended, ended_by_signals(code):
        try:
            signal.raise_signal(number)
        finally:
            for each in SIGNALS:
                signal.raise_signal(each)
            closed.append(True)
    assert (ended.value.code, closed) == (code, [True])
    # Nor the rest of the process.
    assert [signal.getsignal(each) for each in SIGNALS] == [signal.SIG_IGN] * 3


def test_a_command_that_is_told_to_end_has_succeeded_unless_it_says_otherwise() -> None:
    with pytest.raises(SystemExit) as ended, ended_by_signals():
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 0


def test_without_a_signal_all_is_as_before() -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with suppress(ValueError), ended_by_signals():
        raise ValueError
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_closed_terminal_ends_nothing_that_was_started_to_outlive_it() -> None:
    signal.signal(HANGUP, signal.SIG_IGN)
    with ended_by_signals():
        signal.raise_signal(HANGUP)
        assert signal.getsignal(HANGUP) == signal.SIG_IGN
    assert signal.getsignal(HANGUP) == signal.SIG_IGN


def test_a_closed_terminal_is_for_what_handles_sigterm_by_then() -> None:
    told: list[int] = []
    with ended_by_signals():
        signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
        signal.raise_signal(HANGUP)
    assert told == [signal.SIGTERM]


def test_a_platform_without_the_signal_has_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_ending_signals() == [*SIGNALS]
    monkeypatch.delattr(signal, "SIGHUP")
    assert list_ending_signals() == [signal.SIGINT, signal.SIGTERM]
