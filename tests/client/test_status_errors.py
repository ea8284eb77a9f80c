"""The exception for each status, and what it takes from the response."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from payi_transport import errors
from payi_transport.client.status_errors import decode_body, make_status_error
from payi_transport.errors import APIStatusError

REQUEST = httpx.Request("POST", "https://api.pay-i.com/api/v1/ingest")


def response(status: int = 400, body: Any = b"", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    return httpx.Response(status, headers=named, request=REQUEST, **content)


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
def test_each_status_has_its_own_exception_class(status: int, kind: type[APIStatusError]) -> None:
    error = make_status_error(response(status))
    assert type(error) is kind
    assert (error.status_code, error.response.status_code, error.request) == (status, status, REQUEST)


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://secure.pay-i.com/api/v1/ingest", "https://secure.pay-i.com/api/v1/ingest"),
        ("/login?token=payi-secret#a", "/login"),
        ("http://[", "http://["),
    ],
)
def test_an_exception_for_a_redirect_says_where_it_leads_and_what_to_change(
    location: str, named: str
) -> None:
    error = make_status_error(response(301, b"<html>", location=location))
    assert str(error) == (
        f"Error code: 301 - Pay-i redirects to {named}, and redirects are not followed because the API key"
        " would go along; correct base_url or PAYI_BASE_URL"
    )


@pytest.mark.parametrize("status", [300, 304])
def test_a_status_without_a_location_is_no_redirect(status: int) -> None:
    assert str(make_status_error(response(status))) == f"Error code: {status} - None"


def test_an_exception_carries_the_details_of_the_body() -> None:
    body = {
        "message": "Unknown resource",
        "statusCode": 400,
        "xproxy_error": {"code": "resource_unknown", "message": "No such resource", "more": 1},
        "request_id": "r1",
    }
    error = make_status_error(response(400, body))
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
        pytest.param(b"[" * 100_000, "[" * 200, "[" * 100_000, id="nested too deeply"),
        ({"xproxy_error": {"message": "No"}}, "No", {"xproxy_error": {"message": "No"}}),
        ({"xproxy_error": 3}, "{'xproxy_error': 3}", {"xproxy_error": 3}),
        ({"message": None}, "{'message': None}", {"message": None}),
        (["a"], "['a']", ["a"]),
    ],
)
def test_a_body_of_any_shape_makes_a_message(body: Any, message: str, kept: Any) -> None:
    error = make_status_error(response(400, body))
    assert error.message == f"Error code: 400 - {message}"
    assert error.body == kept == decode_body(response(400, body))


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
def test_the_request_id_comes_from_the_body_or_a_header(
    body: Any, headers: dict[str, str], request_id: str | None
) -> None:
    assert make_status_error(response(400, body, **headers)).request_id == request_id
