"""The sinks that the arguments ask for get every event, each under its name."""

from __future__ import annotations

import json
import logging
import os
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
from payi_transport.client.account import PayiAccount
from payi_transport.config.schema import DeliverySettings, Settings
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.parts import Sinks
from payi_transport.pipeline.sinks import MissingKeyError, make_sinks, prepare_spool
from payi_transport.values.file_counts import FileCounts
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


def make(settings: Settings, key: str = "k", url: str = "https://payi.test", sink: Any = None) -> Sinks:
    return make_sinks(settings, PayiAccount(url, key), logging.getLogger("tests"), sink)


@pytest.mark.parametrize(("mode", "single"), [("bulk", False), ("single", True), ("inline", True)])
def test_pay_i_gets_batches_as_configured(mode: Literal["bulk", "single", "inline"], single: bool) -> None:
    sinks = make(Settings(delivery=DeliverySettings(mode=mode, max_batch=7)))
    payi: Any = sinks.workers["payi"]
    assert (payi.batch_limit, payi._single) == (7, single)
    inline: Any = sinks.inline
    assert (inline is not None) is (mode == "inline")
    assert inline is None or (inline._single, inline._seconds) == (True, 10.0)


def test_without_a_key_it_is_said_what_to_do() -> None:
    with pytest.raises(MissingKeyError) as missing:
        make(Settings(), key="")
    assert str(missing.value) == (
        "No Pay-i API key, so events can't be delivered: set the environment variable PAYI_API_KEY, pass"
        " payi=, or write events to a file with config={'offline_instrumentation': {}}. To run without"
        " reporting, set PAYI_TRANSPORT_DISABLED=1, or pass config={'required': False}"
    )


def test_an_address_without_encryption_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    make(Settings(), url="http://payi.test")
    assert [record.getMessage() for record in caplog.records] == [
        "payi_transport: the address of Pay-i (PAYI_BASE_URL) is not https, so your API key and events are"
        " sent unencrypted; use an https address"
    ]


class TellingSink(MemorySink):
    """A sink that counts, and whose events live in memory."""

    spools = False
    batch_limit = 3  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.written: list[FileCounts] = []
        self.forks = self.closes = 0

    def write_counts(self, counts: FileCounts) -> None:
        self.written.append(counts)

    def fork(self) -> None:
        self.forks += 1

    def close(self) -> None:
        self.closes += 1


def test_a_sink_that_callers_and_the_worker_share_is_all_that_it_was() -> None:
    sink = TellingSink()
    sinks = make(Settings(delivery=DeliverySettings(mode="inline")), sink=sink)
    shared: Any = sinks.inline
    assert sinks.workers == {"TellingSink": shared}
    assert (shared.batch_limit, shared.spools) == (3, False)
    shared.write_counts(FileCounts(lost={"full": 1}))
    sinks.fork(never)
    shared.close()
    assert (sink.written, sink.forks, sink.closes) == ([FileCounts(lost={"full": 1})], 1, 1)
    plain: Any = make(Settings(delivery=DeliverySettings(mode="inline")), sink=MemorySink()).inline
    assert (plain.spools, plain.write_counts) == (True, None)


def never(exc: BaseException) -> None:
    raise exc


def test_a_spool_is_this_users_alone_and_has_a_folder_for_each_other_sink(tmp_path: Path) -> None:
    root = tmp_path / "a" / "spool"
    settings = Settings(delivery=DeliverySettings(spool_directory=str(root)))
    make(settings, sink=["payi", MemorySink(), NamedSink("a b")])
    assert sorted(path.name for path in root.iterdir()) == ["MemorySink", "a_b"]
    assert {path.stat().st_mode & 0o777 for path in (root, *root.iterdir())} == {0o700}
    # What is there already is used.
    make(settings, sink=["payi", MemorySink(), NamedSink("a b")])


@pytest.mark.parametrize("count", [1, 2])
def test_a_folder_for_each_sink_is_made_only_for_several(count: int, tmp_path: Path) -> None:
    settings = Settings(delivery=DeliverySettings(spool_directory=str(tmp_path)))
    make(settings, sink=[MemorySink() for _ in range(count)])
    assert len([*tmp_path.iterdir()]) == (0 if count == 1 else 2)


def test_a_path_that_no_file_system_has_is_refused() -> None:
    # Each version of Python says it in its own words.
    with pytest.raises(ValueError, match="embedded null") as said:
        os.mkdir("a\0b")
    with pytest.raises(PayiConfigError) as wrong:
        prepare_spool("a\0b")
    assert str(wrong.value) == f"config.delivery.spool_directory: can't write to 'a\\x00b': {said.value}"


def test_what_is_no_sink_is_refused_wherever_it_is() -> None:
    other: Any = object()
    for sink in (other, [MemorySink(), other]):
        with pytest.raises(PayiConfigError, match=r"^sink: a object has no deliver, fork, close"):
            make(Settings(), sink=sink)


def test_the_sink_that_makes_spans_is_known() -> None:
    class Spans(MemorySink):
        def trace_call(self, exchange: object, event: object) -> object:
            return event

    spans: Any = Spans()
    assert make(Settings(), sink=[MemorySink(), spans]).tracing is spans
    inline = Settings(delivery=DeliverySettings(mode="inline"))
    assert make(inline, sink=[MemorySink(), spans]).tracing is spans
    assert make(Settings(), sink=MemorySink()).tracing is None


def test_names_count_up_from_2() -> None:
    sinks = [MemorySink() for _ in range(3)]
    assert [*make(Settings(), sink=sinks).workers] == ["MemorySink", "MemorySink-2", "MemorySink-3"]
