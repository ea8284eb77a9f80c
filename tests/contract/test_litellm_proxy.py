"""Real SDKs against LiteLLM's proxy: what the SDK shows as usage is in the event, call by call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from tests.support.litellm_proxy import CALLS, call, needs_litellm_proxy, serve_litellm
from tests.support.origin import Origin
from tests.support.usage_sums import sum_units

pytestmark = [needs_litellm_proxy, pytest.mark.slow]


def test_the_usage_that_an_sdk_shows_is_in_the_event(
    tmp_path: Path, origin: Origin, sink: MemorySink
) -> None:
    with serve_litellm(tmp_path, origin) as netloc:
        # The path names the API, so that one category is enough for both SDKs.
        mapping: Any = {netloc: {"price_as_category": "system.openai"}}
        payi_instrument(sink=sink, config={"host_mappings": mapping})
        shown = {name: call(proxied, netloc, origin) for name, proxied in CALLS.items()}
    assert payi_flush(30)
    assert payi_stats().faults == 0
    assert dict(zip(CALLS, (sum_units(event.units) for event in sink.events), strict=True)) == shown
    assert all(sums.input for sums in shown.values())
