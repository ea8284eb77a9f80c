"""What is said of a budget, and how a webhook gets it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from payi_transport.budgets.budget import Key, make_budgets
from payi_transport.budgets.notices import Notice, format_apart, format_money, make_notice, make_refusal, post
from payi_transport.budgets.store import Total
from payi_transport.client import untraced
from tests.budgets.support import START, read_budgets
from tests.support.origin import CannedResponse, Origin


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.00001", "<$0.0001"),
        ("-0.00001", "-<$0.0001"),
        ("0.0042", "$0.0042"),
        ("0.99996", "$1.0000"),
        ("1.005", "$1.00"),
        ("12.4", "$12.40"),
        ("1043.834", "$1,043.83"),
        ("-12.4", "-$12.40"),
        ("1", "$1.00"),
        ("-1", "-$1.00"),
        ("-0.9999", "-$0.9999"),
        ("0.0001", "$0.0001"),
        # Halves are rounded to the even digit.
        ("0.00005", "<$0.0001"),
        ("0.00015", "$0.0002"),
        ("1.015", "$1.02"),
    ],
)
def test_money_has_the_digits_that_matter(amount: str, text: str) -> None:
    assert format_money(Decimal(amount)) == text


def test_money_may_have_other_digits() -> None:
    assert format_money(Decimal("12.3456"), 3) == "$12.346"
    assert format_money(Decimal("1234.5"), 0) == "$1,234"
    assert format_money(Decimal("0.004"), 2) == "<$0.01"


@pytest.mark.parametrize(
    ("spent", "amount", "shown"),
    [
        ("5", "10", ("$5.00", "$10.00")),
        ("10", "10", ("$10.00", "$10.00")),
        ("1", "1.0000000000000000001", ("$1.000000000000000", "$1.000000000000000")),
        ("499.998", "500", ("$499.9980", "$500.0000")),
        ("0.5", "1.5", ("$0.5000", "$1.50")),
        ("1.0000001", "1.0000002", ("$1.000000100", "$1.000000200")),
        ("0.00015", "0.0002", ("$0.000150", "$0.000200")),
    ],
)
def test_two_amounts_are_told_apart(spent: str, amount: str, shown: tuple[str, str]) -> None:
    assert format_apart(Decimal(spent), Decimal(amount)) == shown


def notice(level: str = "0.8", unpriced: int = 0, **settings: Any) -> Notice:
    customers = {"amount": 500, "zone": "Europe/Berlin", **settings}
    (budget,) = make_budgets(read_budgets({"customers": customers}))
    period = budget.find_period(START)
    total = Total(Key("customers", "acme", period.start.timestamp()), Decimal("401.2"), 7, unpriced)
    return make_notice(budget, total, Decimal(level), period)


def test_a_notice_names_amounts_period_and_zone() -> None:
    assert notice().text == (
        "budget customers (acme) reached 80 %: $401.20 of $500.00 in the month from 2026-11-01 00:00"
        " (Europe/Berlin)"
    )


def test_a_notice_of_a_spent_budget_says_until_when_calls_are_refused() -> None:
    text = notice("1.0", enforce=True).text
    assert "reached 100 %" in text
    assert text.endswith("; its calls are refused until 2026-12-01 00:00")


@pytest.mark.parametrize(("level", "enforce"), [("0.99", True), ("1", False)])
def test_a_notice_says_nothing_of_refusals_where_there_are_none(level: str, enforce: bool) -> None:
    assert "refused" not in notice(level, enforce=enforce).text


def test_a_notice_names_everything_that_a_program_may_need() -> None:
    assert msgspec.structs.asdict(notice("1.5", 2, period="week", enforce=True)) == {
        "text": "budget customers (acme) reached 150 %: $401.20 of $500.00 in the week from 2026-11-02 00:00"
        " (Europe/Berlin); its calls are refused until 2026-11-09 00:00; 2 calls have no price and are not"
        " in it",
        "budget": "customers",
        "owner": "acme",
        "level": "1.5",
        "spent": "401.2",
        "amount": "500",
        "currency": "USD",
        "period": "week",
        "period_start": datetime.fromisoformat("2026-11-02T00:00:00+01:00"),
        "period_end": datetime.fromisoformat("2026-11-09T00:00:00+01:00"),
        "zone": "Europe/Berlin",
        "calls": 7,
        "unpriced": 2,
        "enforced": True,
    }
    assert not notice().enforced


def test_a_notice_says_what_is_not_in_the_sum() -> None:
    assert notice(unpriced=1200).text.endswith("; 1,200 calls have no price and are not in it")
    assert notice(unpriced=1).text.endswith("; 1 call without a price is not in it")


def test_a_refusal_says_when_calls_are_sent_again() -> None:
    (budget,) = make_budgets(read_budgets({"b": {"amount": "0.5", "zone": "Asia/Kolkata", "period": "day"}}))
    assert make_refusal(budget, "", budget.find_period(START)) == (
        "budget b is spent: $0.5000 a day, so the request was not sent; its next period starts at"
        " 2026-11-06 00:00 (Asia/Kolkata), or raise config.budgets.b.amount"
    )


def test_a_refusal_names_whose_budget_is_spent() -> None:
    (budget,) = make_budgets(read_budgets({"b": {"amount": 1, "by": "account_name"}}))
    assert make_refusal(budget, "acme", budget.find_period(START)).startswith("budget b (acme) is spent: ")


def test_a_refusal_by_the_hour_has_the_right_article() -> None:
    (budget,) = make_budgets(read_budgets({"b": {"amount": 1, "period": "hour"}}))
    assert "is spent: $1.00 an hour, so" in make_refusal(budget, "", budget.find_period(START))


def test_the_machines_zone_has_a_name_too() -> None:
    made = make_budgets(read_budgets({"b": {"amount": 1}}))[0]
    assert make_refusal(made, "", made.find_period(START)).count("()") == 0


def test_a_webhook_gets_a_text_and_every_figure_as_exact_decimal(origin: Origin) -> None:
    origin.responses = [CannedResponse([b"ok"])]
    assert post(f"{origin.url}/hook/secret", notice()) is None
    (request,) = origin.received
    assert (request.method, request.path) == ("POST", "/hook/secret")
    sent = msgspec.json.decode(request.body)
    assert sent["text"] == notice().text
    assert (sent["spent"], sent["amount"], sent["level"]) == ("401.2", "500", "0.8")
    assert (sent["period_start"], sent["zone"]) == ("2026-11-01T00:00:00+01:00", "Europe/Berlin")
    assert {name.lower(): value for name, value in request.headers.items()}[
        "content-type"
    ] == "application/json"


def test_what_went_wrong_is_returned_without_the_address(origin: Origin) -> None:
    origin.responses = [CannedResponse(status=410)]
    assert post(f"{origin.url}/hook/secret", notice()) == "HTTP 410"
    assert post("http://127.0.0.1:1/secret", notice()) == "ConnectError"
    assert post("https://[::1/", notice()) == "InvalidURL"


def test_a_webhook_has_five_seconds_to_respond(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[dict[str, Any]] = []

    class Client(untraced.UntracedClient):
        def __init__(self, **options: Any) -> None:
            noted.append(options)
            super().__init__(**options)

    monkeypatch.setattr(untraced, "UntracedClient", Client)
    origin.responses = [CannedResponse([b"ok"])]
    assert post(f"{origin.url}/hook", notice()) is None
    assert noted == [{"timeout": 5.0}]


@pytest.mark.parametrize(
    ("status", "problem"), [(200, None), (204, None), (302, "HTTP 302"), (500, "HTTP 500")]
)
def test_only_a_success_is_one(origin: Origin, status: int, problem: str | None) -> None:
    origin.responses = [CannedResponse(status=status)]
    assert post(f"{origin.url}/hook", notice()) == problem
