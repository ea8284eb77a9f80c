"""What the config of `payi_instrument()` sets: the outermost scope, and what of which calls is recorded."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from payi_transport import (
    MemorySink,
    payi_flush,
    payi_instrument,
    payi_stats,
    track,
    track_context,
)
from tests.support.calls import call


def test_the_context_fields_of_the_config_are_the_outermost_scope(sink: MemorySink) -> None:
    payi_instrument(
        sink=sink,
        config={
            "use_case_name": "bot",
            "use_case_id": "7",
            "use_case_version": 2,
            "user_id": "u",
            "account_name": "acme",
            "limit_ids": ["budget"],
            "request_tags": ["t"],
            "request_properties": {"env": "prod", "shard": 3},
            "use_case_properties": {"tier": "gold"},
        },
    )

    @track(limit_ids=["inner"], user_id="v")
    def work() -> None:
        call()

    work()
    assert payi_flush()
    [event] = sink.events
    assert (event.use_case_name, event.use_case_id, event.use_case_version) == ("bot", "7", 2)
    assert (event.user_id, event.account_name, event.limit_ids) == ("v", "acme", ("budget", "inner"))
    assert (event.request_tags, event.properties) == (("t",), {"env": "prod", "shard": "3"})
    assert event.use_case_properties == {"tier": "gold"}


def test_without_global_instrumentation_only_tracked_calls_are_recorded(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"global_instrumentation": False})
    call()
    with track_context(use_case_name="inside"):
        call()
    assert payi_flush()
    assert [event.use_case_name for event in sink.events] == ["inside"]
    assert payi_stats().captured == 1


@pytest.mark.parametrize(
    ("instruments", "count"), [(None, 1), ({"*"}, 1), ({"system.openai"}, 1), ({"system.anthropic"}, 0)]
)
def test_instruments_limit_what_is_observed(instruments: Any, count: int, sink: MemorySink) -> None:
    payi_instrument(sink=sink, instruments=instruments)
    call()
    assert payi_flush()
    assert len(sink.events) == count


def test_request_headers_that_the_config_names_are_recorded(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"capture": {"request_headers": ["X-Team"]}})
    call(headers={"x-team": "blue"})
    assert payi_flush()
    assert ("x-team", "blue") in [(h.name, h.value) for h in sink.events[0].provider_request_headers or ()]


@pytest.mark.parametrize(("said", "asks"), [("auto", False), (True, True), (False, False)])
@pytest.mark.parametrize(("mapped", "mapped_asks"), [(None, None), (True, True), (False, False)])
def test_include_usage_of_a_host_mapping_wins_over_that_of_the_config(
    said: Any, asks: bool, mapped: Any, mapped_asks: bool | None, sink: MemorySink
) -> None:
    bodies: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, content=b"{}")

    mapping: Any = {"price_as_category": "system.openai", "include_usage": mapped}
    payi_instrument(
        sink=sink,
        config={"host_mappings": {"llm.example.org": mapping}, "openai_config": {"include_usage": said}},
    )
    with httpx.Client(transport=httpx.MockTransport(handler)) as client:
        client.post("https://llm.example.org/v1/chat/completions", content=b'{"stream":true}')
    assert (b"include_usage" in bodies[0]) == (asks if mapped_asks is None else mapped_asks)
