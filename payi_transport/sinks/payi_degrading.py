"""Deliver a batch, and what Pay-i refuses of it again with less context, until it passes or nothing is left.

What is refused was certainly not taken, so sending it again counts nothing twice. If a later try fails in
another way, the worker gets the event back as it was, and what was learned of it applies when it comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["deliver_degrading"]


class _Run(Protocol):
    """One delivery of a batch; then `codes` has the events that may pass with less context, by index."""

    codes: dict[int, str]

    def run(self, batch: Sequence[Event]) -> Receipt: ...


def deliver_degrading(
    batch: Sequence[Event],
    start: Callable[[], _Run],
    degrade: Callable[[Event, str], Event | None],
) -> Receipt:
    """Return the receipt for a batch. `degrade` returns a refused event with less context, or None."""
    run = start()
    receipt = run.run(batch)
    while lesser := _degrade_all(batch, run.codes, degrade):
        places = list(lesser)
        batch = [lesser.get(index, event) for index, event in enumerate(batch)]
        run = start()
        part = run.run([batch[index] for index in places])
        run.codes = {places[index]: code for index, code in run.codes.items()}
        receipt = _replace(receipt, part, places)
    return receipt


def _degrade_all(
    batch: Sequence[Event], codes: Mapping[int, str], degrade: Callable[[Event, str], Event | None]
) -> dict[int, Event]:
    lesser = {index: degrade(batch[index], code) for index, code in codes.items()}
    return {index: event for index, event in lesser.items() if event is not None}


def _replace(whole: Receipt, part: Receipt, places: Sequence[int]) -> Receipt:
    """Return `whole` with what became of the events at `places` when they were sent again."""
    rejected = {index: reason for index, reason in whole.rejected.items() if index not in places}
    rejected.update({places[index]: reason for index, reason in part.rejected.items()})
    # A refusal that ended well is no problem: its own message says what was left out.
    settled = not (rejected or whole.retry)
    return Receipt(
        retry=sorted([*whole.retry, *(places[index] for index in part.retry)]),
        uncertain=[*whole.uncertain, *(places[index] for index in part.uncertain)],
        rejected=rejected,
        wait=whole.wait if part.wait is None else part.wait,
        problem=part.problem or (None if settled else whole.problem),
        notices=[*whole.notices, *part.notices],
        denied=part.denied,
        results={**whole.results, **{places[index]: result for index, result in part.results.items()}},
        bytes_sent=whole.bytes_sent + part.bytes_sent,
    )
