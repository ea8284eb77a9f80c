"""Django with the middleware, under WSGI and ASGI, with the user that Django's own middleware has found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import django
import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from payi_transport import MemorySink, get_context
from tests.contrib.calls import acall, call, users

MIDDLEWARE = [f"{__name__}.find_user", "payi_transport.contrib.django.PayiMiddleware"]


def find_user(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Stands for Django's own middleware of authentication."""

    def middleware(request: HttpRequest) -> Any:
        request.user_name = request.headers.get("x-user")
        return get_response(request)

    return middleware


def scope_of(request: HttpRequest) -> dict[str, Any]:
    return {"user_id": request.user_name}


async def scope_of_later(request: HttpRequest) -> dict[str, Any]:
    await asyncio.sleep(0)
    return scope_of(request)


def ask(request: HttpRequest) -> HttpResponse:
    call("view")
    return HttpResponse("ok")


async def ask_async(request: HttpRequest) -> HttpResponse:
    await acall("view")
    return HttpResponse("ok")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for number in range(2):
            call(f"line-{number}")
            yield "line\n"

    return StreamingHttpResponse(lines())


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    async def lines() -> AsyncIterator[str]:
        for number in range(2):
            await acall(f"line-{number}")
            yield "line\n"

    return StreamingHttpResponse(lines())


urlpatterns = [
    path("ask", ask),
    path("ask_async", ask_async),
    path("stream", stream),
    path("stream_async", stream_async),
]


@pytest.fixture(autouse=True)
def project() -> Iterator[None]:
    if not settings.configured:
        settings.configure(SECRET_KEY="x", ALLOWED_HOSTS=["*"])
        django.setup()
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=MIDDLEWARE, PAYI_SCOPE=scope_of):
        yield


CALLS = {"ask": ["view"], "stream": ["line-0", "line-1"]}


@pytest.mark.parametrize("kind", ["ask", "ask_async", "stream"])
def test_under_wsgi_a_request_has_its_user(kind: str, instrumented: MemorySink) -> None:
    for user in ("alice", "bob"):
        response = Client().get(f"/{kind}", headers={"x-user": user})
        assert list(response) != []
        assert users(instrumented) == dict.fromkeys(CALLS[kind.removesuffix("_async")], user)
        instrumented.events.clear()
    assert "user_id" not in get_context()


@pytest.mark.parametrize(
    "scope", [scope_of, scope_of_later, f"{__name__}.scope_of_later"], ids=["sync", "async", "path"]
)
@pytest.mark.parametrize("kind", ["ask", "ask_async", "stream_async"])
def test_under_asgi_a_request_has_its_user(kind: str, scope: Any, instrumented: MemorySink) -> None:
    async def visit(user: str) -> None:
        response = await AsyncClient().get(f"/{kind}", headers={"x-user": user})
        if response.streaming:
            assert [chunk async for chunk in response.streaming_content] == [b"line\n"] * 2

    with override_settings(PAYI_SCOPE=scope):
        asyncio.run(visit("alice"))
    assert users(instrumented) == dict.fromkeys(CALLS[kind.removesuffix("_async")], "alice")


@pytest.mark.parametrize(("trust", "user"), [(False, None), (True, "mallory")])
def test_the_baggage_of_a_stranger_counts_only_if_trusted(
    trust: bool, user: str | None, instrumented: MemorySink
) -> None:
    with override_settings(PAYI_SCOPE=None, PAYI_TRUST_BAGGAGE=trust):
        Client().get("/ask", headers={"baggage": "payi.user_id=mallory"})
    assert users(instrumented) == {"view": user}


@pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])
def test_wrong_settings_stop_the_server_at_its_start(handler: Callable[[], Any]) -> None:
    with override_settings(PAYI_SCOPE={"user": "a"}), pytest.raises(TypeError, match="'user'"):
        handler()


def test_without_settings_nobodys_baggage_counts_and_there_is_no_scope(instrumented: MemorySink) -> None:
    with override_settings():
        del settings.PAYI_SCOPE
        Client().get("/ask", headers={"baggage": "payi.user_id=mallory"})
    assert users(instrumented) == {"view": None}


def test_a_body_that_streams_is_closed_with_the_response(instrumented: MemorySink) -> None:
    response = Client().get("/stream", headers={"x-user": "alice"})
    assert next(iter(response.streaming_content)) == b"line\n"
    response.close()
    assert users(instrumented) == {"line-0": "alice"}
