"""A toy provider made outside the package is routed, read and explained: a folder and a line are enough."""

from __future__ import annotations

import json
import logging
from functools import partial

import httpx
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from payi_transport.api import instrumentation
from payi_transport.cli.explain import describe, explain_url
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.pipeline.assembly import make_pipeline
from payi_transport.providers.registry import PROVIDERS, Registry
from payi_transport.rewrite.blocked import make_blocked_response
from payi_transport.routing.hosts import HostMapping, HostTable, parse_host
from payi_transport.routing.routes import Routes
from payi_transport.values.event import Units
from payi_transport.values.names import PROXY_CATEGORY
from tests.providers import toy
from tests.support.origin import CannedResponse, Origin

REGISTRY = Registry((*PROVIDERS, toy.PROVIDER))
PATH = "/v1/singers/bird/sing-along"
SONG = {"song": "la la", "used": {"heard": 3, "sung": 2}}
VERSES = b'data: {"song": "la "}\n\ndata: {"song": "la", "used": {"heard": 3, "sung": 2}}\n\n'


@pytest.fixture
def instrumented(monkeypatch: pytest.MonkeyPatch, sink: MemorySink) -> MemorySink:
    """The whole library, with one more provider in its list."""
    monkeypatch.setattr(instrumentation, "make_pipeline", partial(make_pipeline, registry=REGISTRY))
    payi_instrument(sink=sink)
    return sink


def test_a_call_makes_an_event(instrumented: MemorySink, origin: Origin) -> None:
    origin.responses = [CannedResponse([json.dumps(SONG).encode()])]
    assert httpx.post(f"{origin.url}{PATH}", json={"song": "la"}).json() == SONG
    assert payi_flush()
    [event] = instrumented.events
    assert (event.category, event.resource) == ("toy.models", "toy.bird")
    assert event.units == {"text": Units(input=3, output=2)}
    assert event.provider_uri == f"{origin.url}{PATH}"
    assert event.properties is None


@pytest.mark.parametrize(
    ("body", "properties"),
    [(VERSES, None), (VERSES[:23], {"system.stream": "partial", "system.units": "missing"})],
)
def test_a_stream_makes_an_event_that_says_whether_it_was_whole(
    instrumented: MemorySink, origin: Origin, body: bytes, properties: dict[str, str] | None
) -> None:
    origin.responses = [CannedResponse([body], headers={"content-type": "text/event-stream"})]
    assert httpx.post(f"{origin.url}{PATH}").content == body
    assert payi_flush()
    [event] = instrumented.events
    assert event.properties == properties
    assert event.time_to_first_token_ms is not None


def test_without_its_place_in_the_list_it_is_not_observed(sink: MemorySink, origin: Origin) -> None:
    payi_instrument(sink=sink)
    origin.responses = [CannedResponse([b"{}"])]
    httpx.post(f"{origin.url}{PATH}")
    assert payi_flush()
    assert payi_stats().captured == 0


def test_the_other_providers_are_still_observed() -> None:
    routes = Routes(HostTable(registry=REGISTRY))
    for operation in REGISTRY.operations.values():
        table = HostTable({parse_host("any.test"): HostMapping(operation.category, None)}, REGISTRY)
        route = Routes(table).find(operation.method, "https", "any.test", None, operation.example)
        assert route is not None
        assert route.operation == operation.name
    assert routes.find("POST", "https", "api.openai.com", None, "/v1/chat/completions") is not None


def test_instruments_and_pay_is_proxy_know_it_by_its_names() -> None:
    hosts = HostTable({parse_host("pay-i.test"): HostMapping(PROXY_CATEGORY, None)}, REGISTRY)
    only = Routes(hosts, frozenset({"toy.models"}))
    proxied = only.find("POST", "https", "pay-i.test", None, f"/api/v1/proxy/toy{PATH}")
    assert proxied is not None
    assert (proxied.category, proxied.resource, proxied.proxied) == ("toy.models", "bird", True)
    assert only.find("POST", "https", "api.openai.com", None, "/v1/chat/completions") is None


def test_a_call_for_a_blocked_limit_is_refused_in_openais_shape_unless_it_states_its_own() -> None:
    refusal = make_blocked_response("toy.song", "budget", registry=REGISTRY)
    assert refusal.status == 403
    assert json.loads(refusal.body)["error"]["code"] == "limit_blocked"


def test_calls_to_an_unmapped_host_are_warned_of_with_its_category(caplog: pytest.LogCaptureFixture) -> None:
    warnings = OneTimeWarnings(logging.getLogger("test.toy"), (), REGISTRY)
    routes = Routes(HostTable(registry=REGISTRY), on_unmapped=warnings.warn_unmapped_host)
    assert routes.find("POST", "https", "toy.corp.test", None, PATH) is None
    assert '{"toy.corp.test": {"price_as_category": "toy.models"}}' in caplog.text


def test_an_observed_request_is_explained() -> None:
    explanation = explain_url(f"https://api.toy.example{PATH}", registry=REGISTRY)
    assert explanation.observed
    assert (explanation.category, explanation.operation) == ("toy.models", "toy.song")
    assert "built-in row api.toy.example" in describe(explanation, REGISTRY)
    assert not explain_url(f"https://api.toy.example{PATH}").observed


@pytest.mark.parametrize(
    ("url", "near"),
    [
        (
            f"https://api.toy.exmple{PATH}",
            "the known host api.toy.example is spelled almost the same; a typo?",
        ),
        (
            "https://api.toy.example/v1/singers/bird/sing-alongs",
            "POST /v1/singers/bird/sing-along is a call of toy.song",
        ),
    ],
)
def test_a_near_miss_is_explained(url: str, near: str) -> None:
    assert explain_url(url, registry=REGISTRY).near == (near,)
