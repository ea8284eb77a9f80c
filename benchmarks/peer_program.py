"""Runs in the environment of a peer: makes the calls of one workload, with the peer or without it, in rounds.

It imports nothing but the standard library, the OpenAI SDK and the peer. The first line of its input is a
task as JSON, each further line asks for a round, and a line of JSON answers each of them.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from time import perf_counter, process_time, thread_time
from typing import Any, NamedTuple

import httpx2
import openai

# Seconds in which a peer has to deliver what it has.
_PATIENCE = 60
# payi's name for the SDK.
_OPENAI = "system.openai"


class Setup(NamedTuple):
    """What peers are told: the service, a file in its place, and the clients that the SDK sends with."""

    url: str
    file: str
    clients: tuple[httpx2.Client, httpx2.AsyncClient]


# Installs a peer, and gives what has it deliver all that it has.
Install = Callable[[Setup], Callable[[], object]]


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that is not read yet, as of a socket."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


class _Provider(httpx2.BaseTransport):
    """Answers every request in one way."""

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self._headers = headers
        self._chunks: list[bytes] = []
        self._content_type = ""

    def set_answer(self, content_type: str, chunks: list[bytes]) -> None:
        self._content_type, self._chunks = content_type, chunks

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = [("content-type", self._content_type), *self._headers]
        return httpx2.Response(200, headers=headers, stream=_Body(self._chunks))


class _AsyncProvider(httpx2.AsyncBaseTransport):
    """Answers a task after the others had their turn, as when it waits for a socket."""

    def __init__(self, provider: _Provider) -> None:
        self._answer = provider.handle_request

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        return self._answer(request)


class _Caller:
    """Makes calls by the clients of the SDK."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        self._task = task
        self._provider = _Provider(task["headers"])
        self._loop = asyncio.new_event_loop()
        clients = (
            httpx2.Client(transport=self._provider),
            httpx2.AsyncClient(transport=_AsyncProvider(self._provider)),
        )
        self._flush = INSTALLS[task["peer"]](Setup(task["url"], task["file"], clients))
        self._create = openai.OpenAI(api_key="no-key", http_client=clients[0]).chat.completions.create
        self._create_async = openai.AsyncOpenAI(
            api_key="no-key", http_client=clients[1]
        ).chat.completions.create

    def play(self) -> dict[str, dict[str, float]]:
        """The costs of each part, see `_time`."""
        return {part["name"]: self._time(part) for part in self._task["parts"]}

    def _time(self, part: Mapping[str, Any]) -> dict[str, float]:
        """Microseconds a call: by the clock, of CPU, and of CPU of all threads until it is delivered."""
        self._provider.set_answer(part["content_type"], [chunk.encode() for chunk in part["chunks"]])
        gc.collect()
        cpu, whole = thread_time(), process_time()
        walls = list(self._time_calls(part["request"], part["calls"]))
        # Before the flush, which is not work on the caller's thread but waiting for the peer's.
        cpu = thread_time() - cpu
        self._flush()
        whole = process_time() - whole
        costs = {"cpu": cpu, "wall": sum(walls), "whole": whole}
        p99 = sorted(walls)[len(walls) * 99 // 100]
        return {"p99": p99 * 1e6, **{kind: cost / part["calls"] * 1e6 for kind, cost in costs.items()}}

    def _time_calls(self, request: Mapping[str, Any], calls: int) -> Iterator[float]:
        """Seconds of each call, or of all that are made at once."""
        call = self._call if self._task["at_once"] == 1 else self._call_at_once
        for _ in range(calls // self._task["at_once"]):
            began = perf_counter()
            call(request)
            yield perf_counter() - began

    def _call(self, request: Mapping[str, Any]) -> None:
        answer = self._create(**request)
        if request.get("stream"):
            for _ in answer:
                pass

    def _call_at_once(self, request: Mapping[str, Any]) -> None:
        self._loop.run_until_complete(self._gather(request))

    async def _gather(self, request: Mapping[str, Any]) -> None:
        await asyncio.gather(*(self._create_async(**request) for _ in range(self._task["at_once"])))


def _install_nothing(setup: Setup) -> Callable[[], object]:
    return lambda: None


def _install_payi_transport(setup: Setup) -> Callable[[], object]:
    from payi_transport import payi_flush, payi_instrument

    os.environ.update(PAYI_API_KEY="no-key", PAYI_BASE_URL=setup.url)
    payi_instrument()
    return lambda: payi_flush(_PATIENCE)


def _install_payi(setup: Setup) -> Callable[[], object]:
    """It delivers before a call returns."""
    from payi.lib.instrument import payi_instrument

    os.environ.update(PAYI_API_KEY="no-key", PAYI_BASE_URL=setup.url)
    _register_encoding()
    payi_instrument(instruments={_OPENAI})
    return lambda: None


def _install_payi_offline(setup: Setup) -> Callable[[], object]:
    from payi.lib.instrument import payi_instrument

    _register_encoding()
    payi_instrument(instruments={_OPENAI}, config={"offline_instrumentation": {"file_name": setup.file}})
    return lambda: None


def _register_encoding() -> None:
    """payi loads a vocabulary, for pictures alone, and asks the network on each call until it has it."""
    import tiktoken
    from tiktoken import registry

    letters = {bytes([byte]): byte for byte in range(256)}
    # An encoding of single bytes is valid and needs no download, and the calls here have no picture to
    # count.
    encoding = tiktoken.Encoding("o200k_base", pat_str=".", mergeable_ranks=letters, special_tokens={})
    registry.ENCODINGS["o200k_base"] = encoding


def _make_tracer_provider(url: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces")))
    return provider


def _instrument_openai(module: str, setup: Setup) -> Callable[[], object]:
    """By the class that OpenTelemetry's instrumentations of the SDK have in common."""
    provider = _make_tracer_provider(setup.url)
    importlib.import_module(module).OpenAIInstrumentor().instrument(tracer_provider=provider)
    return lambda: provider.force_flush(_PATIENCE * 1000)


def _install_otel_httpx(setup: Setup) -> Callable[[], object]:
    """The library's own transports are all that it hooks by itself, so it has to be told of the clients."""
    from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor

    provider = _make_tracer_provider(setup.url)
    for client in setup.clients:
        HTTPX2ClientInstrumentor.instrument_client(client, tracer_provider=provider)
    return lambda: provider.force_flush(_PATIENCE * 1000)


def _install_langfuse(setup: Setup) -> Callable[[], object]:
    import langfuse
    import langfuse.openai

    client = langfuse.Langfuse(public_key="no-key", secret_key="no-secret", base_url=setup.url)  # noqa: S106 (opens nothing)
    return lambda: client.flush()


def _install_logfire(setup: Setup) -> Callable[[], object]:
    import logfire

    advanced = logfire.AdvancedOptions(base_url=setup.url)
    logfire.configure(token="no-token", console=False, advanced=advanced)  # noqa: S106 (opens nothing)
    logfire.instrument_openai()
    return lambda: logfire.force_flush(_PATIENCE * 1000)


def _install_ddtrace(setup: Setup) -> Callable[[], object]:
    os.environ["DD_TRACE_AGENT_URL"] = setup.url
    from ddtrace import tracer
    from ddtrace.llmobs import LLMObs

    # Through an agent, whose address is that of the ingest server.
    LLMObs.enable(ml_app="benchmarks", agentless_enabled=False)

    def flush() -> None:
        tracer.flush()
        LLMObs.flush()

    return flush


INSTALLS: dict[str | None, Install] = {
    None: _install_nothing,
    "payi_transport": _install_payi_transport,
    "payi": _install_payi,
    "payi offline": _install_payi_offline,
    "OpenLLMetry": partial(_instrument_openai, "opentelemetry.instrumentation.openai"),
    "OpenInference": partial(_instrument_openai, "openinference.instrumentation.openai"),
    "langfuse": _install_langfuse,
    "logfire": _install_logfire,
    "ddtrace": _install_ddtrace,
    "OTel httpx": _install_otel_httpx,
}


def main() -> None:
    """Answer until the input ends. Whatever the peer prints goes to where errors go."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    caller = _Caller(json.loads(sys.stdin.readline()))
    for _ in sys.stdin:
        print(json.dumps(caller.play()), file=answers)


if __name__ == "__main__":
    main()
