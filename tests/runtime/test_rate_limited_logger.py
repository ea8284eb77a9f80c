"""A log that does not flood."""

from __future__ import annotations

import logging

import pytest

from payi_transport.runtime.rate_limited_logger import RateLimitedLogger

LOGGER = logging.getLogger("tests.window")


class Clock:
    """A clock that goes when it is told to. Seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_one_message_a_window_and_how_many_were_held_back(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    window = RateLimitedLogger(LOGGER, 60, clock)
    for clock.now in (0, 1, 59.9, 60, 61, 200):
        window.warning(f"at {clock.now}")
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: at 0",
        "payi_transport: at 60 (2 more like this)",
        "payi_transport: at 200 (1 more like this)",
    ]


@pytest.mark.parametrize("now", [-1e9, 0.0, 1e9])
def test_the_first_message_is_logged_whatever_the_clock_says(
    caplog: pytest.LogCaptureFixture, now: float
) -> None:
    RateLimitedLogger(LOGGER, 60, Clock(now)).warning("first")
    assert len(caplog.records) == 1


def test_a_window_of_nothing_holds_nothing_back(caplog: pytest.LogCaptureFixture) -> None:
    window = RateLimitedLogger(LOGGER, 0)
    for _ in range(5):
        window.warning("again")
    assert [record.getMessage() for record in caplog.records] == ["payi_transport: again"] * 5


def test_what_is_said_once_is_said_at_once_and_begins_a_window(caplog: pytest.LogCaptureFixture) -> None:
    window = RateLimitedLogger(LOGGER, 60, Clock())
    for _ in range(3):
        window.warning("busy")
    window.warn_now("stopped")
    window.warning("busy")
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: busy",
        "payi_transport: stopped (2 more like this)",
    ]


def test_windows_are_apart(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        RateLimitedLogger(LOGGER, 60).warning("one a window")
    assert len(caplog.records) == 2


def test_of_a_fault_the_place_is_logged_and_not_its_text(caplog: pytest.LogCaptureFixture) -> None:
    prompt = "Where is my order?"
    try:
        int(prompt)
    except ValueError as exc:
        RateLimitedLogger(LOGGER, 60).warning("a fault", fault=exc)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    lines = record.getMessage().splitlines()
    assert lines[0] == "payi_transport: a fault"
    assert "test_rate_limited_logger.py" in lines[1] and lines[2].strip() == "int(prompt)"
    assert prompt not in caplog.text


def test_a_message_is_not_a_format(caplog: pytest.LogCaptureFixture) -> None:
    RateLimitedLogger(LOGGER, 60).warning("100 %s %d")
    assert caplog.records[0].getMessage() == "payi_transport: 100 %s %d"


def test_what_the_users_own_handler_raises_is_nobodys() -> None:
    seen = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record)
            raise RuntimeError("no room")

    logger = logging.Logger("tests.window.raising")
    logger.addHandler(Handler())
    RateLimitedLogger(logger, 60).warning("busy")
    assert len(seen) == 1
