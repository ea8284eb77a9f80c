"""What the tools that OpenAI runs itself used in a response: searches, code, containers, images.

Source: https://platform.openai.com/docs/pricing#built-in-tools and the types of OpenAI's SDK 3.57. Searches
of the web have a unit. Searches of files are billed by the call and code by the container that it runs in,
for which Pay-i has no units, so these are counted in the output and become properties. So are searches of the
web where the response has no `tool_usage`, because not every one of them is billed. Images, and images drawn
as SVG, are made by other models at other prices, so their tokens are properties, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from payi_transport.providers.shared.counts import count, section
from payi_transport.providers.shared.json_values import text
from payi_transport.values.event import Units

__all__ = ["describe_tools", "map_searches"]

_SVG_COUNTS = ("input_tokens", "output_tokens", "reasoning_tokens", "total_tokens")
# The items that stand for a call which may be billed.
_CALLS = ("code_interpreter_call", "file_search_call", "web_search_call")


def map_searches(tool_usage: Any) -> dict[str, Units]:
    """Return the unit of searches of the web. They are billed by the call, on top of the tokens."""
    searches = count(section(_object(tool_usage), "web_search"), "num_requests")
    return {"web_search_request": Units(output=searches)} if searches else {}


def describe_tools(tool_usage: Any, output: Iterable[Any]) -> dict[str, Any]:
    """Return what has no unit, as the extras of a response with these items of output."""
    items = [item for item in output if isinstance(item, dict)]
    images = section(_object(tool_usage), "image_gen")
    # Without any tokens, no image was made.
    used = images if count(images, "total_tokens") else {}
    calls = _count_calls(items)
    if section(_object(tool_usage), "web_search"):
        calls.pop("web_search_calls", None)
    hosted = {"tool_usage": {"image_gen": used}} if used else {}
    return {**calls, **hosted, "svg_usage": _sum_svg_usage(items)}


def _count_calls(items: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    calls: dict[str, int] = {}
    containers: set[str] = set()
    for item in items:
        containers.update(_find_containers(item))
        if _may_be_billed(item):
            name = f"{item['type']}s"
            calls[name] = calls.get(name, 0) + 1
    return {**calls, **({"containers": len(containers)} if containers else {})}


def _may_be_billed(item: Mapping[str, Any]) -> bool:
    if text(item.get("type")) not in _CALLS or item.get("status") == "failed":
        return False
    # Opening a page of a result, and looking for a text in it, are not.
    action = section(item, "action").get("type")
    return item["type"] != "web_search_call" or action in (None, "search")


def _find_containers(item: Mapping[str, Any]) -> Iterator[str]:
    """Yield the container that an item ran in. Shell calls name it in their environment."""
    for place in (item, section(item, "environment")):
        container = text(place.get("container_id"))
        if container is not None:
            yield container


def _sum_svg_usage(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what all images drawn as SVG used together. One model draws all those of a response."""
    usages = [section(item, "svg_usage") for item in items]
    counted: dict[str, Any] = {}
    for usage in usages:
        for name in _SVG_COUNTS:
            if number := count(usage, name):
                counted[name] = counted.get(name, 0) + number
    models = filter(None, (text(usage.get("model")) for usage in usages))
    return {**counted, "model": next(models, None)} if counted else {}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
