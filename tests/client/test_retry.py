"""When a request is retried, and after what delay."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.client.retry import choose_retry_delay, is_retryable, parse_retry_after
from payi_transport.errors import APIConnectionError

REQUEST = httpx.Request("POST", "https://api.pay-i.com/api/v1/ingest")


def response(status: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, request=REQUEST)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (200, False),
        (301, False),
        (400, False),
        (401, False),
        (404, False),
        (408, True),
        (409, True),
        (422, False),
        (425, True),
        (429, True),
        (499, False),
        (500, True),
        (503, True),
        (599, True),
    ],
)
def test_statuses_that_may_be_temporary_are_retried(status: int, retryable: bool) -> None:
    assert is_retryable(status) is retryable
    assert (choose_retry_delay(response(status), 0) is not None) is retryable


@pytest.mark.parametrize(
    "outcome", [response(503), APIConnectionError("no", REQUEST)], ids=["status", "error"]
)
def test_the_delay_doubles_up_to_8_seconds_minus_up_to_a_quarter_at_random(outcome: Any) -> None:
    for retries, most in enumerate([0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]):
        waits = {choose_retry_delay(outcome, retries) for _ in range(50)}
        assert all(wait is not None and 0.75 * most <= wait <= most for wait in waits)
        assert len(waits) > 1


def test_the_delay_stays_a_number_after_very_many_retries() -> None:
    wait = choose_retry_delay(response(503), 5000)
    assert wait is not None and 6.0 <= wait <= 8.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "-2"}, None),
        ({"retry_after": "-0"}, 0.0),
        ({"retry_after_ms": "-2"}, None),
        ({"retry_after_ms": "-2", "retry_after": "3"}, 3.0),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "3"}, 0.25),
        ({"retry_after_ms": "soon", "retry_after": "3"}, 3.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": ""}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "Fri, 31 Dec 1999 23:59:59 GMT"}, 0.0),
        ({"retry_after": "Fri, 31 Dec 99999999999 23:59:59 GMT"}, None),
    ],
)
def test_retry_after_may_be_seconds_milliseconds_or_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert parse_retry_after(response(503, **headers).headers) == seconds


def test_a_negative_delay_does_not_remove_the_usual_pause() -> None:
    waited = choose_retry_delay(response(503, retry_after="-10"), 0)
    assert waited is not None and 0.375 <= waited <= 0.5


@pytest.mark.parametrize(
    ("status", "wanted", "retried"),
    [
        (503, "false", False),
        (429, "false", False),
        (404, "true", True),
        (302, "true", True),
        (503, "maybe", True),
        (404, "maybe", False),
    ],
)
def test_the_server_can_say_whether_to_retry(status: int, wanted: str, retried: bool) -> None:
    assert (choose_retry_delay(response(status, x_should_retry=wanted), 0) is not None) is retried


def test_a_date_in_retry_after_means_the_time_until_then() -> None:
    seconds = parse_retry_after(
        response(503, retry_after=email.utils.formatdate(time.time() + 30, usegmt=True)).headers
    )
    assert seconds is not None and 25 < seconds <= 30


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_no_value_of_retry_after_raises(text: str) -> None:
    seconds = parse_retry_after({"retry-after": text})
    assert seconds is None or seconds >= 0


def test_a_delay_that_the_server_asks_for_wins_up_to_a_minute() -> None:
    assert choose_retry_delay(response(429, retry_after="60"), 0) == 60.0
    wait = choose_retry_delay(response(429, retry_after="61"), 0)
    assert wait is not None and wait <= 0.5
