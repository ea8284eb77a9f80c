"""A name that Pay-i will refuse is logged where it is set, once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from payi_transport import (
    MemorySink,
    create_headers,
    payi_instrument,
    payi_uninstrument,
    track,
    track_context,
)
from payi_transport.context import name_warnings
from payi_transport.context.name_warnings import use_logger, warn_of_names

LOGGER = logging.getLogger("tests.name_warnings")


@pytest.fixture(autouse=True)
def logger() -> Iterator[None]:
    use_logger(LOGGER)
    yield
    use_logger(None)


def call(**headers: str) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json={}))) as client:
        client.post("https://api.openai.com/v1/chat/completions", json={}, headers=headers)


def instrument(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"user_id": "Jo Do"}, logger=LOGGER)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"use_case_name": "my bot"}, ["use_case_name 'my bot'", "'my-bot'", "64 characters"]),
        ({"use_case_name": "x" * 300}, ["'xxx", "'..."]),
        ({"request_tags": ["fine", "a b"]}, ["request_tags 'a b'", "'a-b'"]),
        ({"request_tags": {"a.b"}}, ["request_tags 'a.b'", "'a-b'"]),
        ({"user_id": "Jo Do"}, ["user_id 'Jo Do'", "'Jo_Do'", "without spaces"]),
        ({"use_case_version": 2**31}, ["use_case_version '2147483648'", "2147483647"]),
    ],
)
def test_a_value_is_logged_with_the_rule_and_with_what_is_reported(
    fields: dict[str, Any], named: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        warn_of_names(fields)
    [message] = [record.getMessage() for record in caplog.records]
    assert all(part in message.replace("x'", "'...") for part in named)


@pytest.mark.parametrize(
    "fields",
    [
        {"use_case_name": "My.bot-1_a", "request_tags": ("a", "b_-1"), "user_id": "jo@x.org"},
        {"use_case_name": None, "request_tags": None, "user_id": None, "use_case_version": None},
        {"use_case_name": "", "request_tags": (), "user_id": ""},
        {"user_id": 7, "use_case_version": 2**31 - 1, "account_name": "A B", "use_case_step": "a b"},
    ],
)
def test_a_value_that_pay_i_accepts_is_not_logged(
    fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_names(fields)
    assert not caplog.records


def decorate(name: str) -> None:
    track(use_case_name=name)


def enter(name: str) -> None:
    track_context(use_case_name=name)


def make_headers(name: str) -> None:
    create_headers(use_case_name=name)


@pytest.mark.parametrize("set_name", [decorate, enter, make_headers])
def test_it_is_logged_at_once(set_name: Callable[[str], None], caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        set_name("my bot")
    assert len(caplog.records) == 1 and caplog.records[0].name == LOGGER.name


def test_a_name_in_the_config_or_in_the_headers_of_a_call_is_logged(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    def named() -> list[str]:
        messages = [record.getMessage() for record in caplog.records]
        return [message.split("'")[1] for message in messages if "will be refused" in message]

    instrument(sink)
    assert named() == ["Jo Do"]
    for _ in range(2):
        call(**{"xProxy-UseCase-Name": "my bot"})
    assert named() == ["Jo Do", "my bot"]
    # The scopes of a later instrumentation are those of another program.
    payi_uninstrument()
    instrument(sink)
    assert named() == ["Jo Do", "my bot", "Jo Do"]


def test_a_handler_that_raises_reaches_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(LOGGER, "warning", fail)
    warn_of_names({"user_id": "a b"})


def test_the_number_of_warnings_is_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(name_warnings, "_MAX_WARNED", 3)
    for number in range(5):
        warn_of_names({"user_id": f"user {number}"})
    assert len(caplog.records) == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"use_case_name": "my bot"},
            "payi_transport: the use_case_name 'my bot' will be refused by Pay-i (accepted: letters, digits,"
            " '.', '-' and '_', 64 characters at most,); events are then reported with 'my-bot'",
        ),
        (
            {"use_case_version": 2**31},
            "payi_transport: the use_case_version '2147483648' will be refused by Pay-i (accepted: 0 to"
            " 2,147,483,647); events are then reported with '2147483647'",
        ),
    ],
)
def test_a_warning_says_what_is_accepted_and_what_becomes_of_the_value(
    fields: dict[str, Any], message: str, caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_names(fields)
    assert [record.getMessage() for record in caplog.records] == [message]
    assert caplog.records[0].levelname == "WARNING"


def test_a_hundred_values_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    for number in range(102):
        warn_of_names({"user_id": f"user {number}"})
    assert len(caplog.records) == 100


def test_another_logger_hears_of_every_value_anew(caplog: pytest.LogCaptureFixture) -> None:
    other = logging.getLogger("tests.name_warnings.other")
    for logger in (LOGGER, other, None):
        use_logger(logger)
        for _ in range(2):
            warn_of_names({"user_id": "a b"})
    assert [record.name for record in caplog.records] == [LOGGER.name, other.name, "payi.instrument"]


def test_after_uninstrumenting_names_are_logged_to_the_default_logger(
    sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    instrument(sink)
    payi_uninstrument()
    caplog.clear()
    make_headers("my bot")
    assert [record.name for record in caplog.records] == ["payi.instrument"]
