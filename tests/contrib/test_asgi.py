"""FastAPI behind the middleware: each request's calls are its user's, wherever the request makes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import httpx
from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from payi_transport import MemorySink, get_context
from payi_transport.contrib.asgi import PayiMiddleware
from tests.contrib.calls import acall, call, strangers_baggage, users


def user_of(request: Any) -> dict[str, str]:
    headers = dict(request["headers"])
    return {"user_id": headers[b"x-user"].decode()}


def authorize(name: str) -> None:
    call(f"dependency-{name}")


def make_app() -> FastAPI:
    app = FastAPI()

    @app.get("/async/{name}")
    async def answer_async(name: str) -> None:
        await asyncio.sleep(0)
        await acall(name)

    @app.get("/sync/{name}")
    def answer_sync(name: str, _: Annotated[None, Depends(authorize)]) -> None:
        call(name)

    @app.get("/stream/{name}")
    def stream(name: str) -> StreamingResponse:
        def lines() -> Iterator[str]:
            for number in range(2):
                call(f"{name}-{number}")
                yield "line\n"

        return StreamingResponse(lines())

    @app.get("/astream/{name}")
    async def stream_async(name: str) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            for number in range(2):
                await acall(f"{name}-{number}")
                yield "line\n"

        return StreamingResponse(lines())

    @app.get("/later/{name}")
    async def answer_later(name: str, tasks: BackgroundTasks) -> None:
        tasks.add_task(call, f"{name}-sync")
        tasks.add_task(acall, f"{name}-async")

    return app


MADE = {
    "async": ["{}"],
    "sync": ["dependency-{}", "{}"],
    "stream": ["{}-0", "{}-1"],
    "astream": ["{}-0", "{}-1"],
    "later": ["{}-sync", "{}-async"],
}


def test_a_thousand_requests_at_once_each_have_their_own_user(instrumented: MemorySink) -> None:
    app = PayiMiddleware(make_app(), user_of)
    expected: dict[str | None, str | None] = {}

    async def main() -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://service", timeout=300
        ) as browser:

            async def visit(number: int) -> None:
                kind, user = list(MADE)[number % len(MADE)], f"user-{number % 100}"
                expected.update({made.format(number): user for made in MADE[kind]})
                response = await browser.get(f"/{kind}/{number}", headers={"x-user": user})
                assert response.status_code == 200, response.text

            await asyncio.gather(*map(visit, range(1000)))

    asyncio.run(main())
    assert users(instrumented) == expected


def test_a_websocket_is_inside_and_a_lifespan_is_not(instrumented: MemorySink) -> None:
    seen: list[object] = []
    app = FastAPI(on_startup=[lambda: seen.append(get_context().get("user_id"))])

    @app.websocket("/chat")
    async def chat(websocket: WebSocket) -> None:
        await websocket.accept()
        await acall("socket")
        await websocket.close()

    app.add_middleware(PayiMiddleware, scope={"user_id": "all"})
    with TestClient(app) as browser, browser.websocket_connect("/chat"):
        pass
    assert seen == [None]
    assert users(instrumented) == {"socket": "all"}


@strangers_baggage
def test_the_baggage_of_a_stranger_counts_only_if_trusted(
    options: dict[str, Any], user: str | None, instrumented: MemorySink
) -> None:
    app = FastAPI()
    app.add_middleware(PayiMiddleware, **options)
    app.get("/")(lambda: call("x"))
    TestClient(app).get("/", headers={"baggage": "payi.user_id=mallory"})
    assert users(instrumented) == {"x": user}


def test_the_users_own_scope_is_inside_of_the_callers(instrumented: MemorySink) -> None:
    app = FastAPI()
    app.add_middleware(PayiMiddleware, scope={"user_id": "own"}, trust_baggage=True)
    app.get("/")(lambda: dict(get_context()))
    headers = {"baggage": "payi.user_id=theirs,payi.account_name=acme"}
    seen = TestClient(app).get("/", headers=headers).json()
    assert (seen["user_id"], seen["account_name"]) == ("own", "acme")
