"""When to try again and how long to wait, and which error an answer is."""

from __future__ import annotations

import email.utils
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport import errors
from payi_transport.client.retry import (
    choose_retry_delay,
    is_retryable,
    make_status_error,
    parse_retry_after,
    read_body,
)
from payi_transport.errors import APIConnectionError, APIStatusError

REQUEST = httpx.Request("POST", "https://api.pay-i.com/api/v1/ingest")


def answer(status: int = 400, body: Any = b"", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        return httpx.Response(status, content=body, headers=named, request=REQUEST)
    return httpx.Response(status, json=body, headers=named, request=REQUEST)


@pytest.mark.parametrize(
    ("status", "transient"),
    [
        (200, False),
        (301, False),
        (400, False),
        (401, False),
        (404, False),
        (408, True),
        (409, True),
        (422, False),
        (429, True),
        (499, False),
        (500, True),
        (503, True),
        (599, True),
    ],
)
def test_what_may_go_away_by_itself_is_tried_again(status: int, transient: bool) -> None:
    assert is_retryable(status) is transient
    assert (choose_retry_delay(answer(status), 0) is not None) is transient


@pytest.mark.parametrize("outcome", [answer(503), APIConnectionError("no", REQUEST)], ids=["status", "error"])
def test_pauses_double_up_to_8_seconds_less_a_quarter_by_chance(outcome: Any) -> None:
    for retries, most in enumerate([0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]):
        waits = {choose_retry_delay(outcome, retries) for _ in range(50)}
        assert all(wait is not None and 0.75 * most <= wait <= most for wait in waits)
        assert len(waits) > 1


def test_many_retries_later_the_pause_is_still_a_number() -> None:
    wait = choose_retry_delay(answer(503), 1000)
    assert wait is not None and 6.0 <= wait <= 8.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "3"}, 3.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after": "-2"}, 0.0),
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
def test_retry_after_is_seconds_milliseconds_or_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert parse_retry_after(answer(503, **headers).headers) == seconds


def test_a_date_in_the_future_is_the_time_until_then() -> None:
    seconds = parse_retry_after(
        answer(503, retry_after=email.utils.formatdate(time.time() + 30, usegmt=True)).headers
    )
    assert seconds is not None and 25 < seconds <= 30


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_no_retry_after_raises(text: str) -> None:
    seconds = parse_retry_after({"retry-after": text})
    assert seconds is None or seconds >= 0


def test_what_a_server_asks_for_is_waited_for_up_to_a_minute() -> None:
    assert choose_retry_delay(answer(429, retry_after="60"), 0) == 60.0
    wait = choose_retry_delay(answer(429, retry_after="61"), 0)
    assert wait is not None and wait <= 0.5


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, APIStatusError),
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (402, APIStatusError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (422, errors.UnprocessableEntityError),
        (429, errors.RateLimitError),
        (500, errors.InternalServerError),
        (503, errors.InternalServerError),
    ],
)
def test_a_status_is_an_error_of_its_own_class(status: int, kind: type[APIStatusError]) -> None:
    error = make_status_error(answer(status))
    assert type(error) is kind
    assert (error.status_code, error.response.status_code, error.request) == (status, status, REQUEST)


def test_an_error_says_what_pay_i_says() -> None:
    body = {
        "message": "Unknown resource",
        "statusCode": 400,
        "xproxy_error": {"code": "resource_unknown", "message": "No such resource", "more": 1},
        "request_id": "r1",
    }
    error = make_status_error(answer(400, body))
    assert str(error) == error.message == "Error code: 400 - Unknown resource"
    assert (error.body, error.request_id) == (body, "r1")
    assert error.xproxy_error is not None
    assert (error.xproxy_error.code, error.xproxy_error.message) == ("resource_unknown", "No such resource")
    assert error.xproxy_error.unknown_fields == {"more": 1}


@pytest.mark.parametrize(
    ("body", "message", "kept"),
    [
        (b"", "None", None),
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"x" * 1000, "x" * 200, "x" * 1000),
        (b"\xff", "\ufffd", "\ufffd"),
        ({"xproxy_error": {"message": "No"}}, "No", {"xproxy_error": {"message": "No"}}),
        ({"xproxy_error": 3}, "{'xproxy_error': 3}", {"xproxy_error": 3}),
        ({"message": None}, "{'message': None}", {"message": None}),
        (["a"], "['a']", ["a"]),
    ],
)
def test_an_error_body_may_be_anything(body: Any, message: str, kept: Any) -> None:
    error = make_status_error(answer(400, body))
    assert error.message == f"Error code: 400 - {message}"
    assert error.body == kept == read_body(answer(400, body))


@pytest.mark.parametrize(
    ("body", "headers", "request_id"),
    [
        ({"request_id": "r1", "xproxy_result": {"request_id": "r2"}}, {"x_request_id": "r3"}, "r1"),
        ({"xproxy_result": {"request_id": "r2"}}, {"x_request_id": "r3"}, "r2"),
        ({"xproxy_result": 3}, {"x_request_id": "r3"}, "r3"),
        ([], {"x_request_id": "r3"}, "r3"),
        ({"request_id": 7}, {}, None),
        ({}, {}, None),
    ],
)
def test_the_id_of_a_request_is_in_the_body_or_in_a_header(
    body: Any, headers: dict[str, str], request_id: str | None
) -> None:
    assert make_status_error(answer(400, body, **headers)).request_id == request_id
