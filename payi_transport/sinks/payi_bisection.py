"""Deliver a batch part by part, and find the events that make a request fail.

A refusal that is about the request (400, 413, 422) is simple: halve the part until the event is alone. Other
refusals may be about the event or about everything: a 403 comes from Pay-i for a wrong key, and from a
firewall for a prompt that it dislikes. They are told apart by comparison. An event that is refused alone
becomes a suspect. Once another event passes, key and URL are proven right, and the suspects are lost, each
with its status as the reason. If nothing passes, no event is lost: the sink denies everything, and is probed.

`Trust` outlasts a batch, since a suspect may be the last one of its batch: it is lost if it is refused again
after another event has passed. An event that Pay-i does not confirm, without a reason, is lost only so.

While nothing was ever accepted, a denied batch is not halved: then a wrong key, which is more likely, costs
one request. The probe that the worker makes later settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from payi_transport.sinks.payi_failures import Failures
from payi_transport.sinks.payi_response import PayiResponse, find_refusals
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["Attempt", "Bisection", "Trust"]

# Suspects in a row, without any event that passes, after which it is not about the events.
_MAX_SUSPECTS = 8
# How many refused events are remembered.
_MAX_REFUSED = 1000


class Attempt(NamedTuple):
    """One request with the first `size` events of a batch, and what became of them."""

    size: int
    receipt: Receipt
    response: PayiResponse
    upsert: bool = False

    @property
    def codes(self) -> dict[int, str]:
        """The codes of those rejected events that may pass without a part of their context, by index."""
        return find_refusals(self.response, self.receipt)

    @property
    def delivered(self) -> int:
        return self.size - len(self.receipt.retry) - len(self.receipt.rejected)

    @property
    def is_unexplained(self) -> bool:
        """Whether Pay-i took some of these events, or none, without saying why, for the second time.

        The first time, all of them are sent again. If it took nothing of several, that says nothing of one.
        """
        status = self.response.status
        is_own = status is not None and status < 300 and "ingest_count" in (self.response.read_word() or {})
        some = self.delivered or (self.response.read_word() or {}).get("ingest_count")
        return self.upsert and is_own and bool(self.receipt.uncertain) and bool(some or self.size == 1)

    def give_up(self) -> Attempt:
        """Return the attempt with its one event lost, which Pay-i fails at each time."""
        reason = f"status_{self.response.status}"
        problem = f"Pay-i failed at an event many times ({reason}) and accepted others; the event is lost"
        receipt = Receipt(rejected={0: reason}, problem=problem, bytes_sent=self.receipt.bytes_sent)
        return self._replace(receipt=receipt)

    @property
    def reason(self) -> str:
        return f"status_{self.response.status}" if self.receipt.denied else "unconfirmed"


class Trust:
    """What is known of a sink from one batch to the next.

    `is_accepted`: it accepted an event since it last denied everything. `refused`: the ids of events that
    were denied alone, the latest ones.
    """

    def __init__(self) -> None:
        self.is_accepted = False
        self.refused: dict[str, None] = {}
        self.failures = Failures()

    def refuse(self, name: str) -> bool:
        """Remember an event that was denied alone; return whether it was before, and another passed since."""
        known = self.is_accepted and name in self.refused
        # Inline delivery calls from many threads, so every step is atomic.
        self.refused[name] = None
        while len(self.refused) > _MAX_REFUSED:
            self.refused.pop(next(iter(self.refused.copy())), None)
        return known


class Bisection:
    """Deliver one batch. `post` makes a request with the first events of what it is called with.

    `codes` has what `Attempt.codes` has, for the whole batch.
    """

    def __init__(self, post: Callable[[Sequence[Event]], Attempt], trust: Trust) -> None:
        self._post = post
        self._trust = trust
        self.codes: dict[int, str] = {}
        self._whole = Receipt()
        self._suspects: dict[int, Attempt] = {}
        # A part was refused for an unknown reason; after that, something passed.
        self._is_refused = self._has_passed = False

    def run(self, batch: Sequence[Event]) -> Receipt:
        """Return the receipt for the batch."""
        start, limit = 0, len(batch)
        while start < len(batch):
            attempt = self._post(batch[start : start + limit])
            if attempt.response.is_own_failure and self._trust.failures.fail(
                batch[start : start + attempt.size]
            ):
                attempt = attempt.give_up()
            is_suspect = attempt.is_unexplained or (attempt.receipt.denied and self._trust.is_accepted)
            self._is_refused |= is_suspect
            if attempt.size > 1 and (is_suspect or attempt.response.rejects_body):
                # The same events are sent again, so nothing of this attempt counts except its bytes.
                limit = attempt.size // 2
                self._count_bytes(attempt)
                continue
            if attempt.size == 1 and (attempt.receipt.denied or attempt.is_unexplained):
                is_known = self._trust.refuse(batch[start].provider_response_id)
                # Another event has passed since it was first refused alone, maybe in an earlier batch.
                self._has_passed |= is_known
                is_suspect &= is_known or attempt.receipt.denied
            if is_suspect:
                self._suspects[start] = attempt
                self._count_bytes(attempt)
            else:
                self._take(attempt, start)
            start += attempt.size
            limit = self._find_limit(attempt, is_suspect, limit, len(batch))
            if self._is_hopeless(attempt, is_suspect):
                break
        return self._finish(range(start, len(batch)))

    def _find_limit(self, attempt: Attempt, is_suspect: bool, limit: int, most: int) -> int:
        """Return the size of the next part: one to compare a suspect with, all once a culprit is found."""
        if self._suspects and not self._has_passed:
            return 1
        return most if is_suspect or attempt.response.rejects_body else limit

    def _is_hopeless(self, attempt: Attempt, is_suspect: bool) -> bool:
        """Return whether the rest of the batch would meet the same failure."""
        if is_suspect:
            return not self._has_passed and len(self._suspects) >= _MAX_SUSPECTS
        return len(attempt.receipt.retry) == attempt.size

    def _take(self, attempt: Attempt, start: int) -> None:
        self._whole = _merge(self._whole, attempt.receipt, start)
        self.codes.update({start + index: code for index, code in attempt.codes.items()})
        if attempt.delivered:
            self._trust.is_accepted = True
            self._trust.failures.accept()
            self._has_passed |= self._is_refused

    def _count_bytes(self, attempt: Attempt) -> None:
        # Refused requests went over the network, too.
        sent = self._whole.bytes_sent + attempt.receipt.bytes_sent
        self._whole = msgspec.structs.replace(self._whole, bytes_sent=sent)

    def _finish(self, rest: range) -> Receipt:
        if self._has_passed:
            self._convict()
        else:
            for index, attempt in self._suspects.items():
                self._whole = _merge(self._whole, attempt.receipt, index, count_bytes=False)
        self._trust.is_accepted &= not self._whole.denied
        # After a hopeless part, the rest of the batch was never sent.
        return msgspec.structs.replace(self._whole, retry=sorted([*self._whole.retry, *rest]))

    def _convict(self) -> None:
        """Lose the suspects, since others passed the same way."""
        reasons = {index: attempt.reason for index, attempt in self._suspects.items()}
        if not reasons:
            return
        names = ", ".join(sorted(set(reasons.values())))
        problem = (
            f"Pay-i, or something on the way to it, refused {len(reasons)} events ({names}) and accepted"
            " others; the refused events are lost"
        )
        self._whole = msgspec.structs.replace(
            self._whole,
            rejected={**self._whole.rejected, **reasons},
            problem=self._whole.problem or problem,
        )


def _merge(whole: Receipt, part: Receipt, start: int, *, count_bytes: bool = True) -> Receipt:
    """Return `whole` extended by the receipt of the part of the batch that begins at `start`."""
    return Receipt(
        retry=[*whole.retry, *(start + index for index in part.retry)],
        uncertain=[*whole.uncertain, *(start + index for index in part.uncertain)],
        rejected={**whole.rejected, **{start + index: reason for index, reason in part.rejected.items()}},
        wait=whole.wait if part.wait is None else part.wait,
        problem=part.problem or whole.problem,
        notices=[*whole.notices, *part.notices],
        # Parts are merged in the order they were sent, and the last one shows whether the key is accepted
        # now.
        denied=part.denied,
        results={**whole.results, **{start + index: result for index, result in part.results.items()}},
        bytes_sent=whole.bytes_sent + part.bytes_sent * count_bytes,
    )
