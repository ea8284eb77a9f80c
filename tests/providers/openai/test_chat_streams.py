"""Chat completions of hosts with ways of their own: where the usage is, and where a failure is."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.openai.media import read_embeddings, read_images
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure
from tests.providers.completions import COMPLETION, chunk, read
from tests.providers.shapes import Shown, make_messages, show

USED = {"prompt_tokens": 19, "completion_tokens": 21, "total_tokens": 40}
ZEROS = dict.fromkeys(USED, 0)
TEXT: Shown = {"text": (19, 21)}


def of_choice(usage: Any, index: int = 0) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": {}, "finish_reason": "stop", "usage": usage}]}


STREAMS: dict[str, tuple[list[Any], Shown]] = {
    # https://platform.moonshot.ai/docs/api/chat
    "Moonshot": ([chunk({"content": "a"}), of_choice(USED)], TEXT),
    "Moonshot, with what was cached": (
        [of_choice({**USED, "cached_tokens": 3})],
        {"text": (16, 21), "text_cache_read": (3, None)},
    ),
    "of each choice": (
        [of_choice(USED), of_choice({**USED, "completion_tokens": 4, "total_tokens": 23}, 1)],
        {"text": (19, 25)},
    ),
    "of a choice, again": ([of_choice({**USED, "completion_tokens": 4}), of_choice(USED)], TEXT),
    "in a delta": ([chunk({"content": "a", "usage": USED}, "stop")], TEXT),
    "of a choice and of all": ([of_choice({"prompt_tokens": 1}), chunk(usage=USED)], TEXT),
    "of a choice, of another type": ([of_choice([1]), of_choice("x")], {}),
    "zeros at the end": ([chunk(finish="stop", usage=USED), chunk(usage=ZEROS)], TEXT),
    # It may be none, as Google leaves out zeros.
    "no prompt at the end": (
        [chunk(usage=USED), chunk(usage={"completion_tokens": 22})],
        {"text": (None, 22)},
    ),
    "zeros at the start": ([chunk(usage=ZEROS), chunk(finish="stop", usage=USED)], TEXT),
    "nulls at the end": ([chunk(usage=USED), chunk(usage=dict.fromkeys(USED))], TEXT),
    "zeros at the end of a choice": ([of_choice(USED), of_choice(ZEROS)], TEXT),
    "nothing but zeros": ([chunk(usage=ZEROS)], {"text": (0, 0)}),
}


@pytest.mark.parametrize(("chunks", "units"), STREAMS.values(), ids=STREAMS)
def test_the_fullest_usage_counts_wherever_it_is(chunks: list[Any], units: Shown) -> None:
    assert show(read(*chunks, b"[DONE]").units) == units


ERROR = {"code": 502, "message": "Upstream idle timeout"}
FAILED = Failure(None, "502", "Upstream idle timeout")
MINIMAX = {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}
FASTCHAT = {"object": "error", "message": "too long", "code": 40303}
FAILURES: dict[str, tuple[Any, Failure | None]] = {
    # genkit-ai/genkit#6079
    "OpenRouter": ({"choices": [{"finish_reason": "error", "error": ERROR}]}, FAILED),
    "a choice without a reason": ({"choices": [{"error": ERROR, "delta": {}}]}, FAILED),
    "the reason alone": ({"choices": [{"finish_reason": "error"}]}, Failure(code="error")),
    "the error beside its reason": ({"error": ERROR, "choices": [{"finish_reason": "error"}]}, FAILED),
    "another choice than the first": (
        {"choices": [{"finish_reason": "stop"}, {"finish_reason": "error", "error": "x"}]},
        Failure(message="x"),
    ),
    "FastChat": (FASTCHAT, Failure(None, "40303", "too long")),
    "an earlier vLLM": (
        {"object": "error", "message": "too long", "type": "BadRequestError", "param": None, "code": 400},
        Failure("BadRequestError", "400", "too long"),
    ),
    "an error without a word": ({"object": "error"}, Failure()),
    "MiniMax": (MINIMAX, Failure(None, "1008", "insufficient balance")),
    "MiniMax, as text": ({"base_resp": {"status_code": "1008"}}, Failure(None, "1008")),
    "MiniMax, all well": ({"base_resp": {"status_code": 0, "status_msg": ""}}, None),
    "MiniMax, nothing": ({"base_resp": {}}, None),
    "MiniMax, another type": ({"base_resp": [{"status_code": 1}]}, None),
    "a status of another type": ({"base_resp": {"status_code": [1]}}, None),
    "no error": ({"choices": [{"finish_reason": "length", "error": None}], "object": "x"}, None),
}


@pytest.mark.parametrize(("body", "failure"), FAILURES.values(), ids=FAILURES)
def test_a_failure_counts_wherever_it_is(body: dict[str, Any], failure: Failure | None) -> None:
    assert read(body).failure == failure
    assert read(chunk({"content": "a"}, usage=USED), body).failure == failure
    assert show(read(chunk({"content": "a"}, usage=USED), body).units) == TEXT
    if failure:
        assert read(body, read_to_end=False).finished


@pytest.mark.parametrize("reader", [read_embeddings, read_images, read_response])
@pytest.mark.parametrize("body", [FASTCHAT, MINIMAX], ids=["FastChat", "MiniMax"])
def test_other_apis_report_failures_there_too(reader: Any, body: dict[str, Any]) -> None:
    parsed = reader(RawResponse(make_messages(body)))
    assert (parsed.failure.code in ("40303", "1008"), parsed.units, parsed.finished) == (True, {}, True)


def test_zeros_at_the_end_take_nothing_back_from_other_apis() -> None:
    used, zeros = {"input_tokens": 9, "output_tokens": 3}, {"input_tokens": 0, "output_tokens": 0}
    snapshots = [
        {"type": "response.completed", "response": {"id": "r", "status": "completed", "usage": usage}}
        for usage in (used, zeros)
    ]
    assert show(read_response(RawResponse(make_messages(*snapshots))).units) == {"text": (9, 3)}
    images = [{"type": "image_generation.completed", "usage": usage} for usage in (used, zeros)]
    assert show(read_images(RawResponse(make_messages(*images))).units) == {
        "text": (9, None),
        "image": (None, 3),
    }


def test_a_whole_completion_has_no_failure() -> None:
    assert read(COMPLETION).failure is None
