"""Charging calls, refusing them, warning once, and keeping sums over restarts."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from pathlib import Path

import pytest

from payi_transport.budgets import tracker as module
from payi_transport.context.frame import Frame
from tests.budgets.support import START, make_desk, make_event
from tests.support.decimals import odd_decimals


def test_a_call_is_refused_once_the_amount_is_spent(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.call("9")
    assert not desk.is_refused()
    desk.call("1")
    assert "budget b is spent: $10.00 a day" in str(desk.tracker.find_refusal(Frame()))


def test_a_budget_that_is_not_enforced_refuses_nothing(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, enforce=False)
    desk.call("20")
    assert not desk.is_refused()
    assert not desk.tracker.enforces
    assert not desk.tracker.is_enforced(Frame())


def test_only_calls_that_an_enforced_budget_counts_are_charged_early(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, by="account_name")
    assert desk.tracker.enforces
    assert desk.tracker.is_enforced(Frame(account_name="acme"))
    assert not desk.tracker.is_enforced(Frame())


def test_a_budget_by_a_field_that_no_call_has_refuses_nothing(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, by="account_name")
    desk.call("20", account_name="acme")
    desk.call("20")
    assert desk.is_refused(account_name="acme")
    assert not desk.is_refused()


@odd_decimals
def test_a_sum_is_exact_whatever_decimals_the_program_works_with(decimals: Context, tmp_path: Path) -> None:
    desk = make_desk(tmp_path, amount=100000)
    with localcontext(decimals):
        for cost in ("99999.123456789012345", *["0.0001"] * 3):
            desk.call(cost)
        desk.tracker.flush()
    assert not desk.is_refused()
    assert desk.spent() == Decimal("99999.123756789012345")
    with localcontext(decimals):
        desk.call("0.877")
        assert "budget b is spent: $100,000.00 a day" in str(desk.tracker.find_refusal(Frame()))
    assert desk.faults == []


def test_a_restart_keeps_the_sum(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.call("9.5")
    desk.restart()
    assert not desk.is_refused()
    desk.call("0.5")
    desk.restart()
    assert desk.is_refused()
    assert desk.spent() == 10


def test_a_period_starts_from_zero(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.call("10")
    desk.advance(hours=12)
    assert not desk.is_refused()
    desk.call("10")
    assert desk.is_refused()
    desk.tracker.flush()
    assert desk.spent() == 10


def test_a_call_counts_in_the_period_that_it_began_in(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.now = START + timedelta(hours=12)
    desk.tracker.charge(Frame(), make_event("10", at=START))
    assert not desk.is_refused()
    desk.now = START
    assert desk.is_refused()


def test_a_call_without_a_time_counts_now(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.tracker.charge(Frame(), make_event("10", at=None))
    assert desk.is_refused()


def test_each_level_is_reported_once_in_a_period_over_restarts(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, warn_at=[0.5, 0.8])
    for _ in range(9):
        desk.call("1")
        desk.restart()
    assert ["50 %" in desk.warnings[0], "80 %" in desk.warnings[1]] == [True, True]
    assert len(desk.warnings) == 2
    desk.advance(days=1)
    desk.call("8")
    desk.tracker.flush()
    assert len(desk.warnings) == 4


def test_another_amount_makes_other_levels(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, warn_at=[0.8])
    desk.call("8")
    desk.tracker.close(5)
    raised = make_desk(tmp_path, warn_at=[0.8], amount=20)
    raised.call("8")
    raised.tracker.flush()
    assert "$16.00 of $20.00" in raised.warnings[0]


def test_levels_of_two_processes_are_reported_by_one(tmp_path: Path) -> None:
    first, second = make_desk(tmp_path, warn_at=[0.8]), make_desk(tmp_path, warn_at=[0.8])
    first.call("4")
    second.call("4")
    first.tracker.flush()
    second.tracker.flush()
    first.call("1")
    first.tracker.flush()
    assert [len(first.warnings), len(second.warnings)] == [0, 1]


def test_a_process_learns_what_others_have_spent(tmp_path: Path) -> None:
    first, second = make_desk(tmp_path), make_desk(tmp_path)
    first.call("9")
    first.tracker.flush()
    second.call("1")
    second.tracker.flush()
    assert second.is_refused()


def test_a_call_without_a_price_is_a_warning_once_for_each_model(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, warn_at=[1])
    desk.call(None)
    desk.call(None)
    assert len(desk.warnings) == 1
    assert "a call of unknown under budget b has no price" in desk.warnings[0]
    desk.call("10")
    desk.tracker.flush()
    assert desk.warnings[1].endswith("2 calls have no price and are not in it")


def test_no_more_than_a_thousand_models_are_remembered(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.tracker._warned = {("b", str(number)) for number in range(1000)}
    desk.call(None)
    assert desk.warnings == []


def test_a_webhook_that_recovers_gets_the_message_once(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, warn_at=[0.5], webhook="https://hooks.test/")
    desk.problems = ["HTTP 500", None]
    desk.call("5")
    for _ in range(5):
        desk.tracker.flush()
    assert len(desk.posted) == 2
    assert desk.posted[0][1].spent == "5"


def test_without_a_file_that_can_be_written_sums_are_in_memory(tmp_path: Path) -> None:
    (tmp_path / "budgets.db").write_text(
        "no database, but some text that is long enough to be read as one" * 9
    )
    desk = make_desk(tmp_path, warn_at=[0.5, 1])
    desk.call("6")
    desk.tracker.flush()
    desk.call("4")
    desk.tracker.flush()
    assert desk.is_refused()
    assert [len(desk.warnings), desk.faults] == [2, []]
    assert "make" in desk.file_warnings[0]
    (tmp_path / "budgets.db").unlink()
    desk.tracker.flush()
    assert desk.spent() == 10
    assert len(desk.warnings) == 2


def test_a_call_that_went_through_the_proxy_counts_with_pay_is_cost(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    result = {"cost": {"total": {"base": 9.1}}}
    desk.tracker.charge_proxied(Frame(), START.timestamp(), result)
    desk.tracker.flush()
    assert desk.spent() == Decimal("9.1")


@pytest.mark.parametrize("base", [None, "1", True, float("nan"), [1]])
def test_a_proxied_call_without_a_cost_is_a_warning(tmp_path: Path, base: object) -> None:
    desk = make_desk(tmp_path)
    desk.tracker.charge_proxied(Frame(), START.timestamp(), {"cost": {"total": {"base": base}}})
    desk.tracker.charge_proxied(Frame(), START.timestamp(), None)
    assert "has no price" in desk.warnings[0]


def test_proxied_calls_of_nobody_are_not_charged(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, by="account_name")
    desk.tracker.charge_proxied(Frame(), START.timestamp(), None)
    desk.tracker.charge(Frame(), make_event())
    desk.tracker.flush()
    assert not desk.store.path.exists()


def test_an_error_of_this_librarys_own_reaches_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(tmp_path)
    desk.call("broken")
    desk.tracker.charge_proxied(Frame(), float("inf"), None)
    monkeypatch.setattr(desk.tracker, "_write", lambda: 1 / 0)
    desk.tracker.flush()
    assert [type(fault) for fault in desk.faults] == [ValueError, OverflowError, ZeroDivisionError]


def test_lost_calls_are_counted_once(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    lost = [3, 3, 5]
    desk.tracker.read_lost = lambda: lost.pop(0)
    for _ in range(3):
        desk.tracker.flush()
    assert desk.store.read_lost("2026-11-05") == 5


def test_a_child_charges_its_own_calls_only(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.call("4")
    child = desk.tracker.fork()
    child.charge(Frame(), make_event("5", at=START))
    child.close(5)
    assert desk.spent() == 5
    desk.tracker.close(5)
    assert desk.spent() == 9


def test_an_interruption_reaches_the_program(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        desk.call("interrupted")
    desk.call("3")
    desk.tracker.flush()
    assert desk.spent() == 3
    assert desk.faults == []


def test_a_correction_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    desk = make_desk(tmp_path)
    desk.call("10")
    desk.tracker.flush()
    desk.store.path.write_text("no database, but some text that is long enough to be read as one" * 9)
    desk.tracker._refresh()
    assert desk.is_refused()
    assert desk.file_warnings


def test_the_time_is_aware_by_default() -> None:
    assert isinstance(module.Dependencies(price=lambda event: module.Charge(Decimal(0))).now(), datetime)
