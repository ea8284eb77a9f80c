"""Google's Interactions API: one document or a stream, and what is known if it breaks off."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.google.interactions import (
    read_decision,
    read_interaction,
    read_interaction_text,
)
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse, Units
from tests.providers.shapes import DEEP, make_messages, objects_of, show

USAGE = {
    "total_input_tokens": 100,
    "total_output_tokens": 50,
    "total_thought_tokens": 20,
    "total_tokens": 170,
}
UNITS = {"text": (100, 50), "reasoning": (None, 20)}
CALL = {"type": "function_call", "id": "c-1", "name": "f", "arguments": {"a": 1}}
INTERACTION: dict[str, Any] = {
    "id": "v1_1",
    "model": "gemini-x",
    "object": "interaction",
    "status": "completed",
    "steps": [{"type": "model_output", "content": [{"type": "text", "text": "Hi"}]}],
    "usage": USAGE,
    "service_tier": "standard",
}
STARTED = {"id": "v1_1", "status": "in_progress", "model": "gemini-x"}
CREATED = {"event_type": "interaction.created", "interaction": STARTED}
COMPLETED = {
    "event_type": "interaction.completed",
    "interaction": {**{name: value for name, value in INTERACTION.items() if name != "steps"}},
}
DONE = b"[DONE]"


def read(*bodies: Any, read_to_end: bool = True, model: str | None = None) -> ParsedResponse:
    return read_interaction(RawResponse(make_messages(*bodies), read_to_end, requested_model=model))


def start(index: int, step: Any) -> dict[str, Any]:
    return {"event_type": "step.start", "index": index, "step": step}


def delta(index: Any, **more: Any) -> dict[str, Any]:
    return {"event_type": "step.delta", "index": index, "delta": more}


def test_an_interaction_in_one_document() -> None:
    assert read(INTERACTION) == ParsedResponse(
        model="gemini-x",
        resource="gemini-x",
        response_id="v1_1",
        units={"text": Units(input=100, output=50), "reasoning": Units(output=20)},
    )


def test_an_interaction_in_events_is_the_same() -> None:
    events = (CREATED, start(0, {"type": "model_output"}), delta(0, type="text", text="Hi"), COMPLETED, DONE)
    assert read(*events, read_to_end=False) == read(INTERACTION)


@pytest.mark.parametrize(
    "status", ["completed", "failed", "cancelled", "incomplete", "requires_action", "budget_exceeded"]
)
@pytest.mark.parametrize("streamed", [True, False])
def test_usage_counts_however_it_ended(status: str, streamed: bool) -> None:
    interaction = {**INTERACTION, "status": status}
    event = {"event_type": "interaction.completed", "interaction": interaction}
    parsed = read(*([CREATED, event] if streamed else [interaction]))
    assert show(parsed.units) == UNITS
    assert parsed.finished and not parsed.pending


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_document_that_is_not_done_is_to_be_fetched_again(status: str) -> None:
    parsed = read({**STARTED, "status": status})
    assert parsed.pending and not parsed.finished


def test_a_stream_that_was_cut_is_not() -> None:
    parsed = read(CREATED, read_to_end=False)
    assert not parsed.pending and not parsed.finished
    assert parsed.response_id == "v1_1"


def test_a_stream_that_was_cut_has_the_usage_so_far() -> None:
    stop = {"event_type": "step.stop", "index": 0, "usage": USAGE, "step_usage": {"total_input_tokens": 1}}
    update = {"event_type": "interaction.status_update", "interaction_id": "v1_2", "status": "in_progress"}
    parsed = read(update, stop, read_to_end=False)
    assert (parsed.response_id, parsed.finished) == ("v1_2", False)
    assert show(parsed.units) == UNITS


@pytest.mark.parametrize(
    ("more", "resource"),
    [
        ({"model": "models/gemini-y"}, "gemini-y"),
        ({"model": None, "agent": "deep-research-x"}, "deep-research-x"),
        ({"model": None}, None),
        ({"model": 3}, None),
    ],
    ids=repr,
)
def test_the_model_or_the_agent_is_what_is_priced(more: dict[str, Any], resource: str | None) -> None:
    assert read({**INTERACTION, **more}).resource == resource


def test_the_model_decides_the_price_of_a_long_prompt() -> None:
    usage = {"usage": {"total_input_tokens": 200_001}}
    expected = {"text_large_context": (200_001, None)}
    assert show(read({**INTERACTION, **usage, "model": "gemini-3-pro-preview"}).units) == expected
    assert show(read({"id": "v1_1", **usage}, model="gemini-2.5-pro").units) == expected


# --- function calls


def test_function_calls_of_a_document_keep_their_arguments_as_on_the_wire() -> None:
    document = (
        b'{"id":"v1_1","status":"requires_action","steps":[{"type":"thought"},{"type":"function_call",'
        b'"name":"f","arguments":{"a" : 1.0}},{"type":"function_call","name":"g"},'
        b'{"type":"function_call","name":""},{"type":"google_search_call","name":"x"}]}'
    )
    assert read(document).function_calls == (FunctionCall("f", '{"a" : 1.0}'), FunctionCall("g"))


def test_function_calls_of_a_stream_are_joined_from_their_deltas() -> None:
    parsed = read(
        CREATED,
        start(0, {"type": "thought"}),
        delta(0, type="thought_signature", signature="x"),
        start(1, {**CALL, "arguments": {}}),
        start(2, {**CALL, "name": "g"}),
        delta(1, type="arguments_delta", arguments='{"a"'),
        delta(2, type="arguments_delta", arguments=None),
        delta(1, type="arguments_delta", arguments=" : 1.0}"),
        delta(7, type="arguments_delta", arguments="lost"),
        delta("1", type="arguments_delta", arguments="lost"),
        {"event_type": "step.delta", "index": 1, "delta": "lost"},
        read_to_end=False,
    )
    assert parsed.function_calls == (FunctionCall("f", '{"a" : 1.0}'), FunctionCall("g", '{"a": 1}'))


def test_a_call_that_the_last_event_repeats_is_one() -> None:
    completed = {"event_type": "interaction.completed", "interaction": {**INTERACTION, "steps": [CALL]}}
    parsed = read(CREATED, start(0, {**CALL, "arguments": {}}), completed)
    assert parsed.function_calls == (FunctionCall("f", '{"a": 1}'),)


@pytest.mark.parametrize("steps", [None, 3, "x", [3], [None], {"type": "function_call"}], ids=repr)
def test_steps_that_are_none_do_not_hide_the_usage(steps: Any) -> None:
    parsed = read({**INTERACTION, "steps": steps}, {**delta(0, type="arguments_delta"), "step": steps})
    assert show(parsed.units) == UNITS
    assert parsed.function_calls == ()


# --- failures


@pytest.mark.parametrize(
    ("errors", "failure"),
    [
        ([{"code": "internal", "message": "m"}], Failure(None, "internal", "m")),
        ([None, {}, {"code": "second"}], Failure(code="second")),
        ([], Failure(code="failed")),
        (None, Failure(code="failed")),
        ("x", Failure(code="failed")),
    ],
    ids=repr,
)
def test_an_interaction_that_failed_says_why_and_keeps_its_units(errors: Any, failure: Failure) -> None:
    parsed = read({**INTERACTION, "status": "failed", "errors": errors})
    assert parsed.failure == failure
    assert show(parsed.units) == UNITS
    assert read({**INTERACTION, "errors": errors}).failure is None


def test_an_error_event_ends_a_stream() -> None:
    event = {"event_type": "error", "error": {"code": "gateway_timeout", "message": "m"}}
    parsed = read(CREATED, event, read_to_end=False)
    assert (parsed.failure, parsed.finished) == (Failure(None, "gateway_timeout", "m"), True)


# --- text


def test_the_text_of_a_stream_is_without_thoughts() -> None:
    messages = make_messages(
        CREATED,
        delta(0, type="thought_summary", content={"type": "text", "text": "Well"}),
        delta(1, type="text", text="Hel"),
        delta(1, type="text", text=3),
        delta(1, type="text", text="lo"),
        {"delta": 3},
        b"{",
    )
    assert read_interaction_text(messages) == "Hello"


# --- anything

NAMES = (
    *("id", "model", "agent", "status", "usage", "service_tier", "errors", "error", "steps", "step", "delta"),
    *("event_type", "interaction_id", "interaction", "index", "type", "name", "arguments", "text", "code"),
    *("total_input_tokens", "total_output_tokens", "function_call", "failed", "in_progress"),
)


@pytest.mark.parametrize("field", [*INTERACTION, "errors", "error", "index", "step", "delta", "event_type"])
@pytest.mark.parametrize("value", [None, True, 3, 0.5, "x", [], [1], {}, {"a": 1}], ids=repr)
def test_a_field_of_another_type_raises_nothing_and_hides_no_usage(field: str, value: Any) -> None:
    parsed = read({**INTERACTION, field: value})
    assert show(parsed.units) == ({} if field == "usage" else UNITS)
    for text in (parsed.model, parsed.response_id):
        assert text is None or isinstance(text, str)


@given(st.lists(objects_of(NAMES), max_size=4), st.booleans())
def test_any_json_raises_nothing(bodies: list[dict[str, Any]], read_to_end: bool) -> None:
    parsed = read(*bodies, read_to_end=read_to_end)
    assert all(isinstance(call.name, str) and call.name for call in parsed.function_calls)
    read_interaction_text(make_messages(*bodies))


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_any_bytes_raise_nothing(bodies: list[bytes]) -> None:
    read(*bodies)


@pytest.mark.parametrize("body", DEEP, ids=lambda body: repr(body[:20]))
def test_json_beyond_bounds_does_not_hide_what_comes_around_it(body: bytes) -> None:
    assert show(read(CREATED, body, COMPLETED).units) == UNITS


def test_a_step_that_is_not_utf_8_does_not_hide_the_usage() -> None:
    step = b'{"event_type":"step.start","index":0,"step":{"type":"function_call","name":"\xff"}}'
    steps = b'{"id":"v1_1","status":"in_progress","steps":[{"type":"function_call","name":"\xff"}]}'
    assert show(read(CREATED, step, steps, COMPLETED).units) == UNITS


def test_a_delta_has_the_usage_so_far_of_a_stream_that_is_left_early() -> None:
    early = {**delta(0, type="text", text="Hi"), "metadata": {"total_usage": USAGE}}
    parsed = read(CREATED, early, read_to_end=False)
    assert (show(parsed.units), parsed.finished) == (UNITS, False)


@pytest.mark.parametrize("metadata", [None, 7, {}, {"total_usage": None}, {"total_usage": [1]}])
def test_other_metadata_of_a_delta_changes_nothing(metadata: Any) -> None:
    later = {**delta(0, type="text", text="Hi"), "metadata": metadata}
    assert show(read(COMPLETED, later).units) == UNITS


def test_a_decision_is_a_document_with_the_usage_of_an_interaction() -> None:
    decision = RawResponse(make_messages({"answers": {}, "usage": USAGE}))
    assert (show(read_decision(decision).units), read_decision(decision).finished) == (UNITS, True)
