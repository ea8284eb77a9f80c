"""A WSGI application behind the middleware, its streaming body included."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper

import httpx
import pytest

from payi_transport import MemorySink, get_context, track_context
from payi_transport.contrib.wsgi import PayiMiddleware
from tests.contrib.calls import call, strangers_baggage, users


def user_of(environ: dict[str, Any]) -> dict[str, Any]:
    return {"user_id": environ.get("HTTP_X_USER")}


def stream() -> Iterator[bytes]:
    try:
        call("first")
        yield b"1"
        call("second")
        yield b"2"
    finally:
        call("end")


def serve(body: Any, **options: Any) -> httpx.Client:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        call("head")
        start_response("200 OK", [])
        return body() if callable(body) else body  # type: ignore[no-any-return]

    app: Any = PayiMiddleware(application, user_of, **options)
    return httpx.Client(transport=httpx.WSGITransport(app), base_url="http://service")


def test_the_calls_of_a_streaming_body_are_those_of_the_request(instrumented: MemorySink) -> None:
    assert serve(stream).get("/", headers={"x-user": "alice"}).content == b"12"
    assert users(instrumented) == dict.fromkeys(["head", "first", "second", "end"], "alice")
    assert "user_id" not in get_context()


def test_a_body_that_is_closed_early_ends_in_the_scope(instrumented: MemorySink) -> None:
    app: Any = PayiMiddleware(lambda environ, start_response: stream(), {"user_id": "alice"})
    with track_context(user_id="server"):
        body = app({}, None)
        assert next(body) == b"1"
        body.close()
        call("outside")
    assert users(instrumented) == {"first": "alice", "end": "alice", "outside": "server"}


class Sized:
    """An iterable with a length that is no list, as some frameworks return."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a"])


@pytest.mark.parametrize(
    "body",
    [[b"a"], (b"a",), FileWrapper(io.BytesIO(b"a")), Sized()],
    ids=["list", "tuple", "file", "sized"],
)
def test_bodies_that_are_complete_are_passed_on_as_they_are(body: Any) -> None:
    app: Any = PayiMiddleware(lambda environ, start_response: body)
    assert app({"wsgi.file_wrapper": FileWrapper}, None) is body


def test_an_iterator_without_close_can_be_closed() -> None:
    app: Any = PayiMiddleware(lambda environ, start_response: iter([b"a"]))
    body = app({"wsgi.file_wrapper": None}, None)
    assert list(body) == [b"a"]
    body.close()


@strangers_baggage
def test_the_baggage_of_a_stranger_counts_only_if_trusted(
    options: dict[str, Any], user: str | None, instrumented: MemorySink
) -> None:
    serve([b""], **options).get("/", headers={"baggage": "payi.user_id=mallory"})
    assert users(instrumented) == {"head": user}


def test_without_a_scope_of_its_own_a_request_has_that_of_the_server(instrumented: MemorySink) -> None:
    def greet(environ: Any, start_response: Any) -> list[bytes]:
        call("x")
        return [b""]

    app: Any = PayiMiddleware(greet)
    with track_context(user_id="server"):
        assert app({}, None) == [b""]
    assert users(instrumented) == {"x": "server"}
