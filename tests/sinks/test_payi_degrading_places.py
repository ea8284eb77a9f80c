"""What became of an event that is sent again counts at its place in the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import pytest

from payi_transport.sinks.payi_degrading import deliver_degrading
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event
from tests.sinks.events import event


class Script:
    """Runs that end as they are told to. `sent` has the ids of each, and the users that are left."""

    def __init__(self, *runs: tuple[Receipt, dict[int, str]]) -> None:
        self._runs = [*runs]
        self.sent: list[list[tuple[str, str | None]]] = []

    def start(self) -> Run:
        receipt, codes = self._runs.pop(0)
        return Run(receipt, codes, self.sent.append)


class Run:
    """One delivery, which says which events may pass with less once it has run."""

    def __init__(
        self,
        receipt: Receipt,
        codes: dict[int, str],
        note: Callable[[list[tuple[str, str | None]]], object],
    ) -> None:
        self.codes: dict[int, str] = {}
        self._receipt, self._found, self._note = receipt, codes, note

    def run(self, batch: Sequence[Event]) -> Receipt:
        self._note([(one.provider_response_id, one.user_id) for one in batch])
        self.codes = self._found
        return self._receipt


def degrade(refused: Event, code: str) -> Event | None:
    """Shorten the user by what the code says, down to none."""
    if refused.user_id is None:
        return None
    return msgspec.structs.replace(refused, user_id=refused.user_id[: -int(code)] or None)


def deliver(script: Script, *users: str) -> Receipt:
    batch: list[Event] = [event(number, user_id=user) for number, user in enumerate(users)]
    return deliver_degrading(batch, script.start, degrade)


def test_events_that_are_sent_again_keep_their_places() -> None:
    script = Script(
        (
            Receipt(
                retry=[1],
                uncertain=[1],
                rejected={0: "item_400", 2: "item_400", 3: "item_400"},
                wait=5.0,
                problem="3 of 4",
                notices=["first"],
                results={1: {"request_id": "a"}},
                bytes_sent=100,
            ),
            {2: "1", 3: "2"},
        ),
        (
            Receipt(
                retry=[0],
                uncertain=[0],
                rejected={1: "item_422"},
                notices=["second"],
                bytes_sent=10,
            ),
            {1: "1"},
        ),
        (Receipt(results={0: {"request_id": "b"}}, wait=7.0, denied=True, bytes_sent=1), {}),
    )
    receipt = deliver(script, "aaa", "bbb", "ccc", "ddd")
    assert script.sent == [
        [("id-0", "aaa"), ("id-1", "bbb"), ("id-2", "ccc"), ("id-3", "ddd")],
        [("id-2", "cc"), ("id-3", "d")],
        [("id-3", None)],
    ]
    assert receipt == Receipt(
        retry=[1, 2],
        uncertain=[1, 2],
        rejected={0: "item_400"},
        wait=7.0,
        problem="3 of 4",
        denied=True,
        notices=["first", "second"],
        results={1: {"request_id": "a"}, 3: {"request_id": "b"}},
        bytes_sent=111,
    )


@pytest.mark.parametrize(
    ("first", "again", "problem"),
    [
        (Receipt(rejected={0: "x"}, problem="refused"), Receipt(), None),
        (Receipt(rejected={0: "x"}, problem="refused"), Receipt(rejected={0: "x"}), "refused"),
        (Receipt(rejected={0: "x"}, retry=[1], problem="refused"), Receipt(), "refused"),
        (Receipt(rejected={0: "x"}, problem="refused"), Receipt(retry=[0], problem="busy"), "busy"),
        (Receipt(rejected={0: "x"}, problem="refused"), Receipt(rejected={0: "x"}, problem="no"), "no"),
    ],
)
def test_a_refusal_that_ended_well_is_no_problem(first: Receipt, again: Receipt, problem: str | None) -> None:
    script = Script((first, {0: "1"}), (again, {}))
    assert deliver(script, "a", "b").problem == problem


def test_what_has_nothing_left_to_leave_out_is_not_sent_again() -> None:
    script = Script((Receipt(rejected={0: "item_400"}, wait=3.0, problem="refused"), {0: "1"}))
    batch: list[Event] = [event(0)]
    receipt = deliver_degrading(batch, script.start, degrade)
    assert (receipt.rejected, receipt.wait, receipt.problem) == ({0: "item_400"}, 3.0, "refused")
    assert len(script.sent) == 1
