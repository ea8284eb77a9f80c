"""The real Agents SDK: the step of each call is its agent, over handoffs, agents as tools, and streams."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from payi_transport import MemorySink, get_context, payi_flush, payi_instrument, track_context
from tests.support.origin import CannedResponse, Origin

openai = pytest.importorskip("openai")
agents: Any = pytest.importorskip("agents")

from payi_transport.contrib import openai_agents as contrib  # noqa: E402 (it needs the SDK)


def respond(number: int, tool: str = "", arguments: str = "{}") -> CannedResponse:
    message: dict[str, Any] = {"role": "assistant", "content": None if tool else "done"}
    if tool:
        function = {"name": tool, "arguments": arguments}
        message["tool_calls"] = [{"id": f"call-{number}", "type": "function", "function": function}]
    body = {
        "id": f"c{number}",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4.1",
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if tool else "stop"},
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return CannedResponse([json.dumps(body).encode()])


def stream() -> CannedResponse:
    chunk = {
        "id": "s1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4.1",
        "choices": [{"index": 0, "delta": {"content": "done"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
    return CannedResponse([body], headers={"content-type": "text/event-stream"})


@pytest.fixture(autouse=True)
def tracing() -> Iterator[None]:
    """Trace without sending anything, with a processor that no other test shares."""
    agents.set_tracing_disabled(False)
    agents.set_trace_processors([contrib.AgentStepProcessor()])
    yield
    agents.set_trace_processors([])
    agents.set_tracing_disabled(True)


@pytest.fixture
def provider(origin: Origin, sink: MemorySink) -> Iterator[Origin]:
    mapping: Any = {origin.url: {"price_as_category": "system.openai"}}
    payi_instrument(sink=sink, config={"use_case_name": "app", "host_mappings": mapping})
    yield origin


def use_agents(provider: Origin, use: Callable[[Callable[..., Any]], Awaitable[None]]) -> None:
    """Run `use` with a function that makes agents, and close their client."""

    async def main() -> None:
        async with openai.AsyncOpenAI(api_key="k", base_url=f"{provider.url}/v1", max_retries=0) as client:
            model = agents.OpenAIChatCompletionsModel("gpt-4.1", client)
            await use(lambda name, **options: agents.Agent(name=name, model=model, **options))

    asyncio.run(main())


def list_steps(sink: MemorySink) -> list[tuple[str | None, str | None, str | None]]:
    assert payi_flush(30)
    return [(event.provider_response_id, event.use_case_step, event.user_id) for event in sink.events]


def test_each_call_has_the_agent_that_makes_it_as_its_step(provider: Origin, sink: MemorySink) -> None:
    provider.responses = [
        respond(1, "transfer_to_billing"),
        respond(2, "research", '{"input": "x"}'),
        respond(3),
        respond(4),
    ]

    async def run(make: Callable[..., Any]) -> None:
        researcher = make("Researcher").as_tool("research", "Find out.")
        billing = make("Billing", tools=[researcher])
        triage = make("Triage", handoffs=[billing])
        with track_context(user_id="alice"):
            await agents.Runner.run(triage, "Hi")
            assert "use_case_step" not in get_context()

    use_agents(provider, run)
    assert list_steps(sink) == [
        ("c1", "Triage", "alice"),
        ("c2", "Billing", "alice"),
        ("c3", "Researcher", "alice"),
        ("c4", "Billing", "alice"),
    ]


def test_a_run_that_streams_has_its_step_too(provider: Origin, sink: MemorySink) -> None:
    provider.responses = [stream()]

    async def run(make: Callable[..., Any]) -> None:
        result = agents.Runner.run_streamed(make("Writer"), "Hi")
        async for _ in result.stream_events():
            pass

    use_agents(provider, run)
    assert list_steps(sink) == [("s1", "Writer", None)]


def test_runs_side_by_side_keep_their_agents_apart(provider: Origin, sink: MemorySink) -> None:
    provider.responses = [respond(1)]

    async def run(make: Callable[..., Any]) -> None:
        runs = (agents.Runner.run(make(f"agent-{n}"), "Hi") for n in range(8))
        await asyncio.gather(*runs)

    use_agents(provider, run)
    assert sorted(str(step) for _, step, _ in list_steps(sink)) == [f"agent-{n}" for n in range(8)]


def test_a_run_that_fails_leaves_its_agents_scope(provider: Origin, sink: MemorySink) -> None:
    provider.responses = [CannedResponse([b"{}"], status=400)]

    async def run(make: Callable[..., Any]) -> None:
        with pytest.raises(openai.BadRequestError):
            await agents.Runner.run(make("Writer"), "Hi")
        assert "use_case_step" not in get_context()

    use_agents(provider, run)
    assert [step for _, step, _ in list_steps(sink)] == ["Writer"]


def test_a_turn_that_never_ends_goes_with_its_trace(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    processor = contrib.AgentStepProcessor()
    agents.set_trace_processors([processor])

    def open_trace() -> None:
        with agents.trace("run"):
            agents.agent_span("Writer").start()
            with agents.custom_span("other"):
                assert get_context()["use_case_step"] == "Writer"

    open_trace()
    assert "use_case_step" not in get_context()
    assert processor._entered == {}
    processor.force_flush()
    processor.shutdown()


def test_installing_twice_adds_one_processor_and_no_tracing_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, provider: Origin, sink: MemorySink
) -> None:
    monkeypatch.setattr(contrib, "_installed", False)
    agents.set_trace_processors([])
    contrib.install()
    contrib.install()
    provider.responses = [respond(1)]
    use_agents(provider, lambda make: agents.Runner.run(make("Writer"), "Hi"))
    assert list_steps(sink) == [("c1", "Writer", None)]
    assert not caplog.records
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")
    with caplog.at_level(logging.WARNING):
        contrib.install()
    assert "OPENAI_AGENTS_DISABLE_TRACING is set" in caplog.text


@pytest.mark.parametrize(
    ("value", "warns"),
    [("1", True), ("true", True), ("TRUE", True), ("0", False), ("", False), ("yes", False)],
)
def test_tracing_that_is_off_is_a_warning_that_says_what_to_do(
    value: str, warns: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(contrib, "_installed", True)
    monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", value)
    with caplog.at_level(logging.WARNING, "payi.instrument"):
        contrib.install()
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: OPENAI_AGENTS_DISABLE_TRACING is set, so the calls of agents have no use_case_step;"
        " unset it, or set the step with create_headers() in each agent's model_settings"
    ] * warns


def test_turns_that_were_not_ended_are_left_from_the_inside_out(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    processor = contrib.AgentStepProcessor()
    with track_context(use_case_step="before"):
        for number in (1, 2):
            data = agents.AgentSpanData(name=f"agent-{number}")
            processor.on_span_start(SimpleNamespace(span_data=data, trace_id="t", span_id=str(number)))
        assert get_context()["use_case_step"] == "agent-2"
        processor.on_trace_end(SimpleNamespace(trace_id="t"))
        assert get_context()["use_case_step"] == "before"
        processor.on_trace_end(SimpleNamespace(trace_id="unknown"))
        processor.on_span_end(SimpleNamespace(trace_id="t", span_id="1"))
        assert get_context()["use_case_step"] == "before"
