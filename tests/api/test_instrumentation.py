"""What one call of `payi_instrument()` sets up is built and checked without changing anything."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from payi_transport import MemorySink, PayiConfigError, PayiError, payi_flush, payi_instrument
from payi_transport.api.arguments import InstrumentArguments
from payi_transport.api.instrumentation import CONCERNS_OTHERS, build, build_for_test
from payi_transport.config.schema import Settings
from payi_transport.context.frame import event_fields
from payi_transport.pipeline.active import get_active
from tests.support.calls import call

LOGGER = logging.getLogger("tests")


def test_what_is_built_is_not_active_yet(sink: MemorySink) -> None:
    hook = httpx.Client._send_single_request
    built = build(InstrumentArguments(sink=sink, config={"user_id": "u"}), LOGGER, "mine")
    assert built is not None
    assert not built.provisional
    assert event_fields(built.base_frame)["use_case_name"] == "mine"
    assert event_fields(built.base_frame)["user_id"] == "u"
    assert built.config == {"user_id": "u"}
    assert get_active() is None
    assert httpx.Client._send_single_request is hook
    assert built.pipeline.close(5)


def test_a_missing_key_raises_unless_the_config_allows_it() -> None:
    with pytest.raises(PayiError, match="PAYI_API_KEY"):
        build(InstrumentArguments(), LOGGER, "mine")
    assert build(InstrumentArguments(config={"required": False}), LOGGER, "mine") is None


@pytest.mark.parametrize(
    ("argument", "config", "recorded"),
    [
        (True, {}, True),
        (True, {"log_prompt_and_response": False}, False),
        (False, {"log_prompt_and_response": True}, False),
    ],
)
def test_content_is_off_if_the_argument_or_the_config_says_so(
    argument: bool, config: Any, recorded: bool, sink: MemorySink
) -> None:
    payi_instrument(sink=sink, config=config, log_prompt_and_response=argument)
    call()
    assert payi_flush()
    assert (sink.events[0].provider_request_json is not None) is recorded


def test_a_test_keeps_what_concerns_recording_and_nothing_that_reaches_others(
    sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[Any] = []
    config: Any = {
        "use_case_name": "kept",
        "enforce_limits": True,
        "on_limit": refused.append,
        "delivery": {"mode": "inline", "spool_directory": "/nowhere/at/all"},
        "sinks": ["payi"],
    }
    built = build_for_test(sink, config, LOGGER, "mine")
    assert built.config == {"use_case_name": "kept"}
    assert built.pipeline.close(5)


def test_a_test_is_told_of_a_config_that_cannot_be_used(sink: MemorySink) -> None:
    with pytest.raises(PayiConfigError, match="'usr_id'"):
        build_for_test(sink, {"usr_id": "u"}, LOGGER, "mine")  # type: ignore[arg-type]


def test_every_key_that_concerns_others_is_a_key_of_the_config() -> None:
    assert set(Settings.__struct_fields__) >= CONCERNS_OTHERS


def test_what_is_active_shows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", "payi-secret-key")
    built = build(InstrumentArguments(), LOGGER, "mine")
    assert built is not None
    assert "payi-secret-key" not in repr(built)
    assert built.pipeline.close(5)


@pytest.mark.parametrize("children", [True, False])
def test_children_start_alike_unless_they_are_left_alone(children: bool, sink: MemorySink) -> None:
    arguments = InstrumentArguments(sink=sink, children=children, config={"user_id": "u"})
    built = build(arguments, LOGGER, "mine")
    assert built is not None
    start = built.child_start
    assert (start is not None) is children
    assert start is None or (start.use_case_name, start.arguments.config) == ("mine", {"user_id": "u"})
    assert built.pipeline.close(5)


def test_what_concerns_others_is_known_by_name() -> None:
    assert {
        *("budgets", "delivery", "enforce_limits", "on_limit", "proxy", "sinks"),
        *("offline_instrumentation", "otel", "nats", "bucket"),
    } <= CONCERNS_OTHERS


def test_the_argument_takes_the_place_of_the_instruments_of_the_config(sink: MemorySink) -> None:
    payi_instrument(sink=sink, instruments={"system.anthropic"}, config={"instruments": ["system.openai"]})
    call()
    assert payi_flush()
    assert sink.events == []
