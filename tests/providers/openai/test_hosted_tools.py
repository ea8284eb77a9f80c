"""Tools that OpenAI runs itself: what of them is a unit, what is a property, and what costs nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from payi_transport.providers.openai.hosted_tools import describe_tools, map_searches
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Units
from tests.providers.responses import RESPONSE, read
from tests.providers.shapes import make_messages, objects_of


def web(action: Any = None, status: str = "completed") -> dict[str, Any]:
    return {"type": "web_search_call", "status": status, **({} if action is None else {"action": action})}


def code(container: Any) -> dict[str, Any]:
    return {"type": "code_interpreter_call", "container_id": container, "status": "completed"}


FILES = {"type": "file_search_call", "queries": ["x"], "status": "completed"}
OUTPUTS: dict[str, tuple[list[Any], dict[str, str]]] = {
    "files": ([FILES, FILES], {"file_search_calls": "2"}),
    "code in one container": ([code("c1"), code("c1")], {"code_interpreter_calls": "2", "containers": "1"}),
    "code in two containers": ([code("c1"), code("c2")], {"code_interpreter_calls": "2", "containers": "2"}),
    "code without a container": ([code(None), code([1])], {"code_interpreter_calls": "2"}),
    "a shell in a container": (
        [
            {"type": "shell_call", "environment": {"type": "container_reference", "container_id": "c1"}},
            code("c1"),
        ],
        {"code_interpreter_calls": "1", "containers": "1"},
    ),
    "searches of the web": ([web(), web({"type": "search", "query": "x"})], {"web_search_calls": "2"}),
    "pages of a search": (
        [web({"type": "open_page"}), web({"type": "find_in_page"}), web()],
        {"web_search_calls": "1"},
    ),
    "an action of another type": ([web([1])], {"web_search_calls": "1"}),
    "what failed": ([{**FILES, "status": "failed"}, web(status="failed")], {}),
    "what is not billed by the call": (
        [{"type": "mcp_call"}, {"type": "computer_call"}, {"type": ["x"]}],
        {},
    ),
    "items of another type": (["file_search_call", None, 7], {}),
}


@pytest.mark.parametrize(("output", "properties"), OUTPUTS.values(), ids=OUTPUTS)
def test_billed_calls_are_properties(output: list[Any], properties: dict[str, str]) -> None:
    expected = {f"provider.{name}": value for name, value in properties.items()}
    assert read({**RESPONSE, "output": output}).properties == expected
    events = [{"type": "response.output_item.done", "item": item} for item in output]
    assert read(*events, read_to_end=False).properties == expected


def test_searches_of_the_web_are_counted_only_where_the_tool_usage_is_missing() -> None:
    usage = {"web_search": {"num_requests": 1}}
    parsed = read({**RESPONSE, "output": [web(), web(), FILES], "tool_usage": usage})
    assert parsed.properties == {"provider.file_search_calls": "1"}
    assert parsed.units["web_search_request"] == Units(output=1)
    for missing in (None, {}, {"web_search": None}, [1]):
        parsed = read({**RESPONSE, "output": [web()], "tool_usage": missing})
        assert parsed.properties == {"provider.web_search_calls": "1"}


def test_the_items_of_a_body_with_a_gap_are_not_counted() -> None:
    raw = RawResponse(make_messages({**RESPONSE, "output": [FILES]}), is_cut=True)
    assert read_response(raw).properties == {}


DRAWN = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "model": "gpt-image-1"}


@pytest.mark.parametrize(
    ("images", "properties"),
    [
        (DRAWN, {f"provider.tool_usage.image_gen.{name}": str(value) for name, value in DRAWN.items()}),
        ({**DRAWN, "total_tokens": 0}, {}),
        ({"input_tokens": 3}, {}),
        ([7], {}),
        (None, {}),
    ],
)
def test_the_tokens_of_images_are_properties(images: Any, properties: dict[str, str]) -> None:
    assert read({**RESPONSE, "tool_usage": {"image_gen": images}}).properties == properties


def test_all_drawings_of_a_response_are_summed_up() -> None:
    usages = [
        {"input_tokens": 1, "output_tokens": 20, "total_tokens": 21},
        {"input_tokens": 2, "output_tokens": 30, "reasoning_tokens": 5, "total_tokens": 32, "model": "m"},
        {"input_tokens": "x", "output_tokens": 0, "model": "n"},
        None,
    ]
    output = [{"type": "image_generation_call", "svg_usage": usage} for usage in usages]
    totals = {"input_tokens": 3, "output_tokens": 50, "reasoning_tokens": 5, "total_tokens": 53, "model": "m"}
    expected = {f"provider.svg_usage.{name}": str(value) for name, value in totals.items()}
    assert read({**RESPONSE, "output": output}).properties == expected
    assert read({**RESPONSE, "output": [{"svg_usage": {"model": "m"}}]}).properties == {}


NAMES = ("type", "status", "action", "container_id", "environment", "svg_usage", "web_search", "num_requests")


@given(objects_of(NAMES), objects_of(NAMES))
def test_any_output_raises_nothing(usage: dict[str, Any], item: dict[str, Any]) -> None:
    describe_tools(usage, [item, *item.values()])
    map_searches(usage)
