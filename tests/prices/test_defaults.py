"""The prices that this process is configured with."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from payi_transport import MemorySink, PayiConfigError, payi_instrument, payi_uninstrument
from payi_transport.config.active_prices import find_prices, use_prices
from payi_transport.config.validation import check_config
from payi_transport.prices import defaults, estimate, find_pricer
from tests.prices.calls import make_call

FREE = check_config({"prices": {"own": [{"free": True}]}}).prices
TWO = '{"own": [{"units": {"text": {"input": "2"}}}]}'


@pytest.fixture(autouse=True)
def _restore(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(defaults, "_remembered", None)
    use_prices(None)
    yield
    use_prices(None)


def test_prices_are_from_the_environment_until_a_program_configures_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_PRICES", TWO)
    assert estimate(make_call()).total == 2
    assert find_pricer() is find_pricer()
    payi_instrument(
        sink=MemorySink(), config={"prices": {"own": [{"units": {"text": {"input": Decimal(3)}}}]}}
    )
    try:
        assert find_prices() is not None
        assert estimate(make_call()).total == 3
    finally:
        payi_uninstrument()


def test_prices_as_an_argument_win() -> None:
    assert estimate(make_call(), prices=FREE).total == 0


def test_a_result_of_pay_i_wins() -> None:
    assert estimate(make_call(), result={"cost": {"total": {"base": "7"}}}).total == 7


def test_a_wrong_environment_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_TRANSPORT_PRICES", '{"own": [{"free": 1}]}')
    with pytest.raises(
        PayiConfigError, match=r"PAYI_TRANSPORT_PRICES: own\[0\]\.free: expected True or False"
    ):
        estimate(make_call())
