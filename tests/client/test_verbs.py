"""Requests to paths without a method of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from typing_extensions import assert_type

from payi_transport import AsyncPayi, Payi, PayiConfigError, errors
from payi_transport.client.verbs import make_verb_spec
from payi_transport.types import LimitResponse
from tests.client.response_bodies import LIMIT

BASE = "https://pay-i.test/base"
BODY = {"limit": LIMIT, "request_id": "r1"}
Call = Callable[..., Any]


def call_sync(mock: Any, method: str, path: str, library: Any = httpx, **arguments: Any) -> Any:
    http = library.Client(transport=library.MockTransport(mock))
    with Payi(api_key="k", base_url=BASE, http_client=http, default_query={"q": 1}) as client:
        return getattr(client, method)(path, **arguments)


def call_async(mock: Any, method: str, path: str, library: Any = httpx, **arguments: Any) -> Any:
    async def main() -> Any:
        http = library.AsyncClient(transport=library.MockTransport(mock))
        async with AsyncPayi(api_key="k", base_url=BASE, http_client=http, default_query={"q": 1}) as client:
            return await getattr(client, method)(path, **arguments)

    return anyio.run(main)


@pytest.fixture(params=[call_sync, call_async], ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Call:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_a_request_has_its_method_path_and_options(method: str, call: Call) -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=BODY)

    body: dict[str, Any] = {} if method == "get" else {"body": {"my_param": True}}
    options = {"headers": {"X-A": "b"}, "params": {"p": [1, 2]}, "extra_json": {"more": 1}, "timeout": 7.5}
    response = call(respond, method, "/foo", cast_to=LimitResponse, options=options, **body)
    assert response.limit.limit_id == "L1"
    [request] = sent
    assert (request.method, str(request.url)) == (method.upper(), f"{BASE}/foo?q=1&p=1%2C2")
    assert (request.headers["x-a"], request.headers["xproxy-api-key"]) == ("b", "k")
    assert json.loads(request.content) == {**body.get("body", {}), "more": 1}
    assert request.extensions["timeout"]["read"] == 7.5


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_without_a_body_none_is_sent(method: str, call: Call) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[request.content.decode(), "content-type" in request.headers])

    assert call(respond, method, "/foo", cast_to=list) == ["", False]


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (dict, b'{"a":[1]}', {"a": [1]}),
        (dict[str, int], b'{"a":1}', {"a": 1}),
        (list, b"[1]", [1]),
        (list[int], b"[]", []),
        (object, b"[1]", [1]),
        (object, b"null", None),
        (int, b"3", 3),
        (float, b"3", 3.0),
        (bool, b"true", True),
        (str, b"a,b\n", "a,b\n"),
        (bytes, b"\xff", b"\xff"),
        (type(None), b"anything", None),
    ],
)
def test_a_response_is_parsed_to_the_wanted_type(
    kind: Any, content: bytes, expected: object, call: Call
) -> None:
    assert call(lambda request: httpx.Response(200, content=content), "get", "/foo", cast_to=kind) == expected


@pytest.mark.parametrize("content", [b"[1]", b"3", b"null", b'"a"'])
def test_a_response_of_another_shape_raises(content: bytes, call: Call) -> None:
    with pytest.raises(errors.APIResponseValidationError):
        call(lambda request: httpx.Response(200, content=content), "get", "/foo", cast_to=dict)


@pytest.mark.parametrize("kind", [httpx.Response, httpx2.Response])
@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_http_response_itself_can_be_had(kind: Any, library: Any, call: Call) -> None:
    def respond(request: Any) -> Any:
        return library.Response(200, headers={"x-foo": "bar"}, content=b"not JSON")

    response = call(respond, "post", "/foo", library, cast_to=kind, body={"my_param": True})
    assert (response.headers["x-foo"], response.content) == ("bar", b"not JSON")
    assert type(response) is library.Response


@pytest.mark.parametrize("given", ["foo", "/foo", f"{BASE}/foo"])
def test_a_path_may_be_an_address_below_the_base_url(given: str) -> None:
    assert make_verb_spec(BASE, "GET", given, dict, None, None).path == "/foo"


def test_a_query_may_be_in_the_path(call: Call) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=str(request.url))

    url = call(respond, "get", "/foo?a=1&b=x%20y&a=2&c=", cast_to=str, options={"params": {"b": "z"}})
    assert url == f"{BASE}/foo?q=1&a=1%2C2&b=z&c="


@pytest.mark.parametrize(
    "given",
    ["https://evil.test/foo", f"{BASE}.evil.test/foo", "https://pay-i.test/other", "http://pay-i.test"],
)
def test_the_key_is_not_sent_to_another_address(given: str, call: Call) -> None:
    sent: list[httpx.Request] = []
    with pytest.raises(PayiConfigError, match=f"path: expected one below {BASE}"):
        call(sent.append, "get", given, cast_to=dict)
    assert sent == []


@pytest.mark.parametrize("given", ["//evil.test/foo", "@evil.test/foo", "/foo?next=https://evil.test"])
def test_a_path_that_looks_like_an_address_stays_a_path(given: str, call: Call) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.url.host)

    assert call(respond, "get", given, cast_to=str) == "pay-i.test"


@pytest.mark.parametrize(("options", "sent"), [({}, 3), ({"max_retries": 0}, 1), ({"max_retries": 4}, 5)])
def test_the_retries_of_one_request_can_be_chosen(options: Mapping[str, int], sent: int, call: Call) -> None:
    requests: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(503, headers={"retry-after-ms": "0"})

    with pytest.raises(errors.InternalServerError):
        call(respond, "post", "/foo", cast_to=dict, options=options)
    assert len(requests) == sent


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"options": {"header": {}}},
            "options: 'header' is unknown; accepted: headers, params, extra_json, ",
        ),
        ({"options": {"max_retries": "2"}}, "max_retries: expected an int of 0 or more"),
        ({"options": {"timeout": "2"}}, "timeout: expected seconds as a number"),
        ({"body": b"{}"}, "body: expected a value to send as JSON, got bytes"),
    ],
)
def test_a_wrong_argument_raises_and_is_named(arguments: dict[str, Any], message: str, call: Call) -> None:
    with pytest.raises(PayiConfigError) as caught:
        call(lambda request: httpx.Response(200), "post", "/foo", cast_to=dict, **arguments)
    assert str(caught.value).startswith(message)


def test_the_type_of_a_response_is_known_to_type_checkers() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=BODY)

    with Payi(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(respond))) as client:
        assert isinstance(
            assert_type(client.get("/foo", cast_to=LimitResponse), LimitResponse), LimitResponse
        )

    async def main() -> None:
        http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
        async with AsyncPayi(api_key="k", http_client=http) as client:
            assert_type(await client.post("/foo", cast_to=str, body=BODY), str)

    anyio.run(main)
