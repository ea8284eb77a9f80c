"""What is sent and answered, the same bytes in every run and process, and a provider that answers with it."""

from __future__ import annotations

import functools
import itertools
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import httpx
import httpx2

__all__ = [
    "ANSWER_HEADERS",
    "LONG",
    "OBSERVED",
    "OBSERVED_URL",
    "REQUEST_HEADERS",
    "RESPONSE_ID",
    "SEED",
    "SHORT",
    "UNOBSERVED_URL",
    "WORKLOADS",
    "CannedResponse",
    "Part",
    "Script",
    "make_text",
    "provide",
]

SEED = 20260
RESPONSE_ID = "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG"
OBSERVED_URL = "https://api.openai.com/v1/chat/completions"
UNOBSERVED_URL = "https://api.example.com/v1/orders"
# Chunks of the two streams.
SHORT, LONG = 20, 500
REQUEST_HEADERS = {
    "content-type": "application/json",
    "authorization": "Bearer sk-no-key-at-all",
    "x-stainless-lang": "python",
    "x-stainless-retry-count": "0",
}
_MODEL = "gpt-4o-mini-2024-07-18"
# The n-th word comes 1/n as often as the first, as in English: so to compress it is about as much work, which
# some libraries do.
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
_WORD_COUNT, _LONGEST = 4_000, 9
# Tokens differ in length, so each event of a real stream is padded to hide that from who listens.
_PADDING = "aB3dE5gH7jK9mN"


class CannedResponse(NamedTuple):
    """A body, in the chunks that the network makes of it.

    `fresh`: each chunk is a new object, as a socket gives them, so that to keep it takes memory. Else it is
    the provider's own, and only the code on its way costs time.
    """

    content_type: str
    chunks: tuple[bytes, ...]
    fresh: bool = False

    def cut(self) -> Iterator[bytes]:
        """The chunks."""
        return map(_copy, self.chunks) if self.fresh else iter(self.chunks)


def _copy(chunk: bytes) -> bytes:
    # bytes(chunk) would return the same object.
    return bytes(memoryview(chunk))


class Script(NamedTuple):
    """A request body, its answer, and the answer when usage was asked for (where that makes a difference)."""

    request: bytes
    answer: CannedResponse
    answer_with_usage: CannedResponse | None = None


class Part(NamedTuple):
    """Calls of a workload that are timed together, in one go."""

    name: str
    script: Script
    calls: int
    streams: bool = False


def make_unary(request_size: int, answer_size: int) -> Script:
    """Sizes in bytes, of the two bodies."""
    text = _Text()
    request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": ""}]}
    answer = {
        "id": RESPONSE_ID,
        "object": "chat.completion",
        "created": 1741570283,
        "model": _MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}],
        # A token of English text is about four characters long.
        "usage": {"prompt_tokens": request_size // 4, "completion_tokens": 40, "total_tokens": 0},
    }
    body = text.fill(answer, answer_size)
    return Script(text.fill(request, request_size), CannedResponse("application/json", (body,)))


def make_stream(chunks: int, *, asks: bool, fresh: bool = False) -> Script:
    """A stream of so many chunks, each one event, `[DONE]` among them; the usage is one chunk more.

    `asks`: whether the caller's own request asks for usage. `fresh`: see `CannedResponse`.
    """
    request: dict[str, Any] = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": make_text(900)}],
        "stream": True,
    }
    if asks:
        request["stream_options"] = {"include_usage": True}
    body = json.dumps(request, separators=(",", ":")).encode()
    plain, with_usage = (_make_events(chunks, usage=usage, fresh=fresh) for usage in (False, True))
    return Script(body, plain, with_usage)


def _make_events(chunks: int, *, usage: bool, fresh: bool) -> CannedResponse:
    text = _Text()
    events = [text.make_event(usage) for _ in range(chunks - 1)]
    if usage:
        # The prompt of 900 characters at four a token.
        counts = {"prompt_tokens": 225, "completion_tokens": chunks - 1, "total_tokens": 224 + chunks}
        events.append(_to_event([], {"usage": counts}))
    events.append(b"data: [DONE]\n\n")
    return CannedResponse("text/event-stream; charset=utf-8", tuple(events), fresh)


def _to_event(choices: list[Any], more: dict[str, Any]) -> bytes:
    data = {
        "id": RESPONSE_ID,
        "object": "chat.completion.chunk",
        "created": 1741570283,
        "model": _MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_44added55e",
        "choices": choices,
        **more,
    }
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def make_text(size: int) -> str:
    """Words of so many characters."""
    return _Text().take(size)


@functools.cache
def _make_words() -> tuple[list[str], list[float]]:
    """All words, and how often one up to each of them comes."""
    source = random.Random(SEED)
    frequency = [1 / rank for rank in range(1, len(_LETTERS) + 1)]
    words = [
        "".join(source.choices(_LETTERS, frequency, k=source.randint(1, _LONGEST)))
        for _ in range(_WORD_COUNT)
    ]
    return words, list(itertools.accumulate(1 / rank for rank in range(1, _WORD_COUNT + 1)))


class _Text:
    """Words from the seed on."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)

    def take(self, size: int) -> str:
        """So many characters."""
        return " ".join(self._take_words(size // 2 + 1))[:size]

    def _take_words(self, count: int) -> list[str]:
        words, weights = _make_words()
        return self._random.choices(words, cum_weights=weights, k=count)

    def fill(self, body: dict[str, Any], size: int) -> bytes:
        """`body` as JSON of `size` bytes, its empty content filled with words."""
        whole = json.dumps(body, separators=(",", ":"))
        empty = '"content":""'
        return whole.replace(empty, f'"content":"{self.take(size - len(whole))}"').encode()

    def make_event(self, usage: bool) -> bytes:
        """An event of one word. A provider that will tell usage says so in each event."""
        (word,) = self._take_words(1)
        delta = {"content": f" {word}"}
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]
        told = {"usage": None} if usage else {}
        return _to_event(choices, {**told, "obfuscation": _PADDING[len(word) :]})


def _make_streams(*, asks: bool, fresh: bool = False) -> list[Part]:
    return [
        Part("short", make_stream(SHORT, asks=asks, fresh=fresh), 50, streams=True),
        Part("long", make_stream(LONG, asks=asks, fresh=fresh), 12, streams=True),
    ]


WORKLOADS: dict[str, Callable[[], list[Part]]] = {
    "unary 1 KB": lambda: [Part("call", make_unary(1_000, 600), 100)],
    "unary 200 KB": lambda: [Part("call", make_unary(200_000, 8_000), 60)],
    "unobserved host": lambda: [Part("call", make_unary(1_000, 600), 100)],
    "stream, usage asked": lambda: _make_streams(asks=True),
    "stream, usage hidden": lambda: _make_streams(asks=False),
    "stream, fresh chunks": lambda: _make_streams(asks=True, fresh=True),
}
OBSERVED = frozenset(WORKLOADS) - {"unobserved host"}


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream, httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that is not read yet, as of a socket."""

    def __init__(self, answer: CannedResponse) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.cut()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._answer.cut():
            yield chunk


class _Provider:
    """Answers every request by `script`. httpx's own mock reads it in advance."""

    module: Any
    script: Script

    def handle_request(self, request: Any) -> Any:
        answer = self.script.answer
        if self.script.answer_with_usage is not None and b'"include_usage":true' in request.content:
            answer = self.script.answer_with_usage
        headers = [(b"content-type", answer.content_type.encode()), *ANSWER_HEADERS]
        return self.module.Response(200, headers=headers, stream=_Body(answer))

    async def handle_async_request(self, request: Any) -> Any:
        return self.handle_request(request)


class _HttpxProvider(_Provider, httpx.BaseTransport, httpx.AsyncBaseTransport):
    module = httpx


class _Httpx2Provider(_Provider, httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    module = httpx2


def provide(family: str) -> _Provider:
    """A provider behind a transport of "httpx" or "httpx2", sync and async; set its `script`."""
    return _HttpxProvider() if family == "httpx" else _Httpx2Provider()


ANSWER_HEADERS = (
    (b"date", b"Mon, 01 Jun 2026 12:00:00 GMT"),
    (b"connection", b"keep-alive"),
    (b"access-control-expose-headers", b"X-Request-ID"),
    (b"openai-organization", b"an-organization"),
    (b"openai-processing-ms", b"412"),
    (b"openai-version", b"2020-10-01"),
    (b"x-ratelimit-limit-requests", b"10000"),
    (b"x-ratelimit-limit-tokens", b"2000000"),
    (b"x-ratelimit-remaining-requests", b"9999"),
    (b"x-ratelimit-remaining-tokens", b"1999975"),
    (b"x-request-id", b"req_7b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains; preload"),
    (b"server", b"cloudflare"),
    (b"cf-ray", b"8a1b2c3d4e5f6a7b-AMS"),
)
