"""Which prices of the list a unit may have, in the order in which they are tried."""

from __future__ import annotations

import pytest

from payi_transport.prices.estimates import Direction
from payi_transport.prices.units import find_candidates, is_of_tokens


@pytest.mark.parametrize(
    ("unit", "direction", "keys"),
    [
        ("text", "input", "input_text_mtok input_mtok"),
        ("text_large_context", "output", "output_text_mtok output_mtok"),
        ("vision", "input", "input_image_mtok input_mtok"),
        ("image", "output", "output_image_mtok output_mtok"),
        ("audio", "output", "output_audio_mtok output_mtok"),
        ("text_cache_read", "input", "cache_text_read_mtok cache_read_mtok input_text_mtok input_mtok"),
        ("audio_cache_read", "input", "cache_audio_read_mtok cache_read_mtok input_audio_mtok input_mtok"),
        (
            "text_cache_write",
            "input",
            "cache_text_write_5m_mtok cache_write_5m_mtok cache_text_write_mtok cache_write_mtok"
            " input_text_mtok input_mtok",
        ),
        (
            "text_cache_write_1h",
            "input",
            "cache_text_write_1h_mtok cache_write_1h_mtok cache_text_write_mtok cache_write_mtok"
            " input_text_mtok input_mtok",
        ),
        (
            "reasoning",
            "output",
            "output_text_reasoning_mtok output_reasoning_mtok output_text_mtok output_mtok",
        ),
        ("web_search_request", "output", "web_searches_kcount"),
        ("audio_seconds", "input", "input_audio_hours audio_hours"),
        ("video", "input", "input_video_mtok input_mtok"),
        ("file_search_request", "output", "storage_searches_kcount"),
        ("rerank_search", "output", "rerank_searches_kcount"),
        ("request", "output", "requests_kcount"),
        ("document_page", "input", "input_document_kpages"),
        ("annotated_document_page", "input", "input_annotated_document_kpages"),
        ("text_characters", "input", "input_mchars"),
        ("citation", "output", "output_citation_mtok"),
        (
            "text_cache_write_12h_large_context",
            "input",
            "cache_text_write_12h_mtok cache_write_12h_mtok cache_text_write_1h_mtok cache_write_1h_mtok"
            " cache_text_write_mtok cache_write_mtok input_text_mtok input_mtok",
        ),
        # What can't be, or isn't of a price list.
        ("reasoning", "input", ""),
        ("text_cache_read", "output", ""),
        ("text_cache_lost", "input", ""),
        ("guardrail_topic", "input", ""),
        ("video_seconds", "output", ""),
    ],
)
def test_the_most_specific_price_is_tried_first(unit: str, direction: Direction, keys: str) -> None:
    assert [candidate.key for candidate in find_candidates(unit, direction)] == keys.split()


@pytest.mark.parametrize(
    ("unit", "notes"),
    [
        ("text", [None, None]),
        ("vision", [None, "vision at the input rate"]),
        ("text_cache_read", [None, None, *["cache read at the input rate"] * 2]),
        (
            "audio_cache_read",
            [None, "audio cache read at the cache read rate", *["cache read at the input rate"] * 2],
        ),
        (
            "text_cache_write_1h",
            [
                None,
                None,
                *["cache write of an hour at the rate of five minutes"] * 2,
                *["cache write at the input rate"] * 2,
            ],
        ),
        (
            "text_cache_write_12h",
            [
                None,
                None,
                *["cache write of 12 hours at the rate of an hour"] * 2,
                *["cache write of 12 hours at the rate of five minutes"] * 2,
                *["cache write at the input rate"] * 2,
            ],
        ),
    ],
)
def test_the_price_of_a_parent_says_so(unit: str, notes: list[str | None]) -> None:
    assert [candidate.note for candidate in find_candidates(unit, "input")] == notes


@pytest.mark.parametrize(
    ("unit", "per"),
    [
        ("text", 1_000_000),
        ("web_search_request", 1000),
        ("file_search_request", 1000),
        ("rerank_search", 1000),
        ("request", 1000),
        ("document_page", 1000),
        ("annotated_document_page", 1000),
        ("audio_seconds", 3600),
        ("text_characters", 1_000_000),
        ("citation", 1_000_000),
    ],
)
def test_a_price_of_the_list_is_for_so_many_of_a_unit(unit: str, per: int) -> None:
    assert {candidate.per for candidate in find_candidates(unit, "input")} == {per}


def test_reasoning_at_the_price_of_its_parent_says_so() -> None:
    notes = [candidate.note for candidate in find_candidates("reasoning", "output")]
    assert notes == [None, None, *["reasoning at the output rate"] * 2]


def test_searches_have_no_price_by_tokens() -> None:
    assert not any(map(is_of_tokens, find_candidates("web_search_request", "output")))
    assert all(map(is_of_tokens, find_candidates("text", "input")))
