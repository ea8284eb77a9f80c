"""What of a call is billed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from payi_transport import Units
from payi_transport.prices.counts import Count, add_prompt, list_counts


def make(unit: str, direction: str, quantity: int, model: str | None = None) -> Count:
    return Count(unit, direction, quantity, model)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("properties", "resource", "counts"),
    [
        ({"provider.search_units": "2"}, "rerank", [("rerank_search", "output", 2)]),
        ({"provider.pages": "2"}, "ocr", [("document_page", "input", 2)]),
        ({"provider.annotated_pages": "2"}, "ocr", [("annotated_document_page", "input", 2)]),
        ({"provider.num_search_queries": "2"}, "sonar", [("web_search_request", "output", 2)]),
        (
            {"provider.grounding_tool_count.google_search": "2"},
            "gemini-3-pro",
            [("web_search_request", "output", 2)],
        ),
        (
            {
                "provider.connectors.web_search_premium": "1",
                "provider.connectors.code_interpreter": "2",
                "provider.connectors.image_generation": "3",
            },
            "mistral-large",
            [
                ("premium_search_request", "output", 1),
                ("code_interpreter_call", "output", 2),
                ("image_generation_call", "output", 3),
            ],
        ),
        ({"provider.num_sources_used": "7"}, "grok-4", [("search_source", "output", 7)]),
        ({"provider.classifications": "7"}, "embed", [("classification", "output", 7)]),
        # Gemini 2 bills the prompt, Gemini 3 each search.
        (
            {"provider.web_search_queries": "3"},
            "google.gemini-2.5-pro",
            [("web_search_request", "output", 1)],
        ),
        ({"provider.web_search_queries": "3"}, "google.gemini-3-pro", [("web_search_request", "output", 3)]),
        (
            {"provider.grounding_tool_count.google_maps": "3"},
            "google.gemini-2.5-pro",
            [("maps_request", "output", 3)],
        ),
        (
            {"provider.web_search_queries": "3", "provider.grounding_tool_count.google_search": "3"},
            "gemini-3-pro",
            [("web_search_request", "output", 3)],
        ),
        # The response's own count of the searches that are billed wins over the calls in its output.
        (
            {"provider.web_search_calls": "4", "provider.web_search_queries": "3"},
            "m",
            [("web_search_request", "output", 3)],
        ),
        (
            {
                "provider.file_search_calls": "2",
                "provider.containers": "1",
                "provider.code_interpreter_calls": "5",
                "provider.web_search_calls": "3",
            },
            "gpt-5",
            [
                ("web_search_request", "output", 3),
                ("file_search_request", "output", 2),
                ("container", "output", 1),
            ],
        ),
        (
            {"provider.grounding_tool_count.google_maps": "3"},
            "gemini-3-pro",
            [("maps_request", "output", 3)],
        ),
        (
            {
                "provider.tool_usage.image_gen.input_tokens": "5",
                "provider.tool_usage.image_gen.output_tokens": "7",
                "provider.tool_usage.image_gen.total_tokens": "12",
            },
            "gpt-5",
            [("hosted_image_tokens", "input", 5), ("hosted_image_tokens", "output", 7)],
        ),
        (
            {"provider.tool_usage.image_gen.total_tokens": "12"},
            "gpt-5",
            [("other_model_tokens", "output", 12)],
        ),
        (
            {
                "provider.tool_usage.image_gen.output_tokens": "7",
                "provider.tool_usage.image_gen.total_tokens": "12",
            },
            "gpt-5",
            [("hosted_image_tokens", "output", 7)],
        ),
        ({"provider.pages": "9" * 19}, "m", [("document_page", "input", int("9" * 19))]),
        ({"provider.pages": "9" * 20}, "m", []),
        # More digits than any count has, and digits of another script.
        (
            {"provider.pages": "9" * 5000, "provider.citation_tokens": "\u0661"},
            "m",
            [("citation", "output", 1)],
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
    assert list_counts({}, properties, resource) == [make(*count) for count in counts]


@pytest.mark.parametrize(
    ("properties", "counts"),
    [
        (
            {
                "provider.iterations.1.type": "advisor_message",
                "provider.iterations.1.model": "claude-opus-5-5",
                "provider.iterations.1.text.input": "5",
                "provider.iterations.1.text_cache_read.input": "9",
                "provider.iterations.2.text.output": "7",
            },
            [
                ("text", "input", 5, "claude-opus-5-5"),
                ("text_cache_read", "input", 9, "claude-opus-5-5"),
                # Nothing names the model of the second one.
                ("other_model_tokens", "output", 7, None),
            ],
        ),
        (
            {
                "provider.svg_usage.input_tokens": "30",
                "provider.svg_usage.output_tokens": "400",
                "provider.svg_usage.reasoning_tokens": "10",
                "provider.svg_usage.total_tokens": "430",
                "provider.svg_usage.model": "svg-1",
            },
            [("text", "input", 30, "svg-1"), ("text", "output", 400, "svg-1")],
        ),
        (
            {"provider.svg_usage.total_tokens": "430", "provider.svg_usage.model": "svg-1"},
            [("text", "output", 430, "svg-1")],
        ),
    ],
    ids=["iterations", "svg", "svg in total"],
)
def test_tokens_of_another_model_carry_its_name(
    properties: Mapping[str, str], counts: list[tuple[str, str, int, str | None]]
) -> None:
    assert list_counts({}, properties, "claude") == [make(*count) for count in counts]


@pytest.mark.parametrize(
    ("written", "properties", "counts"),
    [
        (100, {"12h": "30"}, {"text_cache_write_12h": 30, "text_cache_write": 70}),
        (100, {"12h": "30", "24h": "20"}, {"": 50, "_12h": 30, "_24h": 20}),
        # A part is never more than its whole.
        (100, {"12h": "300"}, {"_12h": 100}),
        (100, {"12h": "100", "24h": "5"}, {"_12h": 100}),
        (100, {"12h": "0", "1h": "x"}, {"": 100}),
    ],
)
def test_writes_for_longer_than_an_hour_are_a_part_of_all_writes(
    written: int, properties: Mapping[str, str], counts: Mapping[str, int]
) -> None:
    stated = {f"provider.cache_write.{lifetime}_tokens": number for lifetime, number in properties.items()}
    for suffix in ("", "_large_context"):
        units = {f"text_cache_write{suffix}": Units(input=written), "text": Units(input=7)}
        found = {count.unit: count.quantity for count in list_counts(units, stated, "m")}
        assert found.pop("text") == 7
        assert sum(found.values()) == written
        expected = {
            f"text_cache_write{name.removeprefix('text_cache_write')}": n for name, n in counts.items()
        }
        assert found == {f"{name}{suffix}": number for name, number in expected.items()}


def test_a_unit_is_not_counted_again_by_a_property() -> None:
    units = {"web_search_request": Units(output=2), "text": Units(input=0, output=None)}
    found = list_counts(units, {"provider.web_search_queries": "5"}, "m")
    assert found == [make("web_search_request", "output", 2)]


def test_a_direction_is_not_counted_again_where_only_the_other_has_a_unit() -> None:
    units = {"document_page": Units(output=2)}
    assert list_counts(units, {"provider.pages": "5"}, "m") == [make("document_page", "output", 2)]


def test_only_writes_that_are_read_from_the_prompt_have_a_lifetime() -> None:
    units = {"text_cache_read": Units(input=9), "text_cache_write": Units(output=8)}
    found = list_counts(units, {"provider.cache_write.12h_tokens": "5"}, "m")
    assert found == [make("text_cache_read", "input", 9), make("text_cache_write", "output", 8)]


def test_the_prompt_is_all_that_is_read() -> None:
    counts = [Count("text", "input", 5), Count("audio_cache_read", "input", 7), Count("text", "output", 100)]
    # Pages are no tokens, and an advisor has a prompt of its own.
    units = [
        *("web_search_request", "image", "document_page", "annotated_document_page"),
        *("hosted_image_tokens", "other_model_tokens"),
    ]
    others = [Count("text", "input", 500, "claude-opus-5-5"), *[Count(unit, "input", 3) for unit in units]]
    assert add_prompt(counts + others) == 12
