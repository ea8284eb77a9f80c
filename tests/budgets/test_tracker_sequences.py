"""Any sequence of calls, clocks, and restarts: no call is sent that a spent budget should have stopped."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from payi_transport.context.frame import Frame
from payi_transport.values.zones import find_zone
from tests.budgets.support import START, Desk, make_event

AMOUNT = Decimal(10)
ZONE = "Europe/Berlin"
# Its owner, and when it began.
Call = tuple[str, datetime]
OWNERS = st.sampled_from(["acme", "zeta"])
# Around both ends of daylight saving in Berlin.
STARTS = st.sampled_from(
    [START, START.replace(month=3, day=28, hour=22), START.replace(month=10, day=24, hour=21)]
)


class Budgets(RuleBasedStateMachine):
    """The machine keeps its own sums, by the day in Berlin on which each call began."""

    in_flight = Bundle("in_flight")

    @initialize(start=STARTS)
    def open(self, start: datetime) -> None:
        self.folder = Path(tempfile.mkdtemp())
        budget = {"amount": 10, "by": "account_name", "period": "day", "zone": ZONE, "enforce": True}
        self.desk = Desk(self.folder, {"b": budget})
        self.desk.now = start
        self.spent: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal)

    def day(self, moment: datetime) -> date:
        return moment.astimezone(find_zone(ZONE)).date()

    @rule(target=in_flight, owner=OWNERS)
    def begin(self, owner: str) -> Call | None:
        refused = self.desk.is_refused(account_name=owner)
        assert refused == (self.spent[owner, self.day(self.desk.now)] >= AMOUNT)
        return None if refused else (owner, self.desk.now)

    @rule(call=consumes(in_flight), cents=st.integers(0, 900))
    def end(self, call: Call | None, cents: int) -> None:
        if call is not None:
            owner, began = call
            cost = Decimal(cents) / 100
            event = make_event(str(cost), at=began, account_name=owner)
            self.desk.tracker.charge(Frame(account_name=owner), event)
            self.spent[owner, self.day(began)] += cost

    @rule(minutes=st.sampled_from([1, 59, 60, 61, 23 * 60, 24 * 60, 25 * 60]))
    def pass_time(self, minutes: int) -> None:
        self.desk.now += timedelta(minutes=minutes)

    @rule()
    def flush(self) -> None:
        self.desk.tracker.flush()

    @rule()
    def restart(self) -> None:
        self.desk.restart()

    @rule()
    def fork(self) -> None:
        """The parent writes what it has, and the child goes on."""
        child = self.desk.tracker.fork()
        self.desk.tracker.close(5)
        self.desk.tracker = child

    @invariant()
    def faultless(self) -> None:
        if hasattr(self, "desk"):
            assert self.desk.faults == []

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.restart()
            for owner in ("acme", "zeta"):
                assert self.desk.spent(owner=owner) == self.spent[owner, self.day(self.desk.now)]
            levels = Counter(text.split(":")[0] + text.split(" from ")[1] for text in self.desk.warnings)
            assert all(count == 1 for count in levels.values())
            reached = sum(spent >= AMOUNT * share for spent in self.spent.values() for share in LEVELS)
            assert len(self.desk.warnings) == reached
            shutil.rmtree(self.folder)


LEVELS = (Decimal("0.8"), Decimal(1))
TestBudgets = Budgets.TestCase
TestBudgets.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
