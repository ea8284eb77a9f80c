"""Rates of one model: its own, those of a parent, by size, and under conditions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from payi_transport.prices.rates import NO_RATE, RateCard, make_rate

STEPS = ((-1, Decimal(1)), (200_000, Decimal(2)))


def test_a_price_by_size_is_chosen_by_the_prompt() -> None:
    card = RateCard({"input_mtok": STEPS}, {}, None)
    found = [card.find("text", "input", prompt).amount for prompt in (0, 200_000, 200_001)]
    assert found == [Decimal("0.000001"), Decimal("0.000001"), Decimal("0.000002")]
    # The unit itself says that it belongs to a long prompt.
    assert card.find("text_large_context", "input", 0).amount == Decimal("0.000002")
    assert card.has("input_mtok")
    assert not card.has("output_mtok")


def test_a_large_context_without_a_price_says_that_the_standard_rate_is_assumed() -> None:
    rate = RateCard({"input_mtok": Decimal(1)}, {}, None).find("text_large_context", "input", 300_000)
    assert rate.note == "standard rate assumed for a large context"


def test_a_price_of_zero_is_not_believed() -> None:
    rate = RateCard({"input_mtok": Decimal(0)}, {}, None).find("text", "input", 1)
    assert rate.amount is None
    assert "free = true" in str(rate.note)
    assert RateCard({}, {}, None).find("text", "input", 1) == NO_RATE


def test_a_condition_that_changed_nothing_is_said() -> None:
    prices = {"input_mtok": Decimal(1), "output_mtok": Decimal(5), "web_searches_kcount": Decimal(10)}
    changed = {("processing", "batch"): frozenset({"input_mtok"}), ("service_tier", "scale"): None}
    card = RateCard(prices, changed, "datazone.us")
    known = "standard rate assumed for service tier scale; standard rate assumed for datazone.us"
    assert card.find("text", "input", 1).note == known
    assert card.find("text", "output", 1).note == f"standard rate assumed for processing batch; {known}"
    # A search costs the same in a batch.
    assert card.find("web_search_request", "output", 1).note is None


def test_a_rate_whose_products_need_rounding_says_so() -> None:
    assert make_rate(Decimal("2.5"), 1_000_000) == (Decimal("0.0000025"), None, True)
    assert not make_rate(Decimal("1"), 3600).exact


@pytest.mark.parametrize(
    ("price", "per", "is_exact"),
    [
        ("0.000000001", 1_000_000, True),
        ("0.0000000001", 1_000_000, False),
        ("0.5", 1000, True),
        ("7", 9, False),
    ],
)
def test_rates_of_up_to_fifteen_decimals_are_exact(price: str, per: int, is_exact: bool) -> None:
    assert make_rate(Decimal(price), per, "assumed") == (Decimal(price) / per, "assumed", is_exact)


def test_of_several_sizes_the_last_that_the_prompt_is_above_counts() -> None:
    steps = ((-1, Decimal(1)), (100, Decimal(2)), (200, Decimal(3)))
    card = RateCard({"input_mtok": steps, "output_mtok": Decimal(9)}, {}, None)
    assert card.is_by_size
    found = [card.find("text", "input", prompt).amount for prompt in (1, 100, 101, 200, 201)]
    assert [amount and amount * 1_000_000 for amount in found] == [1, 1, 2, 2, 3]
    large = [card.find("text_large_context", "input", prompt).amount for prompt in (1, 201)]
    assert [amount and amount * 1_000_000 for amount in large] == [2, 3]
    assert not RateCard({"output_mtok": Decimal(9)}, {}, None).is_by_size


def test_the_notes_of_a_rate_are_all_that_was_assumed() -> None:
    card = RateCard({"input_mtok": Decimal(1)}, {("service_tier", "flex"): None}, None)
    assert card.find("vision_large_context", "input", 1).note == (
        "vision at the input rate; standard rate assumed for service tier flex; standard rate assumed for a"
        " large context"
    )
    assert NO_RATE.note == "the price list has no rate for it"
