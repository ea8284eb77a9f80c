"""The section `prices`: what it may say, and what each mistake is told."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from payi_transport import PayiConfigError, PayiPricesConfig
from payi_transport.config.price_settings import read_moment
from payi_transport.config.validation import check_config

FREE = {"free": True}


def check(**row: Any) -> Any:
    return check_config({"prices": {"own": [row]}}).prices.own[0]


def test_amounts_are_read_as_they_are_written() -> None:
    row = check(units={"text": {"input": 0.1, "output": "0.3", "per": 1000}}, multiplier=Decimal("1.1"))
    assert row.units["text"].input == Decimal("0.1")
    assert row.units["text"].output == Decimal("0.3")
    assert row.multiplier == Decimal("1.1")
    prices: PayiPricesConfig = {
        "own": [{"resource": "m", "units": {"text": {"input": 1}}, "from": "2026-01-01"}]
    }
    assert check_config({"prices": prices}).prices.own[0].period[0] == datetime(
        2026, 1, 1, tzinfo=timezone.utc
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({}, "one of units, multiplier, free, and cost_per_hour is needed"),
        ({**FREE, "multiplier": 2}, "free and units or multiplier exclude each other"),
        ({**FREE, "cost_per_hour": 2}, "free and cost_per_hour exclude each other"),
        ({**FREE, "tokens_per_hour": 2}, "tokens_per_hour is needed with cost_per_hour only"),
        ({"multiplier": -1}, "multiplier: expected a number from 0, got '-1'"),
        ({"multiplier": "many"}, "multiplier: expected a factor such as 0.93 or '1.1', got 'many'"),
        ({"cost_per_hour": "NaN"}, "cost_per_hour: expected a number from 0, got 'NaN'"),
        ({"units": {"text": {}}}, "one of input and output is needed"),
        ({"units": {"text": {"output": -2}}}, "output: expected a number from 0, got '-2'"),
        ({"units": {"text": {"input": 1, "per": 0}}}, "per: expected an integer from 1 to 2**53, got 0"),
        ({**FREE, "from": "soon"}, "from: expected a date such as 2026-07-01"),
        (
            {**FREE, "from": "soon"},
            "or a time such as '2026-07-01T00:00:00+02:00', got 'soon'",
        ),
        ({**FREE, "until": 5}, "until: expected a date"),
        ({**FREE, "until": 5}, "got 5"),
        ({**FREE, "from": "2026-02-02", "until": "2026-02-01"}, "from: expected a moment before until"),
        ({"multiplier": 2, "cost_per_hour": 2}, "cost_per_hour and units or multiplier exclude each other"),
        (
            {**FREE, "cost_per_hour": 2, "units": {"text": {"input": 1}}},
            "free and cost_per_hour and units or multiplier exclude each other",
        ),
        ({"multiplier": "Infinity"}, "multiplier: expected a number from 0, got 'Infinity'"),
        ({"units": {"text": {"input": -1}}}, "input: expected a number from 0, got '-1'"),
        (
            {"units": {"text": {"input": "x"}}},
            "input: expected an amount in US dollars, such as 2.5 or '0.075'",
        ),
        (
            {"units": {"text": {"input": 1, "per": 2**53 + 1}}},
            "per: expected an integer from 1 to 2**53, got",
        ),
        ({"units": {"": {"input": 1}}}, "expected a string that is not empty, got ''"),
        ({"cost_per_hour": 1, "tokens_per_hour": 0}, "tokens_per_hour: expected an integer from 1 to 2**53"),
        ({**FREE, "from": "2026-02-01", "until": "2026-02-01"}, "from: expected a moment before until"),
        ({**FREE, "model": "m"}, "unknown key 'model'; accepted: category, cost_per_hour, free, from"),
    ],
)
def test_a_mistake_names_the_key_the_value_and_what_is_accepted(row: dict[str, Any], message: str) -> None:
    with pytest.raises(PayiConfigError) as caught:
        check(**row)
    assert str(caught.value).startswith("config.prices.own[0]")
    assert re.search(rf"{re.escape(message)}(?!\w)", str(caught.value))


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (date(2026, 7, 1), datetime(2026, 7, 1, tzinfo=timezone.utc)),
        ("2026-07-01", datetime(2026, 7, 1, tzinfo=timezone.utc)),
        (datetime(2026, 7, 1, 9), datetime(2026, 7, 1, 9, tzinfo=timezone.utc)),
        (" 2026-07-01 ", datetime(2026, 7, 1, tzinfo=timezone.utc)),
        ("2026-07-01T09:00:00", datetime(2026, 7, 1, 9, tzinfo=timezone.utc)),
        ("2026-07-01T09:00:00Z", datetime(2026, 7, 1, 9, tzinfo=timezone.utc)),
        ("2026-07-01T09:00:00+02:00", datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_a_date_is_midnight_in_utc(value: object, moment: datetime) -> None:
    assert read_moment(value) == moment


@pytest.mark.parametrize(
    "row",
    [
        {"multiplier": 0},
        {"cost_per_hour": 0},
        {"cost_per_hour": "12.5", "tokens_per_hour": 1},
        {"cost_per_hour": 1, "tokens_per_hour": 2**53},
        {"units": {"text": {"input": 0, "per": 1}}},
        {"units": {"text": {"output": 0, "per": 2**53}}, "multiplier": 2},
        {**FREE, "from": "2026-02-01", "until": "2026-02-01T00:00:01"},
    ],
)
def test_what_is_accepted_at_the_bounds(row: dict[str, Any]) -> None:
    check(**row)


def test_a_price_without_more_is_of_a_million_units_and_open_at_both_ends() -> None:
    row = check(units={"text": {"input": 1}})
    assert (row.units["text"].per, row.units["text"].output, row.period) == (1_000_000, None, (None, None))
    assert (row.category, row.resource, row.multiplier, row.free) == (None, None, None, False)
    assert (row.cost_per_hour, row.tokens_per_hour) == (None, None)
    assert check_config({}).prices.own == ()


def test_the_end_of_a_price_is_read_like_its_start() -> None:
    row = check(**FREE, until=date(2026, 7, 1))
    assert row.period == (None, datetime(2026, 7, 1, tzinfo=timezone.utc))
