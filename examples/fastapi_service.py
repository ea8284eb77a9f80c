"""A FastAPI service that asks a model on behalf of its users, and reports usage by user.

A middleware opens a scope for each request, so the endpoints know nothing of reporting.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request, Response
from openai import AsyncOpenAI

from examples.stand_in import StandIn, serve
from payi_transport import Payi, payi_flush, payi_instrument, track_context


def make_app(stand_in: StandIn) -> FastAPI:
    """The service. Everything about `stand_in` goes away in production."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        payi_instrument(
            payi=Payi(api_key="example", base_url=stand_in.url),
            config={"host_mappings": {stand_in.host: {"price_as_category": "system.openai"}}},
        )
        yield
        await asyncio.to_thread(payi_flush)

    app = FastAPI(lifespan=lifespan)
    client = AsyncOpenAI(api_key="example", base_url=f"{stand_in.url}/v1")

    @app.middleware("http")
    async def track_user(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        with track_context(user_id=request.headers.get("x-user-id"), use_case_name="support_bot"):
            return await call_next(request)

    @app.post("/ask")
    async def ask(question: str) -> str:
        completion = await client.chat.completions.create(
            model="gpt-4.1", messages=[{"role": "user", "content": question}]
        )
        return completion.choices[0].message.content or ""

    return app


async def main() -> None:
    with serve() as stand_in:
        app = make_app(stand_in)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as browser:
                users = ("ada", "grace", "ada")
                asked = [
                    browser.post(
                        "/ask", params={"question": "Where is my parcel?"}, headers={"x-user-id": user}
                    )
                    for user in users
                ]
                await asyncio.gather(*asked)
        tokens: Counter[str] = Counter()
        for event in stand_in.events:
            tokens[event["user_id"]] += event["units"]["text"]["input"] + event["units"]["text"]["output"]
    for user, count in sorted(tokens.items()):
        print(f"{user}: {count} tokens")


if __name__ == "__main__":
    asyncio.run(main())
