"""Two processes that share a file, with calls in flight, clocks, and restarts of both in any order."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule

from payi_transport.context.frame import Frame
from payi_transport.values.zones import find_zone
from tests.budgets.support import START, Desk, make_event

AMOUNT = Decimal(10)
LEVELS = (Decimal("0.8"), Decimal(1))
ZONE = "America/New_York"
BUDGET = {"amount": 10, "by": "account_name", "period": "day", "zone": ZONE, "enforce": True}
FRAME = Frame(account_name="acme")
# Around both ends of daylight saving in New York.
STARTS = st.sampled_from(
    [START, START.replace(month=3, day=8, hour=3), START.replace(month=11, day=1, hour=2)]
)
PROCESSES = st.integers(0, 1)


class TwoProcesses(RuleBasedStateMachine):
    """The machine keeps its own sums by day, and what each process has to know of them."""

    in_flight = Bundle("in_flight")

    @initialize(start=STARTS)
    def open(self, start: datetime) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.desks = [Desk(self.folder, {"b": BUDGET}) for _ in range(2)]
        for desk in self.desks:
            desk.now = start
        self.spent: defaultdict[date, Decimal] = defaultdict(Decimal)
        self.written: defaultdict[date, Decimal] = defaultdict(Decimal)
        # What each process must know at least, and what of it is not in the file yet.
        self.known: list[defaultdict[date, Decimal]] = [defaultdict(Decimal), defaultdict(Decimal)]
        self.waiting: list[defaultdict[date, Decimal]] = [defaultdict(Decimal), defaultdict(Decimal)]
        self.unpriced = [0, 0]

    def day(self, moment: datetime) -> date:
        return moment.astimezone(find_zone(ZONE)).date()

    @rule(target=in_flight, process=PROCESSES)
    def begin(self, process: int) -> tuple[int, datetime] | None:
        desk = self.desks[process]
        today = self.day(desk.now)
        refused = desk.is_refused(account_name="acme")
        # Never refused for money that nobody spent, and always for what this process knows of.
        assert not refused or self.spent[today] >= AMOUNT
        assert refused or self.known[process][today] < AMOUNT
        return None if refused else (process, desk.now)

    @rule(call=consumes(in_flight), cents=st.integers(0, 900), is_priced=st.booleans())
    def end(self, call: tuple[int, datetime] | None, cents: int, is_priced: bool) -> None:
        if call is None:
            return
        process, began = call
        cost = Decimal(cents) / 100 if is_priced else Decimal(0)
        event = make_event(str(cost) if is_priced else None, at=began, account_name="acme")
        self.desks[process].tracker.charge(FRAME, event)
        self.unpriced[process] += not is_priced
        for sums in (self.spent, self.known[process], self.waiting[process]):
            sums[self.day(began)] += cost

    @rule(minutes=st.sampled_from([1, 59, 61, 23 * 60, 24 * 60, 25 * 60]))
    def pass_time(self, minutes: int) -> None:
        for desk in self.desks:
            desk.now += timedelta(minutes=minutes)

    @rule(process=PROCESSES)
    def flush(self, process: int) -> None:
        self.desks[process].tracker.flush()
        self._write(process)

    @rule(process=PROCESSES)
    def restart(self, process: int) -> None:
        self.desks[process].restart()
        self._write(process)
        # A process that starts reads the file.
        self.known[process] = defaultdict(Decimal, self.written)
        self.unpriced[process] = 0

    def _write(self, process: int) -> None:
        """Write what waits. The file then has the sums of both for the days that were written."""
        for day, amount in self.waiting[process].items():
            self.written[day] += amount
            self.known[process][day] = self.written[day]
        self.waiting[process] = defaultdict(Decimal)

    def teardown(self) -> None:
        if not hasattr(self, "desks"):
            return
        for process in (0, 1):
            self.restart(process)
        today = self.day(self.desks[0].now)
        assert self.desks[0].spent(owner="acme") == self.spent[today] == self.written[today]
        texts = [text for desk in self.desks for text in desk.warnings]
        reached = sum(spent >= AMOUNT * share for spent in self.spent.values() for share in LEVELS)
        assert sum("reached" in text for text in texts) == reached
        assert [desk.faults for desk in self.desks] == [[], []]
        shutil.rmtree(self.folder)

    @rule()
    def unpriced_calls_are_warned_of_once(self) -> None:
        for desk, number in zip(self.desks, self.unpriced, strict=True):
            warned = sum("has no price" in text for text in desk.warnings)
            assert warned >= bool(number)


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
