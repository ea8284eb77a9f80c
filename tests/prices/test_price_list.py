"""The price list as data: what is found, by when and how a call was made, and that nothing is downloaded."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from importlib import metadata

import pytest

from payi_transport.prices import price_list
from payi_transport.prices.conditions import NO_CONDITIONS, Conditions
from payi_transport.prices.price_list import ListedModel, PriceList
from payi_transport.prices.resources import Place
from tests.prices.calls import MOMENT

pytest.importorskip("genai_prices")
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
