"""A response that is fetched again counts once, whatever came first."""

from __future__ import annotations

import pytest

from payi_transport.decode.reported_responses import ReportedResponses
from payi_transport.values.event import Event, Units


def event(response_id: str, used: int | None = 1) -> Event:
    units = {} if used is None else {"text": Units(input=used)}
    return Event(category="c", units=units, provider_response_id=response_id)


@pytest.mark.parametrize("first_is_fetched", [True, False])
def test_a_response_that_is_fetched_again_is_a_repeat(first_is_fetched: bool) -> None:
    reported = ReportedResponses()
    assert not reported.is_repeat(event("a"), first_is_fetched)
    assert not reported.is_repeat(event("b"), True)
    assert reported.is_repeat(event("a"), True)
    assert reported.is_repeat(event("a", None), True)
    assert reported.is_repeat(event("b"), True)


def test_a_call_that_fetches_nothing_is_never_a_repeat() -> None:
    reported = ReportedResponses()
    assert [reported.is_repeat(event("a"), False) for _ in range(3)] == [False, False, False]


def test_a_response_without_units_does_not_replace_the_one_that_has_them() -> None:
    reported = ReportedResponses()
    assert not reported.is_repeat(event("a", None), True)
    assert not reported.is_repeat(event("a"), True)
    assert reported.is_repeat(event("a"), True)


@pytest.mark.parametrize("first_is_fetched", [True, False])
def test_a_response_without_units_that_is_fetched_again_is_a_repeat(first_is_fetched: bool) -> None:
    reported = ReportedResponses()
    assert not reported.is_repeat(event("a", None), first_is_fetched)
    assert [reported.is_repeat(event("a", None), True) for _ in range(3)] == [True, True, True]
    assert not reported.is_repeat(event("b", None), True)


def test_a_new_call_without_units_does_not_hide_the_reported_units() -> None:
    reported = ReportedResponses()
    assert not reported.is_repeat(event("a"), True)
    assert not reported.is_repeat(event("a", None), False)
    assert reported.is_repeat(event("a"), True)


def test_only_the_latest_responses_are_remembered() -> None:
    reported = ReportedResponses()
    for number in range(20_000):
        assert not reported.is_repeat(event(str(number)), False)
    assert len(reported._has_units) == 10_000
    assert reported.is_repeat(event("19999"), True)
    assert reported.is_repeat(event("10000"), True)
    assert not reported.is_repeat(event("9999"), True)
