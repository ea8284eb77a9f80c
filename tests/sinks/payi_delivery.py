"""A sink before a Pay-i that keeps its rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from payi_transport.sinks.protocol import Receipt, check_receipt
from payi_transport.values.event import Event
from tests.support.payi_rules import PayiRules

__all__ = ["Delivery", "both"]

both = pytest.mark.parametrize("single", [False, True], ids=["bulk", "single"])


class Delivery:
    """A sink before a Pay-i that keeps its rules. `paths` are those of the requests."""

    def __init__(self, *, single: bool = False, date: str = "", **rules: Any) -> None:
        self.rules = PayiRules(**rules)
        self.date = date
        self.paths: list[str] = []
        self.notices: list[str] = []
        self.sink = PayiSink(PayiAccount("https://payi.test", "payi-key"), single=single)
        self.sink.connection.http = httpx.Client(transport=httpx.MockTransport(self.respond))
        self.before: Callable[[], httpx.Response | None] = lambda: None

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if (instead := self.before()) is not None:
            return instead
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, body = self.rules.respond(request.method, request.url.path, headers, request.content)
        return httpx.Response(status, json=body, headers={"date": self.date} if self.date else {})

    def deliver(self, *events: Event) -> Receipt:
        receipt = self.sink.deliver(events)
        check_receipt(receipt, len(events))
        assert not self.rules.violations
        self.notices += receipt.notices
        return receipt

    def deliver_all(self, *events: Event) -> list[dict[str, Any]]:
        """Deliver events that must not be lost, and return what Pay-i holds of them."""
        receipt = self.deliver(*events)
        assert (list(receipt.retry), receipt.rejected, receipt.problem) == ([], {}, None)
        names = [sent.provider_response_id for sent in events]
        assert all(self.rules.counted[name] == 1 for name in names)
        return [self.rules.events[name] for name in names]
