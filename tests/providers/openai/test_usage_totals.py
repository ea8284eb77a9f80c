"""Which counts are parts of a total and which are beside it, where a usage says little about it."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.providers.openai.usage import find_extras, map_usage
from tests.providers.completions import usage_of
from tests.providers.shapes import Shown, show


def flat(total: Any = None, **counts: Any) -> dict[str, Any]:
    return {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": total, **counts}


def x_details(*items: Any) -> dict[str, Any]:
    return flat(150, x_details=list(items))


CACHED = {"prompt_tokens_details": {"cached_tokens": 30}}
READ, WRITTEN = "cache_read_input_tokens", "cache_creation_input_tokens"
USAGES: dict[str, tuple[dict[str, Any], Shown]] = {
    "a write of which some is kept for an hour": (
        usage_of(prompt_details={"cache_write_tokens": 30, "cache_write_tokens_details": {"ttl_1h": 10}}),
        {"text": (70, 50), "text_cache_write": (20, None), "text_cache_write_1h": (10, None)},
    ),
    "a write that is kept for an hour whole": (
        usage_of(prompt_details={"cache_write_tokens": 30, "cache_write_tokens_details": {"ttl_1h": 30}}),
        {"text": (70, 50), "text_cache_write_1h": (30, None)},
    ),
    "a prompt that was written whole": (
        flat(**{WRITTEN: 100}),
        {"text": (0, 50), "text_cache_write": (100, None)},
    ),
    "a prompt that was read whole": (flat(**{READ: 100}), {"text": (0, 50), "text_cache_read": (100, None)}),
    "a prompt that was read or written whole": (
        flat(**{READ: 60, WRITTEN: 40}),
        {"text": (0, 50), "text_cache_read": (60, None), "text_cache_write": (40, None)},
    ),
    "more in the cache than in the prompt": (
        flat(**{READ: 60, WRITTEN: 41}),
        {"text": (100, 50), "text_cache_read": (60, None), "text_cache_write": (41, None)},
    ),
    "a cache by other names, larger than the prompt": (
        flat(cache_read_tokens=101),
        {"text": (0, 50), "text_cache_read": (100, None)},
    ),
    "a completion of reasoning alone": (
        flat(150, reasoning_tokens=50),
        {"text": (100, 0), "reasoning": (None, 50)},
    ),
    "more reasoning than completion": (
        flat(150, reasoning_tokens=51),
        {"text": (100, 50), "reasoning": (None, 51)},
    ),
    "details in a list": (x_details(CACHED), {"text": (70, 50), "text_cache_read": (30, None)}),
    "details in a list, of which the first counts": (
        x_details(
            "x", None, {"prompt_tokens_details": 7}, CACHED, {"input_tokens_details": {"cached_tokens": 9}}
        ),
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "the hundredth item of a list": (
        x_details(*[{}] * 99, CACHED),
        {"text": (70, 50), "text_cache_read": (30, None)},
    ),
    "an item beyond the hundredth": (x_details(*[{}] * 100, CACHED), {"text": (100, 50)}),
    "a list beside the details": (
        {**usage_of(prompt_details={"cached_tokens": 10}), "x_details": [CACHED]},
        {"text": (90, 50), "text_cache_read": (10, None)},
    ),
    "documents": (usage_of(prompt_details={"file_tokens": 7}), {"text": (93, 50), "vision": (7, None)}),
    "documents and images": (
        usage_of(prompt_details={"file_tokens": 7, "image_tokens": 5}),
        {"text": (88, 50), "vision": (12, None)},
    ),
}


@pytest.mark.parametrize(("usage", "units"), USAGES.values(), ids=USAGES)
def test_each_token_counts_once(usage: dict[str, Any], units: Shown) -> None:
    assert {name: unit for name, unit in show(map_usage(usage)).items() if any(unit)} == {
        name: unit for name, unit in units.items() if any(unit)
    }
    assert find_extras(usage) == {}


@pytest.mark.parametrize("chosen", range(1, 8))
def test_a_grand_total_shows_which_counts_are_beside_the_others(chosen: int) -> None:
    counts = {"reasoning_tokens": 20, READ: 30, WRITTEN: 40}
    beside = {name: number for place, (name, number) in enumerate(counts.items()) if chosen & 1 << place}
    units = map_usage(flat(150 + sum(beside.values()), **counts))
    assert units["reasoning"].output == 20
    assert (units["text_cache_read"].input, units["text_cache_write"].input) == (30, 40)
    within = {name: number for name, number in counts.items() if name not in beside}
    assert units["text"].output == 50 - within.get("reasoning_tokens", 0)
    assert units["text"].input == 100 - within.get(READ, 0) - within.get(WRITTEN, 0)


CACHES = {
    "text_cache_read": [READ, "cache_read_tokens", "cached_input_tokens", "cached_tokens"],
    "text_cache_write": [
        WRITTEN,
        *("cache_creation_tokens", "cache_write_input_tokens", "cache_write_tokens"),
    ],
}


@pytest.mark.parametrize(("unit", "name"), [(unit, name) for unit in CACHES for name in CACHES[unit]])
@pytest.mark.parametrize(
    "place", ["", *(f"{side}_token{s}_details" for side in ("prompt", "input") for s in ("", "s"))]
)
def test_the_cache_has_many_names_in_many_places(unit: str, name: str, place: str) -> None:
    usage = flat(150, **({place: {name: 30}} if place else {name: 30}))
    assert show(map_usage(usage)) == {"text": (70, 50), unit: (30, None)}
    assert find_extras(usage) == {}


@pytest.mark.parametrize(
    "place", [f"{side}_token{s}_details" for side in ("completion", "output") for s in ("", "s")]
)
def test_the_details_of_a_completion_have_many_names(place: str) -> None:
    details = {
        "reasoning_tokens": 1,
        "audio_tokens": 2,
        "image_tokens": 3,
        "video_tokens": 4,
        "text_tokens": 40,
    }
    usage = flat(
        150, **{place: {**details, "accepted_prediction_tokens": 5, "rejected_prediction_tokens": 6}}
    )
    assert show(map_usage(usage)) == {
        "text": (100, 40),
        "reasoning": (None, 1),
        "audio": (None, 2),
        "image": (None, 3),
        "video": (None, 4),
    }
    assert find_extras(usage) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("cache_write_tokens_details", "cache_creation_token_details"),
        *("cache_creation_tokens_details", "cache_creation"),
    ],
)
@pytest.mark.parametrize("nested", [True, False])
def test_lifetimes_have_many_names_in_two_places(name: str, nested: bool) -> None:
    counts = {"cache_write_tokens": 30, name: {"1h": 10, "12h": 5}}
    usage = flat(150, **({"prompt_tokens_details": counts} if nested else counts))
    assert show(map_usage(usage)) == {
        "text": (70, 50),
        "text_cache_write": (20, None),
        "text_cache_write_1h": (10, None),
    }
    assert find_extras(usage) == {"cache_write": {"12h_tokens": 5}}


@pytest.mark.parametrize("nested", [True, False])
def test_the_cached_tokens_of_each_modality_have_units_of_their_own(nested: bool) -> None:
    parts = {"audio_tokens": 20, "image_tokens": 15, "cached_tokens": 12}
    cached = {"text_tokens": 5, "audio_tokens": 4, "image_tokens": 3}
    flat_names = {f"cached_{name}": number for name, number in cached.items()}
    usage = usage_of(
        prompt_details={**parts, **({"cached_tokens_details": cached} if nested else flat_names)}
    )
    assert show(map_usage(usage)) == {
        "text": (60, 50),
        "text_cache_read": (5, None),
        "audio": (16, None),
        "audio_cache_read": (4, None),
        "vision": (12, None),
        "vision_cache_read": (3, None),
    }
    assert find_extras(usage) == {}
