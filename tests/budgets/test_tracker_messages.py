"""What a tracker says, counts, and keeps of calls that went through the proxy or have no price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from payi_transport.context.frame import Frame
from tests.budgets.support import START, Desk, make_desk, make_event


def proxied(desk: Desk, base: object, at: float = START.timestamp()) -> None:
    desk.tracker.charge_proxied(Frame(), at, {"cost": {"total": {"base": base}}})


def read_total(desk: Desk) -> tuple[Any, ...]:
    """The sum, the calls, and those without a price of the current day."""
    desk.tracker.flush()
    (total,) = desk.store.read_totals({"b": desk.now.replace(hour=0).timestamp()})
    return total.spent, total.calls, total.unpriced


@pytest.mark.parametrize(("base", "spent"), [(2, "2"), (0.1, "0.1"), (0, "0"), (0.0, "0.0"), (1e-7, "1E-7")])
def test_a_cost_of_the_proxy_is_counted_by_its_text(tmp_path: Path, base: object, spent: str) -> None:
    desk = make_desk(tmp_path)
    proxied(desk, base)
    assert desk.warnings == []
    assert read_total(desk) == (Decimal(spent), 1, 0)


@pytest.mark.parametrize(
    "result", [None, "x", {}, {"cost": None}, {"cost": {"total": 1}}, {"cost": {"total": {"base": "1"}}}]
)
def test_a_result_without_a_cost_is_a_call_without_a_price(tmp_path: Path, result: Any) -> None:
    desk = make_desk(tmp_path)
    desk.tracker.charge_proxied(Frame(), START.timestamp(), result)
    assert read_total(desk) == (0, 1, 1)
    assert desk.warnings == [
        "a call of a proxied request under budget b has no price, or only a part of one, so the budget does"
        " not count all of its cost; add a price under [[prices.own]]"
    ]


def test_a_proxied_call_counts_at_the_time_of_its_own(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    proxied(desk, 10, (START - timedelta(days=1)).timestamp())
    assert not desk.is_refused()
    proxied(desk, 10)
    assert desk.is_refused()


def test_calls_with_and_without_a_price_are_counted_apart(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    for cost in ("1.5", None, "2", None, None):
        desk.call(cost)
    assert read_total(desk) == (Decimal("3.5"), 5, 3)


def test_a_model_without_a_price_is_reported_once_for_each_budget(tmp_path: Path) -> None:
    rule = {"amount": 10, "zone": "UTC", "period": "day"}
    desk = Desk(tmp_path, {"a": rule, "b": {**rule, "by": "account_name"}})
    desk.call(None)
    desk.call(None, account_name="acme")
    desk.call(None, account_name="acme")
    assert [warning.partition(" has no price")[0] for warning in desk.warnings] == [
        "a call of unknown under budget a",
        "a call of unknown under budget b",
    ]


def test_up_to_a_thousand_models_are_told_of(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.tracker._warned = {("b", str(number)) for number in range(999)}
    desk.call(None)
    assert len(desk.warnings) == 1
    assert len(desk.tracker._warned) == 1000


@pytest.mark.parametrize(("cost", "reached"), [("7.99", []), ("8", ["80 %"]), ("10", ["80 %", "100 %"])])
def test_a_level_is_reached_with_its_last_cent(tmp_path: Path, cost: str, reached: list[str]) -> None:
    desk = make_desk(tmp_path, warn_at=[0.8, 1])
    desk.call(cost)
    desk.tracker.flush()
    assert [text.partition("reached ")[2].partition(":")[0] for text in desk.warnings] == reached


def test_a_level_names_the_owner_and_the_period_that_reached_it(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, warn_at=[0.5], by="account_name", enforce=False)
    for account, at in (("acme", START), ("zeta", START - timedelta(days=2))):
        desk.tracker.charge(Frame(account_name=account), make_event("5", at=at, account_name=account))
    desk.tracker.flush()
    assert sorted(desk.warnings) == [
        "budget b (acme) reached 50 %: $5.00 of $10.00 in the day from 2026-11-05 00:00 (UTC)",
        "budget b (zeta) reached 50 %: $5.00 of $10.00 in the day from 2026-11-03 00:00 (UTC)",
    ]
    assert desk.posted == []


def test_a_webhook_is_tried_three_times_and_its_message_is_logged(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, warn_at=[0.5], webhook="https://hooks.test/secret")
    desk.problems = ["HTTP 500", "ConnectError", "HTTP 503"]
    desk.call("5")
    for _ in range(5):
        desk.tracker.flush()
    notice, given_up = desk.warnings
    assert given_up == (
        "the webhook of budget b did not accept a message (HTTP 503) in 3 attempts, and it is not sent again:"
        f" {notice}"
    )
    assert [(url, sent.text) for url, sent in desk.posted] == [("https://hooks.test/secret", notice)] * 3
    assert "secret" not in notice + given_up


def test_a_file_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "budgets.db").mkdir()
    desk = make_desk(tmp_path)
    (text,) = desk.file_warnings
    assert text == (
        "can't use the budgets file (unable to open database file), so sums stay in memory until it can be"
        f" written; make {tmp_path / 'budgets.db'} writable, or set config.budgets_file"
    )
    desk.call("4")
    desk.tracker.flush()
    desk.call("6")
    desk.tracker.flush()
    assert len(desk.file_warnings) == 3
    assert desk.is_refused()
    assert desk.faults == []


def test_lost_calls_count_on_the_day_on_which_they_are_noticed(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    lost = 3
    desk.tracker.read_lost = lambda: lost
    desk.tracker.flush()
    desk.advance(days=1)
    lost = 7
    desk.tracker.flush()
    assert (desk.store.read_lost("2026-11-05"), desk.store.read_lost("2026-11-06")) == (7, 4)


def test_a_child_refuses_what_its_parent_would_and_warns_of_its_own(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.call("10")
    child = desk.tracker.fork()
    assert "budget b is spent" in str(child.find_refusal(Frame()))
    assert (child.enforces, child.is_enforced(Frame())) == (True, True)
    child.charge(Frame(), make_event(None, at=START))
    assert len(desk.warnings) == 1


def test_a_process_that_starts_knows_what_is_spent(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.call("10")
    desk.tracker.flush()
    other = make_desk(tmp_path)
    assert other.is_refused()
    # Yesterday's sums refuse nothing today.
    desk.advance(days=1)
    desk.restart()
    assert not desk.is_refused()
