"""LiteLLM's proxy under `payi-transport run`: each call that it makes once, and nothing else changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.autostart.support import RUN, read_events
from tests.support.litellm_proxy import CALLS, call, needs_litellm_proxy, serve_litellm
from tests.support.origin import Origin, serve
from tests.support.programs import make_environment

pytestmark = [needs_litellm_proxy, pytest.mark.slow]


def test_each_call_of_the_proxy_is_reported_once_with_its_units(tmp_path: Path, ingest: Origin) -> None:
    with serve() as provider:
        hosts = {provider.netloc: {"price_as_category": "system.openai"}}
        environment = make_environment(ingest, PAYI_TRANSPORT_HOST_MAPPINGS=json.dumps(hosts))
        # It ends by SIGTERM here, too, and exits as it does without us.
        with serve_litellm(tmp_path, provider, [*RUN, "--"], environment) as netloc:
            for proxied in CALLS.values():
                call(proxied, netloc, provider)
    expected = [proxied.case.event["units"] for proxied in CALLS.values()]
    reported = sorted(read_events(ingest), key=lambda event: str(event["event_timestamp"]))
    assert [event["units"] for event in reported] == expected
    assert {event["use_case_name"] for event in reported} == {"litellm"}
    # It lists models, too, which is free.
    assert sum(received.method == "POST" for received in provider.received) == len(CALLS)
