"""Runs have the sums of their calls, also of calls that replace or take away others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from payi_transport.serve.service import Service
from tests.serve.events import DAY, NOON, item, make_items, span


def test_a_run_is_of_its_first_call_and_lasts_from_the_earliest_to_the_latest(service: Service) -> None:
    run: dict[str, Any] = {"use_case_name": "c", "use_case_id": "one"}
    calls = [
        item(NOON, account_name="first", **run),
        item(NOON - DAY / 2, account_name="second", **run),
        item(NOON + DAY / 2, http_status_code=500, **run),
        item(),
    ]
    for part in (calls[:2], calls[2:]):
        service.ingest_bulk(make_items(*part), updates=False).result()
    [found] = service.queries.runs(span()).runs
    assert (found.run, found.use_case, found.account) == ("one", "c", "first")
    assert (found.started, found.ended) == (NOON - DAY / 2, NOON + DAY / 2)
    assert (found.sums.calls, found.sums.errors, found.sums.cost) == (3, 1, Decimal("0.018"))


def test_a_call_that_is_replaced_in_the_same_batch_counts_once(service: Service) -> None:
    run: dict[str, Any] = {"use_case_name": "c", "use_case_id": "one", "request_tags": ["t"]}
    calls = [item(provider_response_id="same", resource=model, **run) for model in ("gpt-4o", "gpt-4.1")]
    for updates in (True, False):
        service.ingest_bulk(make_items(*calls), updates=updates).result()
    [found] = service.queries.runs(span()).runs
    assert (found.sums.calls, found.sums.cost) == (1, Decimal("0.006"))
    [call] = service.queries.calls(span()).calls
    assert call.model == "gpt-4.1"
    assert [group.sums.calls for group in service.queries.breakdown("tag", span()).groups] == [1]
