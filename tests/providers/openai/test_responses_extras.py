"""What the Responses API reports besides tokens: hosted tools, the tier, costs, SVG images."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.responses import CREATED, RESPONSE, UNITS, USAGE, read
from tests.providers.shapes import Shown, show


@pytest.mark.parametrize(
    ("more", "units"),
    [
        ({"tool_usage": {"web_search": {"num_requests": 3}}}, {**UNITS, "web_search_request": (None, 3)}),
        ({"tool_usage": {"web_search": {"num_requests": 0}}}, UNITS),
        ({"tool_usage": {"web_search": None}}, UNITS),
        ({"tool_usage": None}, UNITS),
        ({"tool_usage": [3]}, UNITS),
        ({"usage": None}, {}),
        ({"usage": [1]}, {}),
        (
            {"usage": None, "tool_usage": {"web_search": {"num_requests": 1}}},
            {"web_search_request": (None, 1)},
        ),
    ],
    ids=repr,
)
def test_hosted_searches_are_units_of_their_own(more: dict[str, Any], units: Shown) -> None:
    assert show(read({**RESPONSE, **more}).units) == units


IMAGE_TOOL = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12, "output": {"image": 7, "text": 0}}


@pytest.mark.parametrize(
    ("more", "properties"),
    [
        ({}, {}),
        ({"service_tier": "auto"}, {}),
        ({"service_tier": "ultrafast"}, {"provider.service_tier": "ultrafast"}),
        (
            {"tool_usage": {"image_gen": IMAGE_TOOL}},
            {
                "provider.tool_usage.image_gen.input_tokens": "5",
                "provider.tool_usage.image_gen.output_tokens": "7",
                "provider.tool_usage.image_gen.total_tokens": "12",
                "provider.tool_usage.image_gen.output.image": "7",
                "provider.tool_usage.image_gen.output.text": "0",
            },
        ),
        ({"tool_usage": {"image_gen": {**IMAGE_TOOL, "total_tokens": 0}}}, {}),
        ({"tool_usage": {"image_gen": []}}, {}),
        ({"usage": {**USAGE, "cost": 0.5, "num_sources_used": 0}}, {"provider.cost": "0.5"}),
    ],
    ids=repr,
)
def test_tiers_costs_and_hosted_images_are_properties(
    more: dict[str, Any], properties: dict[str, str]
) -> None:
    assert read({**RESPONSE, **more}).properties == properties


SVG = {
    "input_tokens": 30,
    "output_tokens": 400,
    "reasoning_tokens": 10,
    "total_tokens": 430,
    "model": "svg-1",
}


def image_of(svg_usage: Any) -> dict[str, Any]:
    return {"type": "image_generation_call", "result": "PHN2Zz4=", "svg_usage": svg_usage}


SVG_PROPERTIES = {
    "provider.svg_usage.input_tokens": "30",
    "provider.svg_usage.output_tokens": "400",
    "provider.svg_usage.reasoning_tokens": "10",
    "provider.svg_usage.total_tokens": "430",
    "provider.svg_usage.model": "svg-1",
}


@pytest.mark.parametrize(
    ("usages", "properties"),
    [
        ([SVG], SVG_PROPERTIES),
        ([None, SVG, {}, [3], {"model": "x", "input_tokens": "x"}], SVG_PROPERTIES),
        (
            [{"input_tokens": 2, "model": "svg-1"}, {"input_tokens": 3}],
            {"provider.svg_usage.input_tokens": "5", "provider.svg_usage.model": "svg-1"},
        ),
        ([{"input_tokens": 2, "model": 3}], {"provider.svg_usage.input_tokens": "2"}),
        ([{**SVG, "input_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0, "total_tokens": 0}], {}),
        ([None], {}),
    ],
    ids=repr,
)
def test_images_that_were_drawn_as_svg_are_properties(usages: list[Any], properties: dict[str, str]) -> None:
    items = [image_of(usage) for usage in usages]
    assert read({**RESPONSE, "output": items}).properties == properties
    done = [{"type": "response.output_item.done", "item": item} for item in items]
    assert read(CREATED, *done, read_to_end=False).properties == properties
