"""The section `budgets`: its defaults, and that its amounts are exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from payi_transport.config.validation import check_config
from payi_transport.errors import PayiConfigError


def check(**budget: Any) -> Any:
    return check_config({"budgets": {"team": budget}}).budgets["team"]


def test_a_budget_needs_no_more_than_its_amount() -> None:
    budget = check(amount=500)
    assert (budget.period, budget.zone, budget.by, budget.match) == ("month", None, (), {})
    assert (budget.warn_at, budget.webhook, budget.enforce) == ((0.8, 1.0), None, False)


@pytest.mark.parametrize("amount", [499.1, "499.1", Decimal("499.1")])
def test_an_amount_is_the_decimal_that_was_written(amount: Any) -> None:
    assert check(amount=amount).amount == Decimal("499.1")


@pytest.mark.parametrize(
    ("budget", "named"),
    [
        ({}, "amount"),
        ({"amount": "five"}, "'five'"),
        ({"amount": -1}, "-1"),
        ({"amount": 1, "warn_at": [0]}, "0"),
        ({"amount": 1, "warn_at": [11]}, "11"),
        ({"amount": 1, "period": "decade"}, "'decade'"),
        ({"amount": 1, "zone": "Mars/Olympus"}, "'Mars/Olympus'"),
        ({"amount": 1, "amuont": 2}, "'amuont'"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_used_is_named_with_its_place(budget: dict[str, Any], named: str) -> None:
    with pytest.raises(PayiConfigError, match=r"config\.budgets\b") as refused:
        check(**budget)
    assert named in str(refused.value)


@pytest.mark.parametrize("share", [0.001, 1, 10])
def test_a_warning_may_be_at_any_share_up_to_ten_times_the_amount(share: float) -> None:
    assert check(amount=1, warn_at=[share]).warn_at == (share,)


def test_a_share_above_ten_is_refused_with_what_a_share_is() -> None:
    with pytest.raises(PayiConfigError) as refused:
        check(amount=1, warn_at=[0.5, 10.01])
    assert str(refused.value).endswith(
        "warn_at[1]: expected a share of the amount such as 0.8, above 0, got 10.01"
    )
