"""A tokenizer fills in what the provider doesn't report, and never lowers the reported output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from payi_transport.decode.token_counts import add_counted_tokens
from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units
from tests.providers.shapes import Shown, show

OUTPUT = "one two three"
READERS = Readers(lambda reply: ParsedResponse(), read_output_text=lambda messages: OUTPUT)
IMAGES = msgspec.structs.replace(READERS, read_prompt_texts=lambda request: ["one two", "three"])
ONLY_IMAGES = msgspec.structs.replace(READERS, read_prompt_texts=lambda request: [])


def words(model: str, text: str) -> int | None:
    """A tokenizer that only `known` has."""
    return len(text.split()) if model == "known" else None


def count(
    units: Mapping[str, Units],
    *,
    truncated: bool = False,
    readers: Readers = READERS,
    models: tuple[str, ...] = ("priced", "known"),
    uncounted: tuple[str, ...] = (),
) -> Shown:
    response = ParsedResponse(units=units, uncounted=uncounted)
    return show(add_counted_tokens(readers, response, RawResponse([]), words, models, truncated))


TEXT = {"text": Units(input=5, output=2)}


@pytest.mark.parametrize(
    ("units", "options", "expected"),
    [
        (TEXT, {}, {"text": (5, 2)}),
        ({}, {}, {}),
        # A truncated stream: its text, if that is more than was reported.
        (TEXT, {"truncated": True}, {"text": (5, 3)}),
        ({"text": Units(input=5, output=9)}, {"truncated": True}, {"text": (5, 9)}),
        ({}, {"truncated": True}, {"text": (None, 3)}),
        ({}, {"truncated": True, "models": ("unknown",)}, {}),
        ({"text_large_context": Units(input=5)}, {"truncated": True}, {"text_large_context": (5, 3)}),
        (TEXT, {"truncated": True, "models": ("unknown",)}, {"text": (5, 2)}),
        # A prompt whose usage is not reported.
        ({}, {"uncounted": ("one", "two three")}, {"text": (3, 3)}),
        ({"vision": Units(input=1)}, {"uncounted": ("one",)}, {"vision": (1, None), "text": (1, 3)}),
        (TEXT, {"uncounted": ("one",)}, {"text": (1, 3)}),
        (TEXT, {"uncounted": ("one",), "models": ("unknown",)}, {"text": (5, 2)}),
        # The text next to images.
        (TEXT, {"readers": IMAGES}, {"text": (3, 2), "vision": (2, None)}),
        ({"text": Units(input=1)}, {"readers": IMAGES}, {"text": (1, None), "vision": (0, None)}),
        (TEXT, {"readers": IMAGES, "truncated": True}, {"text": (3, 3), "vision": (2, None)}),
        (TEXT, {"readers": IMAGES, "models": ("unknown",)}, {"text": (5, 2)}),
        (TEXT, {"readers": ONLY_IMAGES}, {"text": (0, 2), "vision": (5, None)}),
        (TEXT, {"readers": ONLY_IMAGES, "models": ("unknown",)}, {"text": (5, 2)}),
        ({"text": Units(output=1)}, {"readers": IMAGES}, {"text": (None, 1)}),
        ({"audio": Units(input=1)}, {"readers": IMAGES}, {"audio": (1, None)}),
        ({**TEXT, "vision": Units(input=1)}, {"readers": IMAGES}, {"text": (5, 2), "vision": (1, None)}),
        # The text in the cache, or some of it.
        (
            {**TEXT, "text_cache_read": Units(input=3)},
            {"readers": IMAGES},
            {"text": (0, 2), "text_cache_read": (3, None), "vision": (5, None)},
        ),
        (
            {**TEXT, "text_cache_write": Units(input=1), "text_cache_write_1h": Units(input=1)},
            {"readers": IMAGES},
            {
                "text": (1, 2),
                "text_cache_write": (1, None),
                "text_cache_write_1h": (1, None),
                "vision": (4, None),
            },
        ),
        # The image in the cache, too.
        (
            {**TEXT, "text_cache_read": Units(input=90)},
            {"readers": IMAGES},
            {"text": (0, 2), "text_cache_read": (90, None), "vision": (5, None)},
        ),
        (
            {"text_large_context": Units(input=5), "text_cache_read_large_context": Units(input=2)},
            {"readers": IMAGES},
            {
                "text_large_context": (1, None),
                "text_cache_read_large_context": (2, None),
                "vision_large_context": (4, None),
            },
        ),
    ],
)
def test_counted_tokens_complete_the_reported_units(
    units: Mapping[str, Units], options: dict[str, Any], expected: Shown
) -> None:
    assert count(units, **options) == expected


def test_the_first_name_that_has_a_tokenizer_is_used() -> None:
    counted = add_counted_tokens(
        READERS,
        ParsedResponse(uncounted=("a b",)),
        RawResponse([]),
        lambda model, text: {"x": 1, "y": 7}.get(model),
        "zxy",
        False,
    )
    assert show(counted) == {"text": (1, 1)}


def test_one_text_that_can_not_be_counted_leaves_the_reported_units() -> None:
    response = ParsedResponse(units=TEXT, uncounted=("a", "b"))
    counted = add_counted_tokens(
        READERS, response, RawResponse([]), lambda model, text: 1 if text == "a" else None, "x", False
    )
    assert show(counted) == {"text": (5, 2)}
