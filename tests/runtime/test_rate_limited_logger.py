"""A logger that issues one warning per time window."""

from __future__ import annotations

import logging

import pytest

from payi_transport.runtime.rate_limited_logger import RateLimitedLogger

LOGGER = logging.getLogger("tests.rate_limited_logger")


class Clock:
    """A clock that the test sets. Seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_each_window_logs_one_message_and_how_many_were_suppressed_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
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


def test_a_window_of_zero_seconds_suppresses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    window = RateLimitedLogger(LOGGER, 0)
    for _ in range(5):
        window.warning("again")
    assert [record.getMessage() for record in caplog.records] == ["payi_transport: again"] * 5


def test_warn_now_logs_at_once_and_starts_a_new_window(caplog: pytest.LogCaptureFixture) -> None:
    window = RateLimitedLogger(LOGGER, 60, Clock())
    for _ in range(3):
        window.warning("busy")
    window.warn_now("stopped")
    window.warning("busy")
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: busy",
        "payi_transport: stopped (2 more like this)",
    ]


def test_warn_apart_logs_at_once_and_leaves_the_window_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    window = RateLimitedLogger(LOGGER, 60, clock)
    window.warning("first")
    window.warn_apart("100 %s")
    window.warning("suppressed")
    clock.now = 60
    window.warning("next")
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: first",
        "payi_transport: 100 %s",
        "payi_transport: next (1 more like this)",
    ]


def test_each_logger_has_its_own_window(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        RateLimitedLogger(LOGGER, 60).warning("one a window")
    assert len(caplog.records) == 2


def test_a_fault_is_logged_with_its_place_and_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    prompt = "Where is my order?"
    try:
        int(prompt)
    except ValueError as exc:
        RateLimitedLogger(LOGGER, 60).warning("a fault", fault=exc)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    lines = record.getMessage().splitlines()
    assert lines[0] == "payi_transport: a fault"
    assert lines[1].startswith(f'  File "{__file__}", line ') and lines[2].strip() == "int(prompt)"
    assert prompt not in caplog.text


def test_a_message_is_not_a_format_string(caplog: pytest.LogCaptureFixture) -> None:
    RateLimitedLogger(LOGGER, 60).warning("100 %s %d")
    assert caplog.records[0].getMessage() == "payi_transport: 100 %s %d"


def test_an_exception_of_the_users_handler_is_not_raised() -> None:
    seen = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record)
            raise RuntimeError("no room")

    logger = logging.Logger("tests.rate_limited_logger.raising")
    logger.addHandler(Handler())
    RateLimitedLogger(logger, 60).warning("busy")
    assert len(seen) == 1


def test_every_message_starts_with_the_prefix(caplog: pytest.LogCaptureFixture) -> None:
    log = RateLimitedLogger(LOGGER, 60, prefix="file: ")
    log.warning("full")
    log.warn_apart("apart")
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: file: full",
        "payi_transport: file: apart",
    ]
