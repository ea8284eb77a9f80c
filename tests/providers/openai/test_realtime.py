"""A response of the Realtime API becomes units by modality, and a transcription those of its own model."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.openai.realtime import TRANSCRIBED, TRANSCRIPTION_FAILED, read_realtime
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse
from tests.providers.shapes import make_messages

USAGE = {
    "total_tokens": 253,
    "input_tokens": 132,
    "output_tokens": 121,
    "input_token_details": {
        "text_tokens": 69,
        "audio_tokens": 43,
        "image_tokens": 20,
        "cached_tokens": 64,
        "cached_tokens_details": {"text_tokens": 40, "audio_tokens": 14, "image_tokens": 10},
    },
    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
}
RESPONSE = {
    "id": "resp_1",
    "object": "realtime.response",
    "status": "completed",
    "output": [],
    "usage": USAGE,
}


def read(*events: Any) -> ParsedResponse:
    return read_realtime(RawResponse(make_messages(*events)))


def done(**fields: Any) -> dict[str, Any]:
    return {"type": "response.done", "event_id": "e", "response": {**RESPONSE, **fields}}


def units_of(response: ParsedResponse) -> dict[str, tuple[int | None, int | None]]:
    return {name: (unit.input, unit.output) for name, unit in response.units.items()}


def test_each_modality_has_its_cached_part() -> None:
    response = read(done())
    assert units_of(response) == {
        "text": (29, 30),
        "text_cache_read": (40, None),
        "audio": (29, 91),
        "audio_cache_read": (14, None),
        "vision": (10, None),
        "vision_cache_read": (10, None),
    }
    assert sum(unit.input or 0 for unit in response.units.values()) == 132
    assert (response.response_id, response.finished, response.properties) == ("resp_1", True, {})


def test_a_response_may_name_its_model_and_what_it_cost() -> None:
    response = read(done(model="gpt-realtime", usage={**USAGE, "cost": 0.5}))
    assert (response.model, response.properties) == ("gpt-realtime", {"provider.cost": "0.5"})


def test_cached_tokens_without_modalities_are_text() -> None:
    details = {"text_tokens": 100, "audio_tokens": 32, "cached_tokens": 64}
    usage = {"input_tokens": 132, "output_tokens": 5, "input_token_details": details}
    assert units_of(read(done(usage=usage))) == {
        "text": (36, 5),
        "text_cache_read": (64, None),
        "audio": (32, None),
    }


@pytest.mark.parametrize("usage", [None, {}, [], "x", {"input_tokens": "7.5"}, {"input_tokens": None}])
def test_a_usage_that_is_not_one_makes_no_units(usage: Any) -> None:
    response = read(done(usage=usage))
    assert (units_of(response), response.finished) == ({}, True)


def test_a_response_that_was_cancelled_before_it_began_is_not_whole() -> None:
    assert not read(done(status="cancelled", usage=None)).finished
    assert read(done(status="cancelled")).finished


def test_a_response_without_its_end_is_not_whole() -> None:
    created = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}
    response = read(created, "no JSON object", {"type": "response.output_text.delta", "delta": "Hi"})
    assert (response.finished, response.response_id, units_of(response)) == (False, "resp_1", {})


@pytest.mark.parametrize(
    ("details", "failure"),
    [
        ({"type": "failed", "error": {"type": "server_error", "code": "c"}}, Failure("server_error", "c")),
        ({}, Failure(code="failed")),
        (None, Failure(code="failed")),
    ],
)
def test_a_failed_response_says_why(details: Any, failure: Failure) -> None:
    assert read(done(status="failed", status_details=details)).failure == failure


@pytest.mark.parametrize(
    ("error", "failure"),
    [({"type": "t", "code": "c", "message": "m"}, Failure("t", "c", "m")), (None, Failure(code="error"))],
)
def test_an_error_is_a_failure(error: Any, failure: Failure) -> None:
    response = read({"type": "error", "error": error})
    assert (response.failure, response.finished) == (failure, True)


def test_function_calls_are_read() -> None:
    call = {"type": "function_call", "name": "f", "arguments": '{"a": 1}'}
    assert read(done(output=[call])).function_calls == (FunctionCall("f", '{"a": 1}'),)
    assert read(done(output="x")).function_calls == ()


@pytest.mark.parametrize(
    ("usage", "units"),
    [
        (
            {
                "type": "tokens",
                "total_tokens": 48,
                "input_tokens": 38,
                "output_tokens": 10,
                "input_token_details": {"text_tokens": 10, "audio_tokens": 28},
            },
            {"audio": (28, None), "text": (10, 10)},
        ),
        ({"type": "duration", "seconds": 3.6}, {"audio": (4, None)}),
        (None, {}),
    ],
)
def test_a_transcription_has_its_own_usage(usage: Any, units: dict[str, Any]) -> None:
    response = read({"type": TRANSCRIBED, "item_id": "item_1", "event_id": "e", "usage": usage})
    assert (units_of(response), response.response_id, response.failure) == (units, "item_1", None)


@pytest.mark.parametrize("response", [5, [], None, {"id": None}])
def test_an_odd_response_beside_a_transcription_does_not_hide_its_usage(response: Any) -> None:
    usage = {"type": "duration", "seconds": 3}
    read_ = read({"type": TRANSCRIBED, "item_id": "i", "usage": usage, "response": response})
    assert units_of(read_) == {"audio": (3, None)}


def test_a_failed_transcription_is_a_failure() -> None:
    assert read({"type": TRANSCRIPTION_FAILED, "event_id": "e"}).failure == Failure(code="failed")
    failed = read({"type": TRANSCRIPTION_FAILED, "event_id": "e", "error": {"code": "audio_unintelligible"}})
    assert (failed.failure, failed.response_id) == (Failure(code="audio_unintelligible"), "e")
