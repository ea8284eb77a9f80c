"""A response that is fetched again counts once, whatever came first, with all that it has used since."""

from __future__ import annotations

import sys
import threading

import pytest

from payi_transport.decode.reported_responses import ReportedResponses
from payi_transport.values.event import Event, Units

PARTIAL = {"system.stream": "partial"}


def event(response_id: str, used: int | None = 1, properties: dict[str, str] | None = None) -> Event:
    units = {} if used is None else {"text": Units(input=used)}
    return Event(category="c", units=units, provider_response_id=response_id, properties=properties)


def is_repeat(reported: ReportedResponses, one: Event, is_fetch: bool) -> bool:
    """Whether nothing of an event is new. If something is, all of it is."""
    new = reported.find_new(one, is_fetch)
    assert new is None or new.units == one.units
    return new is None


@pytest.mark.parametrize("first_is_fetched", [True, False])
def test_a_response_that_is_fetched_again_is_a_repeat(first_is_fetched: bool) -> None:
    reported = ReportedResponses()
    assert not is_repeat(reported, event("a"), first_is_fetched)
    assert not is_repeat(reported, event("b"), True)
    assert is_repeat(reported, event("a"), True)
    assert is_repeat(reported, event("a", None), True)
    assert is_repeat(reported, event("b"), True)


def test_a_call_that_fetches_nothing_is_never_a_repeat() -> None:
    reported = ReportedResponses()
    assert [is_repeat(reported, event("a"), False) for _ in range(3)] == [False, False, False]


@pytest.mark.parametrize("nothing", [None, 0])
def test_a_response_without_units_does_not_replace_the_one_that_has_them(nothing: int | None) -> None:
    reported = ReportedResponses()
    assert not is_repeat(reported, event("a", nothing), True)
    assert not is_repeat(reported, event("a"), True)
    assert is_repeat(reported, event("a"), True)


@pytest.mark.parametrize("nothing", [None, 0])
@pytest.mark.parametrize("first_is_fetched", [True, False])
def test_a_response_without_units_that_is_fetched_again_is_a_repeat(
    first_is_fetched: bool, nothing: int | None
) -> None:
    reported = ReportedResponses()
    assert not is_repeat(reported, event("a", nothing), first_is_fetched)
    assert [is_repeat(reported, event("a", None), True) for _ in range(3)] == [True, True, True]
    assert not is_repeat(reported, event("b", None), True)


@pytest.mark.parametrize("nothing", [None, 0])
def test_a_new_call_without_units_does_not_hide_the_reported_units(nothing: int | None) -> None:
    reported = ReportedResponses()
    assert not is_repeat(reported, event("a"), True)
    assert not is_repeat(reported, event("a", nothing), False)
    assert is_repeat(reported, event("a"), True)


def test_a_response_that_was_reported_without_units_first_has_an_id_of_its_own() -> None:
    reported = ReportedResponses()
    first = reported.find_new(event("a", None), True)
    second = reported.find_new(event("a"), True)
    assert first is not None and second is not None
    assert first.provider_response_id == "a"
    assert second.provider_response_id.startswith("a_")
    assert second.properties == {"provider.response_id": "a"}


def test_only_the_latest_responses_are_remembered() -> None:
    reported = ReportedResponses()
    for number in range(20_000):
        assert not is_repeat(reported, event(str(number)), False)
    assert len(reported._reports) == 10_000
    assert is_repeat(reported, event("19999"), True)
    assert is_repeat(reported, event("10000"), True)
    assert not is_repeat(reported, event("9999"), True)


@pytest.mark.parametrize("first_is_fetched", [True, False])
def test_of_a_response_that_was_left_early_only_what_it_has_used_since_is_new(first_is_fetched: bool) -> None:
    reported = ReportedResponses()
    assert not is_repeat(reported, event("a", 10, PARTIAL), first_is_fetched)
    assert is_repeat(reported, event("a", 10, PARTIAL), True)
    for used, more in ((600, 590), (700, 100)):
        new = reported.find_new(event("a", used, {"user": "u"}), True)
        assert new is not None
        assert new.units == {"text": Units(input=more)}
        # Pay-i would take the same id for a repeat.
        assert new.provider_response_id.startswith("a_")
        assert new.properties == {"user": "u", "provider.response_id": "a"}
        assert is_repeat(reported, event("a", used), True)


def test_a_call_that_ends_after_the_fetch_of_what_it_started_adds_only_what_is_new() -> None:
    reported = ReportedResponses()
    assert not is_repeat(reported, event("a", 600), True)
    # Left early, without usage and with some.
    assert not is_repeat(reported, event("a", None, PARTIAL), False)
    assert is_repeat(reported, event("a", 10, PARTIAL), False)
    # A server that reuses the id.
    assert not is_repeat(reported, event("a", 10), False)
    assert not is_repeat(reported, event("b", 5, PARTIAL), True)
    new = reported.find_new(event("b", 7), False)
    assert new is not None
    assert new.units == {"text": Units(input=2)}


def test_what_a_provider_counts_beside_units_is_told_once_too() -> None:
    reported = ReportedResponses()
    searches, tier = "provider.file_search_calls", {"provider.service_tier": "flex"}
    assert not is_repeat(reported, event("a", 1, {searches: "1", **tier, **PARTIAL}), False)
    new = reported.find_new(event("a", 2, {searches: "3", **tier, **PARTIAL}), True)
    assert new is not None
    assert new.properties == {searches: "2", **tier, **PARTIAL, "provider.response_id": "a"}
    new = reported.find_new(event("a", 3, {searches: "3"}), True)
    assert new is not None
    assert new.properties == {"provider.response_id": "a"}


def test_threads_that_fetch_the_same_response_report_its_units_once() -> None:
    reported = ReportedResponses()
    reported.find_new(event("a", 1, PARTIAL), False)
    news: list[Event | None] = []
    gate = threading.Barrier(8)

    def fetch() -> None:
        gate.wait()
        news.extend(reported.find_new(event("a", used), True) for used in range(1, 400))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=fetch) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sum(new.units["text"].input or 0 for new in news if new is not None) == 398
