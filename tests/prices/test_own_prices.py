"""Prices of the user's own."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.prices.own_prices import OwnPrices


def make(*rows: dict[str, Any]) -> OwnPrices:
    return OwnPrices(check_config({"prices": {"own": rows}}).prices)


def at(day: int) -> datetime:
    return datetime(2026, 7, day, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("row", "matches"),
    [
        ({}, True),
        ({"resource": "gpt-5"}, True),
        ({"resource": "gpt-*"}, True),
        ({"resource": "*5"}, True),
        ({"resource": "gpt"}, False),
        ({"resource": "gpt.5"}, False),
        ({"category": "system.openai"}, True),
        ({"category": "system.*", "resource": "o3"}, False),
    ],
)
def test_a_row_is_for_the_names_that_it_matches(row: dict[str, Any], matches: bool) -> None:
    found = make({**row, "free": True}).find("system.openai", "gpt-5", at(1))
    assert (found is not None) == matches


def test_the_first_row_that_matches_at_the_time_of_the_call_counts() -> None:
    prices = make(
        {"units": {"text": {"input": 1}}, "until": "2026-07-02"},
        {"units": {"text": {"input": 2}}, "from": "2026-07-02", "until": "2026-07-03"},
        {"units": {"text": {"input": 3}}},
    )
    found = [prices.find("c", "r", at(day)) for day in (1, 2, 3)]
    rates = [row.find("text", "input") for row in found if row]
    assert [rate and rate.amount * 1_000_000 for rate in rates if rate and rate.amount] == [1, 2, 3]
    assert make().find("c", "r", at(1)) is None


def test_units_have_rates_by_direction_and_for_any_number_of_them() -> None:
    row = make(
        {"units": {"text": {"input": "2.5", "output": 10}, "guardrail_topic": {"input": "0.15", "per": 1000}}}
    ).rows[0]
    assert row.find("text", "input") == (Decimal("0.0000025"), None, True)
    assert row.find("guardrail_topic", "input") == (Decimal("0.00015"), None, True)
    assert row.find("guardrail_topic", "output") is None
    assert row.find("audio", "input") is None
    spoken = make({"units": {"audio": {"output": 1}}}).rows[0]
    assert spoken.find("audio", "input") is None


def test_a_rate_of_text_is_meant_for_reasoning_and_for_large_contexts_too() -> None:
    row = make({"units": {"text": {"input": 1, "output": 10}}}).rows[0]
    assert row.find("reasoning", "output") == (Decimal("0.00001"), "reasoning at your output rate", True)
    large = row.find("text_large_context", "input")
    assert large is not None
    assert large.note == "your standard rate assumed for a large context"
    assert row.find("audio_large_context", "input") is None
    assert make({"units": {"text": {"input": 1}}}).rows[0].find("reasoning", "output") is None
