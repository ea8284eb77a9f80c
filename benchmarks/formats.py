"""Calls in the wire formats of four providers: what each library sends, and what each provider answers.

The bodies are those that the tests have recorded, a stream's with one of its events as often as is needed.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2
import urllib3
from botocore.config import Config
from botocore.session import get_session

from benchmarks.corpus import ANSWER_HEADERS, REQUEST_HEADERS, Answer, Script, provide
from tests.wire_cases import CASES

__all__ = ["BOTOCORE", "CONCURRENCY", "FORMATS", "STREAM", "SYNC", "TASKS", "Caller", "make_caller"]

# Of a stream, each one event.
CHUNKS = 100
# Calls under way at once in an event loop.
CONCURRENCY = 50
STREAM = f"stream of {CHUNKS}"
SYNC, TASKS, BOTOCORE = "httpx2", f"httpx2, {CONCURRENCY} tasks", "botocore"


class Format(NamedTuple):
    """A recorded call and where it goes. `repeated` is the event of a stream that is there many times."""

    case: str
    url: str
    repeated: int | None = None

    def make_script(self) -> Script:
        """Request and answer."""
        case = next(case for case in CASES if case.name == self.case)
        chunks = case.chunks()
        if self.repeated is not None:
            chunks[self.repeated : self.repeated] = [chunks[self.repeated]] * (CHUNKS - len(chunks))
        return Script(case.request, Answer(case.headers["content-type"], tuple(chunks), fresh=True))


_OPENAI = "https://api.openai.com/v1/chat/completions"
_ANTHROPIC = "https://api.anthropic.com/v1/messages"
_GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:"
# The name of what the client calls.
_BEDROCK = "bedrock:"

FORMATS = {
    ("openai", "unary"): Format("openai/chat_unary", _OPENAI),
    ("openai", STREAM): Format("openai/chat_stream", _OPENAI, 1),
    ("anthropic", "unary"): Format("anthropic/message_unary", _ANTHROPIC),
    ("anthropic", STREAM): Format("anthropic/message_stream", _ANTHROPIC, 3),
    ("google", "unary"): Format("google/gemini_unary", _GOOGLE + "generateContent"),
    ("google", STREAM): Format("google/gemini_stream", _GOOGLE + "streamGenerateContent?alt=sse", 1),
    ("bedrock", "unary"): Format("bedrock/converse_unary", _BEDROCK + "converse"),
    ("bedrock", STREAM): Format("bedrock/converse_stream", _BEDROCK + "converse_stream", 1),
}

Caller = Callable[[int], None]


def make_caller(provider: str, kind: str, library: str) -> Caller:
    """Makes so many calls with a client that is kept; `library` is SYNC, TASKS or BOTOCORE."""
    form = FORMATS[provider, kind]
    script = form.make_script()
    if library == BOTOCORE:
        return _make_botocore_caller(form, script)
    transport: Any = provide("httpx2")
    transport.script = script
    if library == SYNC:
        return _make_sync_caller(httpx2.Client(transport=transport), form, script)
    return _make_async_caller(_Yielding(transport), form, script)


def _make_sync_caller(client: httpx2.Client, form: Format, script: Script) -> Caller:
    def call(count: int) -> None:
        for _ in range(count):
            with client.stream("POST", form.url, content=script.request, headers=REQUEST_HEADERS) as response:
                for _ in response.iter_bytes():
                    pass

    return call


class _Yielding(httpx2.AsyncBaseTransport):
    """Lets others run before each answer, as waiting for a socket does."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        response: httpx2.Response = self._inner.handle_request(request)
        return response


def _make_async_caller(transport: httpx2.AsyncBaseTransport, form: Format, script: Script) -> Caller:
    client = httpx2.AsyncClient(transport=transport)
    runner = asyncio.Runner()

    async def call_one() -> None:
        async with client.stream(
            "POST", form.url, content=script.request, headers=REQUEST_HEADERS
        ) as response:
            async for _ in response.aiter_bytes():
                pass

    async def call_in_turn(count: int) -> None:
        for _ in range(count):
            await call_one()

    async def call_at_once(count: int) -> None:
        await asyncio.gather(*(call_in_turn(count // CONCURRENCY) for _ in range(CONCURRENCY)))

    return lambda count: runner.run(call_at_once(count))


_ANSWER_TEXTS = [(name.decode(), text.decode()) for name, text in ANSWER_HEADERS]
_MESSAGES = [{"role": "user", "content": [{"text": "What is the weather in Boston?"}]}]


class _Pool:
    """A connection pool of urllib3 that answers every request itself."""

    def __init__(self, script: Script) -> None:
        self._body = b"".join(script.answer.chunks)
        self._headers = {"content-type": script.answer.content_type, **dict(_ANSWER_TEXTS)}

    def connection_from_url(self, url: str) -> _Pool:
        return self

    def urlopen(self, **request: Any) -> urllib3.HTTPResponse:
        return urllib3.HTTPResponse(
            io.BytesIO(self._body), self._headers, 200, preload_content=False, decode_content=False
        )

    def clear(self) -> None:
        """Nothing is kept."""


def _make_botocore_caller(form: Format, script: Script) -> Caller:
    client = get_session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="no-key",
        aws_secret_access_key="no-secret",  # noqa: S106 (opens nothing)
        config=Config(retries={"total_max_attempts": 1}),
    )
    client._endpoint.http_session._manager = _Pool(script)
    send = getattr(client, form.url.removeprefix(_BEDROCK))
    told = {"modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "messages": _MESSAGES}

    def call(count: int) -> None:
        for _ in range(count):
            for _ in send(**told).get("stream", ()):
                pass

    return call
