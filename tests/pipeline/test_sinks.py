"""The sinks that the arguments ask for get every event, each under its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from payi_transport import (
    MemorySink,
    Payi,
    PayiConfigError,
    PayiError,
    payi_flush,
    payi_instrument,
    payi_shutdown,
    payi_stats,
)
from payi_transport.pipeline.active import get_active
from tests.support.calls import call
from tests.support.origin import CannedResponse, Origin


class NamedSink(MemorySink):
    """A sink with a name."""

    def __init__(self, name: Any) -> None:
        super().__init__()
        self.name = name


def names() -> list[str]:
    return list(payi_stats().sinks)


def test_events_go_to_each_of_a_list_of_sinks() -> None:
    sinks = [MemorySink(), MemorySink(), NamedSink("my file.json"), NamedSink(""), NamedSink("payi")]
    payi_instrument(sink=sinks)
    call()
    assert payi_flush()
    assert [len(sink.events) for sink in sinks] == [1] * 5
    assert names() == ["MemorySink", "MemorySink-2", "my_file_json", "NamedSink", "payi-2"]
    assert {stats.delivered for stats in payi_stats().sinks.values()} == {1}


def test_one_sink_has_a_name_too() -> None:
    payi_instrument(sink=MemorySink())
    call()
    assert payi_flush()
    [(name, stats)] = payi_stats().sinks.items()
    assert (name, stats.delivered) == ("MemorySink", payi_stats().delivered)


@pytest.mark.parametrize("mode", ["bulk", "single", "inline"])
def test_pay_i_and_a_file_and_a_sink_get_the_same_events(
    mode: Literal["bulk", "single", "inline"], ingest: Origin, tmp_path: Path
) -> None:
    file = tmp_path / "events.json"
    memory = MemorySink()
    payi_instrument(
        Payi(api_key="k", base_url=ingest.url),
        sink=["payi", memory],
        config={"offline_instrumentation": str(file), "delivery": {"mode": mode}},
    )
    for _ in range(3):
        call()
    assert payi_flush()
    stats = payi_stats()
    assert list(stats.sinks) == ["payi", "MemorySink", "offline_instrumentation"]
    assert {(sink.captured, sink.delivered, sink.queued) for sink in stats.sinks.values()} == {(3, 3, 0)}
    assert (stats.captured, stats.delivered) == (3, 3)
    written = [event["provider_response_id"] for event in json.loads(file.read_text())]
    assert written == [event.provider_response_id for event in memory.events]
    assert len(ingest.received) == (1 if mode == "bulk" else 3)


def test_the_config_names_sinks_as_well(ingest: Origin, tmp_path: Path) -> None:
    payi_instrument(
        Payi(api_key="k", base_url=ingest.url),
        config={"sinks": ["offline_instrumentation", "payi"], "offline_instrumentation": str(tmp_path / "e")},
    )
    assert names() == ["payi", "offline_instrumentation"]


def test_inline_delivery_without_pay_i_uses_the_first_sink() -> None:
    first, second = MemorySink(), MemorySink()
    payi_instrument(sink=[first, second], config={"delivery": {"mode": "inline"}})
    call()
    assert len(first.events) == 1
    assert payi_flush()
    assert first.events == second.events


def test_pay_i_among_the_sinks_needs_a_key() -> None:
    with pytest.raises(PayiError, match="No Pay-i API key"):
        payi_instrument(sink=["payi", MemorySink()])


@pytest.mark.parametrize("sink", [MemorySink(), "payi"])
def test_the_same_sink_twice_is_an_error(sink: Any) -> None:
    with pytest.raises(PayiConfigError) as wrong:
        payi_instrument(sink=[sink, sink])
    name = sink if isinstance(sink, str) else "MemorySink"
    assert str(wrong.value) == f"sink: expected different sinks, got the same {name} twice"
    assert get_active() is None


def test_each_sink_has_a_spool_of_its_own(ingest: Origin, tmp_path: Path) -> None:
    ingest.responses = [CannedResponse(status=503)]
    memory = MemorySink()
    payi_instrument(
        Payi(api_key="k", base_url=ingest.url),
        sink=["payi", memory],
        config={"delivery": {"spool_directory": str(tmp_path / "spool")}},
    )
    call()
    assert not payi_shutdown(1.0)
    stats = payi_stats().sinks
    assert (stats["payi"].spooled, stats["MemorySink"].delivered) == (1, 1)
    assert [path.name for path in (tmp_path / "spool" / "MemorySink").iterdir()] == []


def test_a_problem_of_one_of_several_sinks_is_logged_with_its_name(
    ingest: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    ingest.responses = [CannedResponse(status=503)]
    payi_instrument(Payi(api_key="k", base_url=ingest.url), sink=["payi", MemorySink()])
    call()
    assert not payi_flush(0.5)
    assert "payi_transport: payi: " in caplog.text
