"""Raw responses: their HTTP properties, and what they parse to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import NoneType
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from payi_transport.client.responses import APIResponse, AsyncAPIResponse, parse_response
from payi_transport.errors import APIResponseValidationError
from payi_transport.types import DefaultResponse, IngestUnits
from payi_transport.types.categories import CategoryDeleteResponse

REQUEST = httpx.Request("GET", "https://api.pay-i.com/api/v1/limits/L1")
BODY = b'{"request_id":"r1",\n"message":"d\xc3\xa4ne"}'


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in two chunks that was not read yet."""

    def __iter__(self) -> Any:
        yield from (BODY[:9], BODY[9:])

    async def __aiter__(self) -> Any:
        for chunk in self:
            yield chunk


def make_response(stream: bool = False, **more: Any) -> httpx.Response:
    body = {"stream": Stream()} if stream else {"content": BODY}
    return httpx.Response(200, request=REQUEST, headers={"x-a": "b"}, **{**body, **more})


def read(response: httpx.Response) -> DefaultResponse:
    return parse_response(response, DefaultResponse, strict=False)


@pytest.mark.parametrize("kind", [APIResponse, AsyncAPIResponse])
def test_a_response_exposes_status_headers_and_request(kind: Any) -> None:
    response = kind(make_response(), read, 2)
    response.http_response.elapsed = timedelta(seconds=1)
    assert (response.status_code, response.method, response.retries_taken) == (200, "GET", 2)
    assert (response.url, response.http_version) == (REQUEST.url, "HTTP/1.1")
    assert (response.headers["X-A"], response.is_closed) == ("b", True)
    assert (response.http_request, response.elapsed) == (REQUEST, timedelta(seconds=1))
    assert kind(make_response(), read).retries_taken == 0
    assert repr(response) == f"<{kind.__name__} [200] GET /api/v1/limits/L1>"


@pytest.mark.parametrize(
    ("use", "result"),
    [
        (lambda response: response.parse(), DefaultResponse("r1", "däne")),
        (lambda response: response.read(), BODY),
        (lambda response: response.text(), BODY.decode()),
        (lambda response: response.json(), {"request_id": "r1", "message": "däne"}),
        (lambda response: b"".join(response.iter_bytes()), BODY),
        (lambda response: next(response.iter_bytes(30)), BODY[:30]),
        (lambda response: "".join(response.iter_text()), BODY.decode()),
        (lambda response: list(response.iter_lines()), BODY.decode().split("\n")),
        (lambda response: response.map(lambda value: value.request_id).parse(), "r1"),
    ],
)
def test_a_body_can_be_parsed_read_or_iterated_over(use: Callable[[Any], Any], result: Any) -> None:
    response = APIResponse(make_response(stream=True), read)
    assert not response.is_closed
    assert use(response) == result
    response.close()
    assert response.is_closed


@pytest.mark.parametrize(
    ("use", "result"),
    [
        (lambda response: response.parse(), DefaultResponse("r1", "däne")),
        (lambda response: response.read(), BODY),
        (lambda response: response.text(), BODY.decode()),
        (lambda response: response.json(), {"request_id": "r1", "message": "däne"}),
        (lambda response: collect(response.iter_bytes()), [BODY[:9], BODY[9:]]),
        (lambda response: collect(response.iter_bytes(len(BODY))), [BODY]),
        (lambda response: collect(response.iter_text(100)), [BODY.decode()]),
        (lambda response: collect(response.iter_lines()), BODY.decode().split("\n")),
        (lambda response: response.map(lambda value: value.request_id).parse(), "r1"),
    ],
)
def test_an_async_body_can_be_parsed_read_or_iterated_over(use: Callable[[Any], Any], result: Any) -> None:
    async def main() -> None:
        response = AsyncAPIResponse(make_response(stream=True), read)
        assert not response.is_closed
        assert await use(response) == result
        await response.close()
        assert response.is_closed

    anyio.run(main)


async def collect(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated"),
        (b"<html>", "malformed"),
        (b'{"a":"\xff"}', "[Ii]nvalid|codec"),
        (b"null", "null|NoneType"),
        (b'"text"', "str"),
        (b"[1]", "array|list"),
        pytest.param(b"[" * 100_000, "recursion", id="nested too deeply"),
    ],
)
def test_a_body_of_another_shape_raises(content: bytes, reason: str, strict: bool) -> None:
    response = make_response(content=content)
    with pytest.raises(
        APIResponseValidationError, match=f"parse Pay-i's response to GET /api/v1/limits/L1: .*({reason})"
    ) as caught:
        parse_response(response, DefaultResponse, strict=strict)
    assert caught.value.status_code == 200
    assert caught.value.response is response


@pytest.mark.parametrize("kind", [APIResponse, AsyncAPIResponse])
def test_a_mapped_response_is_the_same_http_response_after_the_same_retries(kind: Any) -> None:
    response = kind(make_response(), read, 2)
    mapped = response.map(lambda value: value.request_id)
    assert (mapped.http_response, mapped.retries_taken) == (response.http_response, 2)


def test_a_validation_error_carries_the_request_id() -> None:
    response = make_response(content=b'{"request_id":"r1","message":3}')
    with pytest.raises(APIResponseValidationError, match=r"\$\.message") as caught:
        parse_response(response, DefaultResponse, strict=True)
    assert (caught.value.request_id, caught.value.body) == ("r1", {"request_id": "r1", "message": 3})


def test_a_field_of_another_type_is_kept_unless_strict() -> None:
    value: Any = parse_response(make_response(content=b'{"input":"many"}'), IngestUnits, strict=False)
    assert value.input == "many"


def test_a_body_without_a_declared_type_is_not_parsed() -> None:
    assert parse_response(make_response(content=b"<html>"), NoneType, strict=True) is None


def test_an_empty_list_parses_to_an_empty_list() -> None:
    assert parse_response(make_response(content=b"[]"), CategoryDeleteResponse, strict=False) == []


@pytest.mark.parametrize("strict", [False, True])
def test_a_body_that_is_wanted_as_text_is_not_parsed(strict: bool) -> None:
    assert parse_response(make_response(content=b"Day,Spend\n"), str, strict=strict) == "Day,Spend\n"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", [httpx.Response, httpx2.Response])
def test_a_response_that_is_wanted_as_such_is_the_response(kind: Any, strict: bool) -> None:
    response = make_response(content=b"<html>")
    assert parse_response(response, kind, strict=strict) is response


def test_the_body_may_be_wanted_as_bytes_or_as_any_json() -> None:
    assert parse_response(make_response(content=b"\xff"), bytes, strict=False) == b"\xff"
    assert parse_response(make_response(content=b"[1]"), object, strict=True) == [1]


@pytest.mark.parametrize(
    ("kind", "said"),
    [(DefaultResponse, "expected DefaultResponse, got list"), (list[int], "expected list, got dict")],
)
def test_a_body_of_another_shape_says_what_was_expected(kind: Any, said: str) -> None:
    content = b"{}" if kind is not DefaultResponse else b"[]"
    with pytest.raises(APIResponseValidationError) as caught:
        parse_response(make_response(content=content), kind, strict=False)
    assert str(caught.value) == f"Could not parse Pay-i's response to GET /api/v1/limits/L1: {said}"
