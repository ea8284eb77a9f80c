"""The sink that posts events to the Pay-i API.

Two modes. In bulk, a batch is one JSON array, cut at 4 MiB because gateways refuse larger bodies; the
response names rejected items and nothing else. Single delivery makes one request for each event, with its
context in headers, and returns what Pay-i computed for it: cost, limits, request id. Inline delivery needs
those, so it sends single events; everything else is cheaper in bulk.

Neither endpoint is idempotent: what is sent twice counts twice. So events that Pay-i may have taken already
(`UncertainEvent`) go to `/ingest/bulk-upsert`, which updates what it has under the same
`provider_response_id`. A private deployment may lack it; that is found out once, and costs a warning.

One event never takes others down with it. Pay-i may refuse a request for one bad event, and so may a
firewall on the way, for example because a prompt looks like SQL. A refused batch is halved until that event
is alone (about 2 log2(n) requests for each). Whether the firewall's 403 is about the event or about the API
key shows only in comparison: it is about the event once another event passes. `payi_bisection` has the rules.

An event that Pay-i refuses for its context, such as a use case name with a space, is sent again with less of
it, until it passes (`payi_refusals`). Numbers and times out of Pay-i's ranges are changed first
(`payi_ranges`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from itertools import takewhile
from typing import Any

import msgspec

from payi_transport.client.account import PayiAccount
from payi_transport.client.request import RequestSpec
from payi_transport.client.resources.ingest import Ingest
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.sinks.deadlines import deadline
from payi_transport.sinks.payi_bisection import Attempt, Bisection, Trust
from payi_transport.sinks.payi_connection import PayiConnection
from payi_transport.sinks.payi_degrading import deliver_degrading
from payi_transport.sinks.payi_limit_kinds import LimitKinds
from payi_transport.sinks.payi_notices import Notices
from payi_transport.sinks.payi_ranges import Clock, fit_ranges
from payi_transport.sinks.payi_refusals import Refusals
from payi_transport.sinks.payi_response import make_receipt
from payi_transport.sinks.protocol import Receipt, UncertainEvent
from payi_transport.values.event import Event

__all__ = ["PayiSink"]

# Bytes. A bulk body is cut near this size.
_MAX_BODY = 4 * 1024 * 1024
_NO_UPSERT = (
    "this deployment of Pay-i has no /api/v1/ingest/bulk-upsert, so an event that is sent again after an"
    " interrupted request may count twice"
)
# The base URLs of deployments without bulk-upsert. A deployment does not change while a process runs.
_without_upsert: set[str] = set()


class PayiSink:
    """Post events to `/api/v1/ingest/bulk` or, with `single`, to `/api/v1/ingest`.

    `response_seconds` bounds a request from connecting to the end of its response.
    """

    def __init__(
        self,
        account: PayiAccount,
        *,
        single: bool = False,
        batch_limit: int = 256,
        response_seconds: float = 60.0,
    ) -> None:
        self.batch_limit = batch_limit
        self.connection = PayiConnection(account, response_seconds)
        self._account = account
        self._seconds = response_seconds
        self._single = single
        # It belongs to the sink, because the next batch may decide about a suspect of this one.
        self._trust = Trust()
        self._clock = Clock()
        self._notices = Notices()
        self._refusals = Refusals(LimitKinds(self.connection.post), self._clock, self._notices)

    def make_inline(self, response_seconds: float) -> PayiSink:
        """Return a sink of single events for many threads, which shares what this one learns of Pay-i."""
        inline = PayiSink(self._account, single=True, response_seconds=response_seconds)
        inline._clock, inline._notices, inline._refusals = self._clock, self._notices, self._refusals
        return inline

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Post a batch part by part, halving parts that are refused and degrading events that are."""
        notices: list[str] = []
        events = [
            self._refusals.prepare(fit_ranges(event, self._clock, self._notices, notices)) for event in batch
        ]
        # Inline, a call waits for all of the requests that one event may need.
        with deadline(self._seconds) if len(batch) == 1 else nullcontext():
            receipt = deliver_degrading(
                events,
                lambda: Bisection(self._post_part, self._trust),
                lambda event, code: self._refusals.degrade(event, code, notices),
            )
        return msgspec.structs.replace(receipt, notices=[*receipt.notices, *notices])

    def fork(self) -> None:
        self.connection.drop()

    def close(self) -> None:
        self.connection.close()

    def _post_part(self, batch: Sequence[Event]) -> Attempt:
        """Post as many events as one request may hold, all of them uncertain or none of them."""
        is_uncertain = isinstance(batch[0], UncertainEvent)
        # The two kinds go to different endpoints, so they never share a request.
        part = list(takewhile(lambda event: isinstance(event, UncertainEvent) == is_uncertain, batch))
        if not is_uncertain or self.connection.base_url in _without_upsert:
            return self._post_new(part)
        return self._post_again(part)

    def _post_new(self, part: Sequence[Event]) -> Attempt:
        if self._single:
            return self._post(_build_single(part[0]), 1, single=True)
        items = _encode_fitting(part)
        return self._post(Ingest.bulk.build(None, events=items), len(items))

    def _post_again(self, part: Sequence[Event]) -> Attempt:
        """Post events that Pay-i may have to the endpoint that updates them, or else as new ones."""
        items = _encode_fitting(part[:1] if self._single else part)
        bulk = Ingest.bulk.build(None, events=items)
        spec = msgspec.structs.replace(bulk, path="/api/v1/ingest/bulk-upsert")
        attempt = self._post(spec, len(items), upsert=True)
        if not attempt.response.is_missing:
            return attempt
        plain = self._post_new(part)
        # Where the other path is missing as well, the base URL is wrong.
        if plain.delivered:
            _without_upsert.add(self.connection.base_url)
            return plain._replace(receipt=msgspec.structs.replace(plain.receipt, notices=[_NO_UPSERT]))
        return plain

    def _post(
        self, spec: RequestSpec[Any], size: int, *, single: bool = False, upsert: bool = False
    ) -> Attempt:
        sent, response = self.connection.post(spec)
        # Only Pay-i's own clock counts, and anything on the way has one, too.
        if response.read_word() is not None:
            self._clock.compare(response.date)
        return Attempt(size, make_receipt(response, size, sent, single=single), response, upsert)


def _build_single(event: Event) -> RequestSpec[Any]:
    # Bulk delivery has this value as `scope` in the event, single delivery as a header for the resource
    # scope.
    fields = msgspec.to_builtins(event)
    return Ingest.units.build(None, resource_scope=fields.pop("scope", None), **fields)


def _encode_fitting(batch: Sequence[Event]) -> list[msgspec.Raw]:
    """Encode events, at least one, until they fill a body."""
    items: list[msgspec.Raw] = []
    size = 0
    for event in in_time_slices(batch):
        item = msgspec.json.encode(event)
        size += len(item) + 1
        if items and size > _MAX_BODY:
            break
        # Its size had to be known first, so it is encoded by now, and Raw keeps it from being encoded
        # again.
        items.append(msgspec.Raw(item))
    return items
