"""What of a call is billed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from payi_transport import Units
from payi_transport.prices.counts import Count, add_prompt, list_counts


@pytest.mark.parametrize(
    ("properties", "resource", "counts"),
    [
        ({"provider.search_units": "2"}, "rerank", [("rerank_search", "output", 2)]),
        # Gemini 2 bills the prompt, Gemini 3 each search.
        (
            {"provider.web_search_queries": "3"},
            "google.gemini-2.5-pro",
            [("web_search_request", "output", 1)],
        ),
        ({"provider.web_search_queries": "3"}, "google.gemini-3-pro", [("web_search_request", "output", 3)]),
        (
            {"provider.web_search_queries": "3", "provider.grounding_tool_count.google_search": "3"},
            "gemini-3-pro",
            [("web_search_request", "output", 3)],
        ),
        (
            {"provider.iterations.1.text.input": "5", "provider.iterations.1.text.output": "7"},
            "claude",
            [("other_model_tokens", "input", 5), ("other_model_tokens", "output", 7)],
        ),
        (
            {"provider.pages": "0", "provider.size": "1024", "team": "5", "provider.citation_tokens": "x"},
            "m",
            [],
        ),
        (None, "m", []),
    ],
)
def test_properties_count_what_has_no_unit(
    properties: Mapping[str, str] | None, resource: str, counts: list[tuple[str, str, int]]
) -> None:
    assert list_counts({}, properties, resource) == counts


def test_a_unit_is_not_counted_again_by_a_property() -> None:
    units = {"web_search_request": Units(output=2), "text": Units(input=0, output=None)}
    found = list_counts(units, {"provider.web_search_queries": "5"}, "m")
    assert found == [("web_search_request", "output", 2)]


def test_the_prompt_is_all_that_is_read() -> None:
    counts = [Count("text", "input", 5), Count("audio_cache_read", "input", 7), Count("text", "output", 100)]
    assert add_prompt(counts) == 12
