"""Tracing libraries: how to start and stop each, and how to read what it saw.

A tracer starts when its object is made. `seen` has a name for each request or call that it traced, in order.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from tests.instrumentations.calls import HTTP_CALLS, SDK_CALLS, Call
from tests.instrumentations.rpc_calls import RPC_CALLS

__all__ = ["TRACERS", "Tracer"]

_CALLS: dict[str, Call] = {**HTTP_CALLS, **RPC_CALLS}


class Tracer:
    """A tracing library. `module` is what has to be installed for it."""

    module: str
    calls: Mapping[str, Call] = _CALLS
    # Whether it can be removed. Many of these libraries cannot.
    stops = False
    # Whether removing it puts back what it found when it started, whoever changed that since. Such a library
    # takes a hook of ours away that is younger, and brings one back that is gone.
    puts_back = False

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.start()

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """Remove the library, where it can be removed."""

    def transaction(self) -> contextlib.AbstractContextManager[Any]:
        """Return the transaction that calls are traced in, where the library needs one."""
        return contextlib.nullcontext()


def _make_provider(seen: list[str]) -> Any:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

    class Collect(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            seen.append(span.name)

    provider = TracerProvider()
    provider.add_span_processor(Collect())
    return provider


class OpenTelemetry(Tracer):
    """OpenTelemetry's own instrumentations, and those of the SDKs that are built like them."""

    instrumentors: Iterable[tuple[str, str]] = ()
    stops = True

    def start(self) -> None:
        provider = _make_provider(self.seen)
        # The one of gRPC for threads takes no other.
        importlib.import_module("opentelemetry.trace").set_tracer_provider(provider)
        self._instrumentors = [
            getattr(importlib.import_module(module), name)() for module, name in self.instrumentors
        ]
        for instrumentor in self._instrumentors:
            instrumentor.instrument(tracer_provider=provider)

    def stop(self) -> None:
        for instrumentor in self._instrumentors:
            instrumentor.uninstrument()


def _opentelemetry(calls: dict[str, Call], **instrumentors: str) -> type[OpenTelemetry]:
    prefix = instrumentors.pop("prefix")
    rows = [(f"{prefix}.{module}", name) for module, names in instrumentors.items() for name in names.split()]
    return type("Row", (OpenTelemetry,), {"module": rows[0][0], "instrumentors": rows, "calls": calls})


class Ddtrace(Tracer):
    module = "ddtrace"
    stops = True
    patched = ("httpx", "httpx2", "requests", "aiohttp", "botocore", "futures", "grpc")

    def start(self) -> None:
        self.collect()
        importlib.import_module("ddtrace").patch(**dict.fromkeys(self.patched, True))

    def collect(self) -> None:
        trace: Any = importlib.import_module("ddtrace.trace")
        seen = self.seen

        class Collect(trace.TraceFilter):  # type: ignore[misc]
            def process_trace(self, spans: Any) -> None:
                seen.extend(span.name for span in spans)

        trace.tracer.configure(trace_processors=[Collect()])

    def stop(self) -> None:
        for name in self.patched:
            importlib.import_module(f"ddtrace.contrib.internal.{name}.patch").unpatch()


class DdtraceRun(Ddtrace):
    """`ddtrace-run` has patched everything before the program starts."""

    stops = False
    # Connecting with httpx's async clients is cancelled under ddtrace-run 4.16, also where only ddtrace runs.
    calls = MappingProxyType(
        {name: call for name, call in _CALLS.items() if name not in ("httpx async", "httpx2 async")}
    )

    def start(self) -> None:
        self.collect()

    def stop(self) -> None:
        """It cannot be removed."""


class Elastic(Tracer):
    module = "elasticapm"
    stops = True
    puts_back = True

    def start(self) -> None:
        import elasticapm  # type: ignore[import-untyped, import-not-found, unused-ignore]

        seen = self.seen

        class Client(elasticapm.Client):  # type: ignore[misc, unused-ignore]
            def queue(self, kind: str, data: Any, flush: bool = False) -> None:
                if kind == "span":
                    seen.append(data["name"])

        options = {"central_config": False, "span_compression_enabled": False}
        self._client = Client(service_name="t", disable_send=True, **options)
        elasticapm.instrument()

    def stop(self) -> None:
        importlib.import_module("elasticapm").uninstrument()

    @contextlib.contextmanager
    def transaction(self) -> Any:
        self._client.begin_transaction("test")
        yield
        self._client.end_transaction("test", "ok")


class XRay(Tracer):
    module = "aws_xray_sdk"

    def start(self) -> None:
        core: Any = importlib.import_module("aws_xray_sdk.core")
        self._recorder = core.xray_recorder
        self._recorder.configure(service="t", sampling=False, emitter=self)
        core.patch(["httpx", "requests", "botocore"])

    def send_entity(self, entity: Any) -> None:
        """Take what is recorded, in place of X-Ray's daemon."""
        self.seen.extend(part.name for part in entity.subsegments)

    @contextlib.contextmanager
    def transaction(self) -> Any:
        self._recorder.begin_segment("test")
        yield
        self._recorder.end_segment()


class Sentry(Tracer):
    module = "sentry_sdk"

    def start(self) -> None:
        sentry: Any = importlib.import_module("sentry_sdk")
        self._sentry = sentry
        grpc: Any = importlib.import_module("sentry_sdk.integrations.grpc")
        sentry.init(
            "http://key@127.0.0.1:9/1",
            traces_sample_rate=1.0,
            before_send_transaction=self._take,
            integrations=[grpc.GRPCIntegration()],
        )

    def _take(self, event: Any, hint: Any) -> None:
        self.seen += [f"{span['op']} {span['description']}" for span in event["spans"]]

    def transaction(self) -> Any:
        return self._sentry.start_transaction(name="test")


class NewRelic(Tracer):
    module = "newrelic"

    def start(self) -> None:
        os.environ.update(NEW_RELIC_LICENSE_KEY="0" * 40, NEW_RELIC_DEVELOPER_MODE="true")
        self._agent: Any = importlib.import_module("newrelic.agent")
        self._agent.initialize()
        self._application = self._agent.register_application(timeout=10)
        traces: Any = importlib.import_module("newrelic.api.external_trace")
        create, seen = traces.ExternalTrace.create_node, self.seen

        def create_node(trace: Any) -> Any:
            seen.append(trace.library)
            return create(trace)

        traces.ExternalTrace.create_node = create_node

    def transaction(self) -> Any:
        return self._agent.BackgroundTask(self._application, "test")


class Logfire(Tracer):
    module = "logfire"
    calls = MappingProxyType({**_CALLS, **SDK_CALLS})

    def start(self) -> None:
        os.environ["LOGFIRE_IGNORE_NO_CONFIG"] = "1"
        logfire: Any = importlib.import_module("logfire")
        processors = list(_make_provider(self.seen)._active_span_processor._span_processors)
        logfire.configure(send_to_logfire=False, console=False, additional_span_processors=processors)
        logfire.instrument_httpx()
        logfire.instrument_requests()
        logfire.instrument_aiohttp_client()
        logfire.instrument_openai()
        logfire.instrument_anthropic()


class Langfuse(Tracer):
    module = "langfuse"
    calls = SDK_CALLS

    def start(self) -> None:
        langfuse: Any = importlib.import_module("langfuse")
        provider = _make_provider(self.seen)
        langfuse.Langfuse(
            public_key="p", secret_key="s", host="http://127.0.0.1:9", tracer_provider=provider, timeout=1
        )
        importlib.import_module("langfuse.openai")


_OTEL = "opentelemetry.instrumentation"
TRACERS: dict[str, type[Tracer]] = {
    "ddtrace": Ddtrace,
    "ddtrace-run": DdtraceRun,
    "elastic": Elastic,
    "xray": XRay,
    "sentry": Sentry,
    "newrelic": NewRelic,
    "logfire": Logfire,
    "langfuse": Langfuse,
    "opentelemetry": _opentelemetry(
        _CALLS,
        prefix=_OTEL,
        httpx="HTTPXClientInstrumentor",
        requests="RequestsInstrumentor",
        aiohttp_client="AioHttpClientInstrumentor",
        botocore="BotocoreInstrumentor",
        urllib3="URLLib3Instrumentor",
        threading="ThreadingInstrumentor",
        grpc="GrpcInstrumentorClient GrpcAioInstrumentorClient",
    ),
    "openinference": _opentelemetry(
        SDK_CALLS,
        prefix="openinference.instrumentation",
        openai="OpenAIInstrumentor",
        anthropic="AnthropicInstrumentor",
        google_genai="GoogleGenAIInstrumentor",
    ),
    "openllmetry": _opentelemetry(
        SDK_CALLS,
        prefix=_OTEL,
        openai="OpenAIInstrumentor",
        anthropic="AnthropicInstrumentor",
        google_generativeai="GoogleGenerativeAiInstrumentor",
    ),
}
