"""The scope of one service in the calls of the next, with and without OpenTelemetry's propagators between."""

from __future__ import annotations

import pytest
from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator

from payi_transport import (
    MemorySink,
    get_context,
    payi_instrument,
    payi_stats,
    payi_uninstrument,
    track_context,
)
from payi_transport.propagate import extract, inject


@pytest.fixture(autouse=True)
def instrumented() -> None:
    payi_instrument(sink=MemorySink(), config={"use_case_name": "app"})


def test_the_scope_of_the_sender_is_that_of_the_receiver() -> None:
    with track_context(user_id="alice", use_case_name="chat", request_properties={"a": "b"}):
        headers = {"content-type": "application/json"}
        inject(headers)
        sent = get_context()
    with track_context(**extract(headers)):
        assert get_context() == sent
    assert headers["content-type"] == "application/json"


def test_the_instance_of_a_use_case_goes_on_in_the_next_service() -> None:
    headers: dict[str, str] = {}
    with track_context(use_case_name="chat"):
        instance = get_context()["use_case_id"]
        inject(headers)
    with track_context(**extract(headers)):
        assert get_context()["use_case_id"] == instance


def test_nothing_is_carried_outside_all_scopes_and_without_instrumentation() -> None:
    headers: dict[str, str] = {}
    inject(headers)
    payi_uninstrument()
    with track_context(user_id="a"):
        inject(headers)
    assert headers == {}


def test_opentelemetry_carries_the_scope_between_two_services() -> None:
    first: dict[str, str] = {"baggage": "tenant=7"}
    with track_context(user_id="Zoë", request_tags=["a", "b"]):
        inject(first)
    propagator = W3CBaggagePropagator()
    context = propagator.extract(first)
    second: dict[str, str] = {}
    propagator.inject(second, context=context)
    received = extract(second)
    assert (received["user_id"], received["request_tags"]) == ("Zoë", ("a", "b"))
    assert baggage.get_baggage("tenant", context) == "7"
    assert baggage.get_baggage("payi.user_id", context) == "Zoë"


def test_what_was_ignored_is_counted() -> None:
    before = payi_stats().ignored_baggage
    assert extract({"baggage": "payi.use_case_version=x"}) == {}
    assert payi_stats().ignored_baggage == before + 1


@pytest.mark.parametrize("headers", [{}, {"baggage": ""}, []], ids=repr)
def test_without_baggage_there_is_no_scope(headers: dict[str, str]) -> None:
    assert extract(headers) == {}
