"""An invoice is spread by our shares, and the rows add up to it to the cent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.budgets.owners import read_event_field
from payi_transport.reports.allocation import NOBODY, BillScope, Shares, allocate, round_to_total
from payi_transport.reports.bills.line import BillLine
from tests.reports.support import NOON, make_call

RATES = {"text input": "2", "text output": "8", "gpt-5 text input": "10"}


def line(cost: Any, model: str = "gpt-4.1", kind: str = "input") -> BillLine:
    return BillLine(
        provider="openai", start=NOON, model=model, kind=kind, cost=None if cost is None else Decimal(cost)
    )


def shares_of(*calls: Any, fields: tuple[str, ...] = ("account_name",), rates: Any = RATES) -> Shares:
    shares = Shares(fields, read_event_field)
    for account, units, more in calls:
        shares.add(make_call(units, rates, account_name=account, **more))
    return shares


def test_a_call_with_several_tags_has_one_owner() -> None:
    shares = shares_of(
        ("acme", {"text": (30, 0)}, {"request_tags": ("a", "b")}),
        ("acme", {"text": (10, 0)}, {"request_tags": ()}),
        fields=("request_tags",),
    )
    assert allocate([line(8)], shares) == {("a, b",): Decimal(6), ("(none)",): Decimal(2)}


def test_each_model_and_kind_is_spread_by_its_own_shares() -> None:
    shares = shares_of(
        ("acme", {"text": (30, 0)}, {}),
        ("zeta", {"text": (10, 5)}, {}),
        ("zeta", {"text": (7, 0)}, {"resource": "gpt-5"}),
    )
    paid = allocate([line(100), line(11, kind="output"), line(20, "gpt-5")], shares)
    assert paid == {("acme",): Decimal(75), ("zeta",): Decimal(56)}


def test_what_has_no_model_is_spread_by_everything_and_credits_too() -> None:
    shares = shares_of(("acme", {"text": (30, 0)}, {}), ("zeta", {"text": (10, 0)}, {}))
    paid = allocate([line(100), line(10, "", ""), line(-2, "", "")], shares)
    assert paid == {("acme",): Decimal(81), ("zeta",): Decimal(27)}


def test_a_kind_that_was_not_seen_is_spread_by_the_model() -> None:
    shares = shares_of(("acme", {"text": (30, 0)}, {}), ("zeta", {"text": (10, 0)}, {}))
    assert allocate([line(8, kind="cache_read")], shares) == {("acme",): Decimal(6), ("zeta",): Decimal(2)}


def test_what_has_no_price_is_spread_by_tokens() -> None:
    shares = shares_of(
        ("acme", {"text": (30, 0)}, {}), ("zeta", {"text": (10, 0)}, {}), rates={"text input": None}
    )
    assert allocate([line(8)], shares) == {("acme",): Decimal(6), ("zeta",): Decimal(2)}


def test_what_was_never_seen_stays_a_row_of_its_own() -> None:
    shares = shares_of(
        (None, {"text": (30, 0)}, {"use_case_name": "bot"}), fields=("account_name", "use_case_name")
    )
    paid = allocate([line(10), line(3, "gpt-9"), line(None)], shares)
    assert paid == {("(none)", "bot"): Decimal(10), NOBODY: Decimal(3)}
    assert allocate([line(3)], Shares(["user_id"], read_event_field)) == {NOBODY: Decimal(3)}


def test_three_equal_shares_of_a_dollar() -> None:
    shares = shares_of(*((name, {"text": (1, 0)}, {}) for name in "abc"))
    paid = allocate([line(1)], shares)
    assert paid == {("a",): Decimal("0.34"), ("b",): Decimal("0.33"), ("c",): Decimal("0.33")}


def test_those_who_pay_the_most_are_first_and_then_by_name() -> None:
    shares = shares_of(*((name, {"text": (count, 0)}, {}) for name, count in (("b", 1), ("c", 2), ("a", 1))))
    found: Any = [*allocate([line(8)], shares).items()]
    assert found == [(("c",), 4), (("a",), 2), (("b",), 2)]


def test_a_cost_weighs_more_than_a_count_and_the_model_more_than_everything() -> None:
    shares = shares_of(
        ("acme", {"text": (1, 0), "text_cache_read": (99, 0)}, {}),
        ("zeta", {"text": (3, 0)}, {"resource": "gpt-5"}),
    )
    # Nothing that was read from a cache has a price, so its tokens weigh.
    assert allocate([line(8, kind="cache_read")], shares) == {("acme",): Decimal(8)}
    # 2 and 30 dollars.
    assert allocate([line(16, "", "")], shares) == {("zeta",): Decimal(15), ("acme",): Decimal(1)}


def test_tokens_of_another_model_are_spread_as_those_of_that_model() -> None:
    call = make_call({"text": (5, 0)}, RATES, account_name="acme")
    other = msgspec.structs.replace(call.estimate.lines[0], model="claude-x")
    shares = Shares(["account_name"], read_event_field)
    shares.add(call._replace(estimate=msgspec.structs.replace(call.estimate, lines=(other,))))
    assert allocate([line(8, "claude-x"), line(4)], shares) == {("acme",): Decimal(8), NOBODY: Decimal(4)}


@pytest.mark.parametrize(("cost", "paid"), [("0.005", "0.00"), ("0.015", "0.02"), ("0.0149", "0.01")])
def test_an_invoice_is_rounded_to_the_nearest_cent(cost: str, paid: str) -> None:
    shares = shares_of(("acme", {"text": (1, 0)}, {}))
    assert allocate([line(cost)], shares) == {("acme",): Decimal(paid)}


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefg"), st.integers(0, 10**6), st.integers(0, 10**4)), max_size=20
    ),
    st.lists(
        st.tuples(
            st.decimals(-100, 10**6, places=6),
            st.sampled_from(["gpt-4.1", "gpt-5", ""]),
            st.sampled_from(["input", "output", ""]),
        ),
        max_size=20,
    ),
)
def test_the_rows_add_up_to_the_invoice(calls: list[Any], rows: list[Any]) -> None:
    shares = shares_of(*((name, {"text": (sent, got)}, {}) for name, sent, got in calls))
    paid = allocate([line(*row) for row in rows], shares)
    invoice = sum((cost for cost, _, _ in rows), Decimal(0)).quantize(Decimal("0.01"))
    assert sum(paid.values(), Decimal(0)) == invoice
    assert all(amount == amount.quantize(Decimal("0.01")) for amount in paid.values())


@pytest.mark.parametrize(
    ("parts", "total", "rounded"),
    [
        ([Fraction(1, 3)] * 3, "1", ["0.34", "0.33", "0.33"]),
        ([Fraction(-1, 3)] * 3, "-1", ["-0.33", "-0.33", "-0.34"]),
        ([Fraction(5, 1000), Fraction(5, 1000)], "0.01", ["0.01", "0"]),
        ([Fraction(2, 1000), Fraction(8, 1000)], "0.01", ["0", "0.01"]),
        ([], "0", []),
    ],
)
def test_the_largest_remainders_are_rounded_up(parts: Any, total: str, rounded: list[str]) -> None:
    found = round_to_total(dict(enumerate(parts)), Decimal(total))
    assert [*found.values()] == [Decimal(amount) for amount in rounded]


@pytest.mark.parametrize("currency", ["JPY", "KRW", "VND", "CLP", "ISK"])
def test_a_currency_without_cents_is_spread_in_whole_coins(currency: str) -> None:
    shares = shares_of(*((name, {"text": (1, 0)}, {}) for name in ("a", "b", "c")))
    bill = BillLine(
        provider="openai", start=NOON, model="gpt-4.1", kind="input", cost=Decimal(100), currency=currency
    )
    assert sorted(allocate([bill], shares).values()) == [33, 33, 34]
    in_euros = msgspec.structs.replace(bill, currency="EUR")
    assert sorted(allocate([in_euros], shares).values()) == [
        Decimal("33.33"),
        Decimal("33.33"),
        Decimal("33.34"),
    ]


def test_only_calls_that_the_bill_is_about_have_a_share() -> None:
    start = NOON.replace(hour=0)
    calls = [
        make_call({"text": (1, 0)}, RATES, event_timestamp=start),
        make_call({"text": (1, 0)}, RATES, event_timestamp=start - timedelta(seconds=1)),
        make_call({"text": (1, 0)}, RATES, event_timestamp=start + timedelta(days=1)),
        make_call({"text": (1, 0)}, RATES, event_timestamp=None),
        make_call({"text": (1, 0)}, RATES, event_timestamp=start, category="system.anthropic"),
    ]
    bill = BillLine(provider="openai", start=start)
    assert [*BillScope([bill]).select(calls)] == calls[:1]
    scope = BillScope([bill])
    assert [*scope.watch(calls)] == calls
    assert scope.seen == 1
    several = BillScope([bill, BillLine(provider="anthropic", start=start - timedelta(seconds=1))])
    assert [*several.select(calls)] == [calls[0], calls[1], calls[4]][:3] and several.seen == 3
    longer = BillLine(provider="openai", start=start, end=start + timedelta(days=2))
    assert [*BillScope([longer]).select(calls)] == [calls[0], calls[2]]
