"""The sums in memory agree with the file's, and decide whose calls are refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from payi_transport.budgets.budget import Key, make_budgets
from payi_transport.budgets.ledger import Ledger
from payi_transport.budgets.store import Change, Total
from payi_transport.context.frame import Frame
from tests.budgets.support import START, read_budgets


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    settings = {"amount": 10, "by": "account_name", "zone": "UTC", "enforce": True, "period": "day"}
    return Ledger(make_budgets(read_budgets({"b": settings})), clock)


def add(ledger: Ledger, cost: str, moment: datetime = START) -> None:
    ledger.add(ledger.budgets["b"], "acme", moment, Change(Decimal(cost), 1))


def test_an_owner_is_blocked_once_its_amount_is_spent(ledger: Ledger) -> None:
    add(ledger, "9.99")
    assert ledger.find_blocked(Frame(account_name="acme")) is None
    add(ledger, "0.01")
    found = ledger.find_blocked(Frame(account_name="acme"))
    assert found is not None
    assert found[1] == "acme"
    assert ledger.find_blocked(Frame(account_name="other")) is None
    assert ledger.find_blocked(Frame()) is None


def test_a_block_ends_with_its_period(ledger: Ledger, clock: Clock) -> None:
    add(ledger, "10")
    clock.now = START + timedelta(hours=11, minutes=59)
    assert ledger.find_blocked(Frame(account_name="acme"))
    clock.now = START + timedelta(hours=12)
    assert ledger.find_blocked(Frame(account_name="acme")) is None
    ledger.replace([])
    assert not ledger.has_blocked


def test_a_clock_that_is_set_back_blocks_nothing_of_the_earlier_period(ledger: Ledger, clock: Clock) -> None:
    add(ledger, "10")
    clock.now = START - timedelta(days=1)
    assert ledger.find_blocked(Frame(account_name="acme")) is None


def test_a_call_of_the_last_period_that_ends_late_unblocks_nothing(ledger: Ledger) -> None:
    add(ledger, "10")
    add(ledger, "20", START - timedelta(days=1))
    found = ledger.find_blocked(Frame(account_name="acme"))
    assert found is not None
    assert found[2].start == START.replace(hour=0)


def test_sums_of_the_file_replace_those_in_memory_but_for_what_waits(ledger: Ledger) -> None:
    add(ledger, "1")
    ((key, part),) = ledger.take_changes()
    add(ledger, "2")
    ledger.replace([Total(key, Decimal("7.5"), 9, 0)])
    assert ledger.find_blocked(Frame(account_name="acme")) is None
    add(ledger, "0.5")
    assert ledger.find_blocked(Frame(account_name="acme"))
    assert ledger.take_changes() == {(key, part): Change(Decimal("2.5"), 2)}


def test_a_sum_that_was_corrected_in_the_file_unblocks(ledger: Ledger) -> None:
    add(ledger, "10")
    ((key, _),) = ledger.take_changes()
    ledger.replace([Total(key, Decimal(3), 1, 0)])
    assert ledger.find_blocked(Frame(account_name="acme")) is None
    assert not ledger.has_blocked


def test_changes_that_were_put_back_add_to_later_ones(ledger: Ledger) -> None:
    add(ledger, "1")
    taken = ledger.take_changes()
    add(ledger, "2")
    ledger.put_back(taken)
    assert [*ledger.take_changes().values()] == [Change(Decimal(3), 2)]


def test_a_sum_read_at_the_start_blocks(ledger: Ledger) -> None:
    start = ledger.find_starts()["b"]
    ledger.replace([Total(Key("b", "acme", start), Decimal(11), 1, 0)])
    assert ledger.find_blocked(Frame(account_name="acme"))


def test_a_child_knows_the_sums_but_not_what_the_parent_has_to_write(ledger: Ledger) -> None:
    add(ledger, "10")
    child = ledger.copy()
    assert child.find_blocked(Frame(account_name="acme"))
    assert child.take_changes() == {}


def test_a_child_goes_on_from_the_sums_of_its_parent_and_changes_none_of_them(ledger: Ledger) -> None:
    add(ledger, "6")
    child = ledger.copy()
    add(child, "4")
    assert child.find_blocked(Frame(account_name="acme"))
    assert ledger.find_blocked(Frame(account_name="acme")) is None
    add(ledger, "3.99")
    assert not ledger.has_blocked
    ((_, change),) = child.take_changes().items()
    assert change == Change(Decimal(4), 1)


def test_the_sums_in_memory_can_be_read_where_there_is_no_file(ledger: Ledger) -> None:
    add(ledger, "1")
    ledger.take_changes()
    add(ledger, "2", START + timedelta(hours=1))
    ledger.add(ledger.budgets["b"], "acme", START, Change(Decimal(0), 1, 1))
    changes = ledger.take_changes()
    (total,) = ledger.read_totals(changes)
    # All that was spent, and the calls that are waiting.
    assert (total.spent, total.calls, total.unpriced) == (Decimal(3), 2, 1)


def test_only_enforced_budgets_are_read_again_and_refuse(clock: Clock) -> None:
    common = {"amount": 10, "by": "account_name", "zone": "UTC"}
    budgets = {"day": {**common, "period": "day", "enforce": True}, "month": {**common, "period": "month"}}
    ledger = Ledger(make_budgets(read_budgets(budgets)), clock)
    assert ledger.find_starts() == {"day": START.replace(hour=0).timestamp()}
    ledger.add(ledger.budgets["month"], "acme", START, Change(Decimal(99), 1))
    assert not ledger.has_blocked
    assert ledger.is_enforced(Frame(account_name="acme"))
    assert not ledger.is_enforced(Frame())


def test_what_ended_is_forgotten_and_what_has_not_stays(ledger: Ledger, clock: Clock) -> None:
    add(ledger, "4")
    clock.now = START + timedelta(hours=12) - timedelta(microseconds=1)
    ledger.replace([])
    add(ledger, "6")
    ledger.replace([])
    assert ledger.find_blocked(Frame(account_name="acme"))
    clock.now += timedelta(microseconds=1)
    ledger.replace([])
    assert not ledger.has_blocked
    # A late call of that day adds to a sum that is in the file alone.
    ledger.take_changes()
    add(ledger, "1")
    assert [total.spent for total in ledger.read_totals(ledger.take_changes())] == [1]


def test_times_are_of_the_zone(clock: Clock) -> None:
    clock.now = datetime(2026, 11, 5, 23, 30, tzinfo=timezone.utc)
    made = make_budgets(read_budgets({"b": {"amount": 1, "zone": "Europe/Berlin", "period": "day"}}))
    assert made[0].find_period(clock()).start == datetime(2026, 11, 5, 23, tzinfo=timezone.utc)
