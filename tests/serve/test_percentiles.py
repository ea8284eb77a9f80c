"""Percentiles from histograms are within 5 percent of the exact ones."""

from __future__ import annotations

import random

from payi_transport.serve.percentiles import list_percentiles
from payi_transport.serve.periods import in_ms, split_into_blocks
from payi_transport.serve.rollups import HISTOGRAM_BOUNDS
from payi_transport.serve.service import Service
from payi_transport.serve.views import Percentiles
from tests.serve.events import DAY, NOON, item, make_items, span


def test_percentiles_are_close_to_the_exact_ones(service: Service) -> None:
    chance = random.Random(1)
    times = [round(chance.lognormvariate(7, 1)) for _ in range(500)]
    calls = [
        item(NOON - 3 * DAY * chance.random(), end_to_end_latency_ms=ms, time_to_first_token_ms=ms // 4)
        for ms in times
    ]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    whole = span(NOON - 4 * DAY, NOON + DAY)
    for first_token, exact in ((False, sorted(times)), (True, sorted(ms // 4 for ms in times))):
        [found] = service.queries.percentiles(whole, "model", first_token=first_token)
        assert (found.name, found.calls) == ("gpt-4.1", 500)
        for share, value in ((0.5, found.p50), (0.9, found.p90), (0.95, found.p95), (0.99, found.p99)):
            real = exact[int(share * 500) - 1]
            assert value is not None and abs(value - real) <= max(real * 0.05, 1)


def test_failed_calls_and_the_longest_ones(service: Service) -> None:
    calls = [
        item(end_to_end_latency_ms=2**31 - 1),
        item(end_to_end_latency_ms=1, http_status_code=500),
        item(end_to_end_latency_ms=0, resource="quick"),
        item(),
    ]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    found = {row.name: row.p50 or 0 for row in service.queries.percentiles(span(), "model")}
    assert HISTOGRAM_BOUNDS[-2] < found["gpt-4.1"] < HISTOGRAM_BOUNDS[-1]
    assert found["quick"] == 1


def test_every_latency_is_within_5_percent_or_a_millisecond_of_what_is_shown(service: Service) -> None:
    times = sorted({*range(1, 100), *HISTOGRAM_BOUNDS[:-1], *(bound + 1 for bound in HISTOGRAM_BOUNDS[:-1])})
    calls = [item(end_to_end_latency_ms=ms, resource=f"m{ms}") for ms in times]
    for index in range(0, len(calls), 100):
        service.ingest_bulk(make_items(*calls[index : index + 100]), updates=False).result()
    blocks = split_into_blocks(*in_ms(span()))
    found = list_percentiles(service.store.reader, blocks, "model", first_token=False, most=len(times))
    assert len(found) == len(times)
    for row in found:
        real = int(row.name[1:])
        assert row.p50 == row.p99 and abs((row.p50 or 0) - real) <= max(real * 0.05, 1), row


def test_what_was_taken_back_has_no_percentiles(service: Service) -> None:
    for latency in (100, None):
        [made] = make_items(item(provider_response_id="one", end_to_end_latency_ms=latency))
        service.ingest_bulk([made], updates=True).result()
    assert service.queries.percentiles(span()) == [Percentiles("", 0, None, None, None, None)]
    assert list_percentiles(service.store.reader, [], "total", first_token=False) == []


def test_only_the_most_used_models_are_listed(service: Service) -> None:
    calls = [item(resource=f"m{n % 3}", end_to_end_latency_ms=10) for n in range(8)]
    service.ingest_bulk(make_items(*calls), updates=False).result()
    blocks = split_into_blocks(*in_ms(span()))
    found = list_percentiles(service.store.reader, blocks, "model", first_token=False, most=2)
    assert [(row.name, row.calls) for row in found] == [("m0", 3), ("m1", 3)]
