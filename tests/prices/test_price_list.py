"""The price list as data: what is found, by when and how a call was made, and that nothing is downloaded."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from importlib import metadata
from typing import Any

import pytest

from payi_transport.prices import price_list
from payi_transport.prices.conditions import NO_CONDITIONS, Conditions
from payi_transport.prices.price_list import ListedModel, PriceList
from payi_transport.prices.resources import Place
from tests.prices.calls import MOMENT

genai_prices = pytest.importorskip("genai_prices")
pytest.importorskip("genai_prices.types")
GPT = Place("system.openai", "gpt-5", "")


def find(name: str, category: str = "system.openai") -> ListedModel:
    model = PriceList().find_model(Place(category, name, ""))
    assert model is not None
    return model


def test_a_model_is_found_once_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = PriceList()
    found = prices.find_model(GPT)
    assert found is not None
    assert found.name == "openai gpt-5"
    assert prices.find_model(GPT) is found
    assert prices.find_model(GPT._replace(resource="gpt-99")) is None
    # The list knows this model, but nobody entered its prices.
    assert prices.find_model(Place("system.google.vertex", "gemma-4-26b-a4b-it", "")) is None
    monkeypatch.setattr(price_list, "_MAX_REMEMBERED", 0)
    fresh = PriceList()
    assert fresh.find_model(GPT) is not fresh.find_model(GPT)
    card = fresh.find_card(found, NO_CONDITIONS, MOMENT)
    assert fresh.find_card(found, NO_CONDITIONS, MOMENT) is not card


def test_conditions_change_the_prices_that_the_list_has_for_them() -> None:
    prices, model = PriceList(), find("gpt-5")
    usual = prices.find_card(model, NO_CONDITIONS, MOMENT)
    flex = prices.find_card(model, Conditions((("service_tier", "flex"),)), MOMENT)
    assert usual.find("text", "input", 1).amount == Decimal("0.00000125")
    assert flex.find("text", "input", 1) == (Decimal("0.000000625"), None, True)
    odd = prices.find_card(model, Conditions((("service_tier", "scale"),)), MOMENT)
    assert odd.find("text", "input", 1).note == "standard rate assumed for service tier scale"


def make_model(variants: Any) -> ListedModel:
    """A model whose price depends on the size of the prompt, with a price of its own for batches."""
    types = pytest.importorskip("genai_prices.types")
    price = types.TieredPrices(base=Decimal(4), tiers=[types.Tier(start=100, price=Decimal(8))])
    model = types.ModelInfo(
        id="m",
        match=types.ClauseEquals("m"),
        prices=types.ModelPrice(input_mtok=price, output_mtok=Decimal(6)),
        price_variants=[
            types.PriceVariant(
                when=when,
                prices=types.ModelPrice(**prices),
                constraint=start and types.StartDateConstraint(start),
            )
            for when, prices, start in variants
        ],
    )
    return ListedModel("test m", model, False)


@pytest.mark.skipif(not hasattr(genai_prices.types, "PriceVariant"), reason="an earlier list has no variants")
def test_a_condition_counts_from_the_day_on_which_the_list_has_a_price_for_it() -> None:
    batch = Conditions((("processing", "batch"),))
    variants = [({"processing": "batch"}, {"input_mtok": Decimal(2)}, MOMENT.date())]
    model, prices = make_model(variants), PriceList()
    found = {
        name: prices.find_card(model, batch, moment).find("text", "input", 1)
        for name, moment in (("before", MOMENT - timedelta(days=1)), ("after", MOMENT))
    }
    assert found["before"].amount == Decimal("0.000004")
    assert found["before"].note == "standard rate assumed for processing batch"
    assert (found["after"].amount, found["after"].note) == (Decimal("0.000002"), None)
    # What the condition has no price for keeps that of the list.
    output = prices.find_card(model, batch, MOMENT).find("text", "output", 1)
    assert (output.amount, output.note) == (
        Decimal("0.000006"),
        "standard rate assumed for processing batch",
    )
    other = Conditions((("service_tier", "flex"),))
    note = prices.find_card(model, other, MOMENT).find("text", "input", 1).note
    assert note == "standard rate assumed for service tier flex"


@pytest.mark.skipif(not hasattr(genai_prices.types, "PriceVariant"), reason="an earlier list has no variants")
def test_a_price_by_size_is_that_of_the_prompt() -> None:
    card = PriceList().find_card(make_model([]), NO_CONDITIONS, MOMENT)
    assert card.is_by_size
    amounts = [card.find("text", "input", prompt).amount for prompt in (0, 100, 101)]
    assert amounts == [Decimal("0.000004"), Decimal("0.000004"), Decimal("0.000008")]


def test_a_place_of_processing_is_said_where_the_list_has_no_price_for_it() -> None:
    card = PriceList().find_card(find("gpt-5"), Conditions(place="region.eu"), MOMENT)
    assert card.find("text", "input", 1).note == "standard rate assumed for region.eu"


def test_moments_of_one_day_in_utc_share_their_prices() -> None:
    prices, model = PriceList(), find("gpt-5")
    zone = timezone(timedelta(hours=12))
    late = MOMENT.replace(hour=23)
    same = prices.find_card(model, NO_CONDITIONS, late.astimezone(zone))
    assert prices.find_card(model, NO_CONDITIONS, MOMENT) is same
    assert prices.find_card(model, NO_CONDITIONS, late + timedelta(hours=1)) is not same


def test_prices_are_those_of_the_day_of_the_call() -> None:
    prices, model = PriceList(), find("o3")
    early = datetime(2025, 5, 1, tzinfo=timezone.utc)
    amounts = [
        prices.find_card(model, NO_CONDITIONS, day).find("text", "input", 1).amount for day in (early, MOMENT)
    ]
    assert amounts[0] != amounts[1]
    same = prices.find_card(model, NO_CONDITIONS, MOMENT + timedelta(hours=1))
    assert prices.find_card(model, NO_CONDITIONS, MOMENT) is same


def test_prices_by_the_time_of_day_are_looked_up_for_each_time() -> None:
    prices, model = PriceList(), find("deepseek-chat", "deepseek")
    assert model.by_time
    day = datetime(2025, 8, 1, tzinfo=timezone.utc)
    amounts = {
        prices.find_card(model, NO_CONDITIONS, day + timedelta(hours=hour)).find("text", "input", 1).amount
        for hour in range(24)
    }
    assert len(amounts) == 2


def test_without_the_package_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", fail)
    prices = PriceList()
    assert prices.version is None
    assert prices.find_model(GPT) is None


CHECK = """
import socket, threading
def refuse(*args): raise AssertionError("a socket")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from tests.prices.calls import make_call
from payi_transport.prices import estimate
assert estimate(make_call()).status == "priced"
import genai_prices.data_snapshot as snapshot, genai_prices.update_prices as updater
assert snapshot._custom_snapshot is None
assert [thread.name for thread in threading.enumerate()] == ["MainThread"]
"""


def test_pricing_opens_no_socket_and_starts_no_updater() -> None:
    subprocess.run([sys.executable, "-c", CHECK], check=True)
