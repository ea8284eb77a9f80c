"""Video and documents in an OpenAI-shaped usage, and details that no unit has."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.providers.openai.usage import find_extras, map_usage
from tests.providers.completions import COMPLETION, read, usage_of
from tests.providers.shapes import Shown, show

USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "video in": (usage_of(prompt_details={"video_tokens": 30}), {"text": (70, 50), "video": (30, None)}),
    "documents in are vision": (
        usage_of(prompt_details={"file_tokens": 30}),
        {"text": (70, 50), "vision": (30, None)},
    ),
    "documents beside images": (
        usage_of(prompt_details={"file_tokens": 30, "image_tokens": 20}),
        {"text": (50, 50), "vision": (50, None)},
    ),
    "documents beside images that are told flat": (
        {**usage_of(prompt_details={"file_tokens": 30}), "prompt_image_tokens": 20},
        {"text": (50, 50), "vision": (50, None)},
    ),
    "video and documents": (
        usage_of(prompt_details={"cached_tokens": 0, "video_tokens": 60, "file_tokens": 30}),
        {"text": (10, 50), "video": (60, None), "vision": (30, None)},
    ),
    "video out": (
        usage_of(completion_details={"video_tokens": 20}),
        {"text": (100, 30), "video": (None, 20)},
    ),
    "documents out are no unit": (usage_of(completion_details={"file_tokens": 20}), {"text": (100, 50)}),
    "cached video": (
        usage_of(
            prompt_details={
                "video_tokens": 60,
                "cached_tokens": 50,
                "cached_tokens_details": {"video_tokens": 40, "text_tokens": 10},
            }
        ),
        {
            "text": (30, 50),
            "text_cache_read": (10, None),
            "video": (20, None),
            "video_cache_read": (40, None),
        },
    ),
    "video over the prompt": (
        usage_of(prompt_details={"video_tokens": 500}),
        {"text": (0, 50), "video": (100, None)},
    ),
    "of other types": (
        usage_of(
            prompt_details={"video_tokens": "x", "file_tokens": [3]}, completion_details={"video_tokens": {}}
        ),
        {"text": (100, 50)},
    ),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_video_and_documents_are_units_of_their_own(usage: dict[str, Any], units: Shown) -> None:
    assert show(map_usage(usage)) == units


COUNTED = {
    "prompt_tokens_details": ["cached_tokens", "audio_tokens", "image_tokens", "video_tokens", "file_tokens"],
    "completion_tokens_details": ["reasoning_tokens", "audio_tokens", "accepted_prediction_tokens"],
}


@pytest.mark.parametrize(
    ("details", "extras"),
    [
        ({name: dict.fromkeys(names, 3) for name, names in COUNTED.items()}, {}),
        ({"prompt_tokens_details": {"text_tokens": 3, "cached_tokens_details": {"x": 1}}}, {}),
        ({"prompt_tokens_details": {"tool_tokens": 0, "image_count": 0.0}}, {}),
        ({"prompt_tokens_details": {"cached_tokens": 3, "x": None, "y": False, "z": ""}}, {}),
        ({"prompt_tokens_details": {"tool_tokens": 3}}, {"prompt_tokens_details": {"tool_tokens": 3}}),
        (
            {"output_tokens_details": {"file_tokens": 3, "audio_tokens": 2, "x": 0}},
            {"output_tokens_details": {"file_tokens": 3}},
        ),
        ({"prompt_tokens_details": [3], "completion_tokens_details": "x"}, {}),
    ],
    ids=repr,
)
def test_a_detail_that_is_no_unit_is_an_extra(details: dict[str, Any], extras: dict[str, Any]) -> None:
    assert find_extras({"prompt_tokens": 100, "completion_tokens": 50, **details}) == extras


def test_a_detail_that_is_no_unit_is_a_property() -> None:
    usage = usage_of(prompt_details={"image_count": 2, "cached_tokens": 3, "x": None})
    parsed = read({**COMPLETION, "usage": usage})
    assert parsed.properties == {"provider.prompt_tokens_details.image_count": "2"}


parts = st.dictionaries(
    st.sampled_from(["cached_tokens", "audio_tokens", "image_tokens", "video_tokens", "file_tokens"]),
    st.none() | st.integers(-2, 200) | st.text(max_size=1),
)


@given(st.integers(0, 100), st.integers(0, 100), parts, parts, parts)
def test_the_units_add_up_to_what_is_billed(
    prompt: int, completion: int, prompt_details: Any, cached: Any, completion_details: Any
) -> None:
    usage = usage_of(
        prompt, completion, {**prompt_details, "cached_tokens_details": cached}, completion_details
    )
    units = map_usage({**usage, "total_tokens": prompt + completion}).values()
    assert sum(unit.input or 0 for unit in units) == prompt
    assert sum(unit.output or 0 for unit in units) == completion
