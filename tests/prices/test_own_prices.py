"""Prices of the user's own."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
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


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ({"resource": "gpt-*", "category": "system.openai"}, "gpt-*"),
        ({"category": "system.openai"}, "system.openai"),
        ({}, "all calls"),
    ],
)
def test_a_row_is_called_by_what_it_is_for(row: dict[str, Any], name: str) -> None:
    assert make({**row, "free": True}).rows[0].name == name


def test_a_row_applies_from_its_first_moment_until_before_its_last() -> None:
    row = make({"free": True, "from": "2026-07-02T12:00:00Z", "until": "2026-07-03T12:00:00Z"}).rows[0]
    first, last = datetime(2026, 7, 2, 12, tzinfo=timezone.utc), datetime(2026, 7, 3, 12, tzinfo=timezone.utc)
    instant = timedelta(microseconds=1)
    assert [row.applies(moment) for moment in (first - instant, first, last - instant, last)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_price_of_a_large_context_is_its_own_where_there_is_one() -> None:
    units = {"text": {"input": 1, "output": 10}, "text_large_context": {"input": 2}}
    row = make({"units": units}).rows[0]
    assert row.find("text_large_context", "input") == (Decimal("0.000002"), None, True)
    thought = row.find("reasoning_large_context", "output")
    assert thought == (Decimal("0.00001"), "reasoning at your output rate", True)
    assert row.find("reasoning_large_context", "input") is None


@pytest.mark.parametrize(
    ("units", "unit", "amount"),
    [
        ({"text_cache_write": {"input": 1}}, "text_cache_write_12h", 1),
        ({"text_cache_write": {"input": 1}, "text_cache_write_1h": {"input": 2}}, "text_cache_write_24h", 2),
        # A write for an hour is a unit of Pay-i's, so its price is stated or the list's.
        ({"text_cache_write": {"input": 1}}, "text_cache_write_1h", None),
        ({"text": {"input": 1}}, "text_cache_write_12h", None),
        ({"text_cache_write": {"output": 1}}, "text_cache_write_12h", None),
    ],
)
def test_a_price_of_writes_is_meant_for_longer_ones(
    units: dict[str, Any], unit: str, amount: int | None
) -> None:
    rate = make({"units": units}).rows[0].find(unit, "input")
    assert (rate and rate.amount) == (amount and Decimal(amount) / 1_000_000)
    assert rate is None or rate.note == "cache write of some hours at your rate of cache writes"


def test_every_unit_of_a_row_that_is_free_costs_nothing() -> None:
    row = make({"free": True}).rows[0]
    assert row.find("guardrail_topic", "output") == (Decimal(0), None, True)
