"""`payi_stats()` and `payi_limits()`: what a program may read, before, during, and after instrumentation."""

from __future__ import annotations

import json

from payi_transport import (
    MemorySink,
    Payi,
    PayiStats,
    payi_flush,
    payi_instrument,
    payi_limits,
    payi_stats,
    payi_uninstrument,
)
from tests.support.calls import call
from tests.support.origin import CannedResponse, Origin


def test_counts_stay_readable_after_the_end_and_start_anew(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    call()
    assert payi_flush()
    assert payi_stats().delivered == 1
    payi_uninstrument()
    assert payi_stats().delivered == 1
    payi_instrument(sink=sink)
    assert payi_stats().captured == PayiStats().captured == 0


def test_limits_are_those_that_pay_i_reported(ingest: Origin) -> None:
    assert payi_limits() == {}
    result = {"xproxy_result": {"limits": {"budget": {"state": "exceeded"}}}}
    ingest.responses = [CannedResponse([json.dumps(result).encode()])]
    payi_instrument(Payi(api_key="k", base_url=ingest.url), config={"delivery": {"mode": "single"}})
    assert payi_limits() == {}
    call()
    assert payi_flush(10)
    assert payi_limits() == {"budget": "exceeded"}
