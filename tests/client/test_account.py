"""The account that events are reported to."""

from __future__ import annotations

from payi_transport.client.account import PayiAccount
from payi_transport.sinks.payi import PayiSink
from tests.sinks.events import ACCEPTED, event
from tests.support.origin import Origin


def test_an_account_needs_only_a_base_url_and_a_key() -> None:
    account = PayiAccount("https://api.pay-i.com", "k")
    assert (account.headers, account.query) == ({}, {})


def test_headers_and_query_of_an_account_go_with_its_events(origin: Origin) -> None:
    origin.responses = [ACCEPTED]
    sink = PayiSink(PayiAccount(origin.url, "k", {"x-team": "blue"}, {"tenant": 7}))
    sink.deliver([event(1)])
    sink.close()
    [received] = origin.received
    assert received.headers["x-team"] == "blue"
    assert received.path == "/api/v1/ingest/bulk?tenant=7"


def test_the_repr_of_an_account_shows_neither_the_key_nor_the_value_of_a_header() -> None:
    account = PayiAccount("https://x.org", "payi-secret", {"Authorization": "secret"}, {"sig": "secret"})
    assert "secret" not in repr(account) and "secret" not in f"{account}"
    assert repr(account) == "PayiAccount(base_url='https://x.org', headers=['Authorization'], query=['sig'])"
