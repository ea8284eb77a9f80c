"""Numbers and times that Pay-i would refuse are fitted before they are sent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from payi_transport.sinks.payi_notices import Notices
from payi_transport.sinks.payi_ranges import Clock, fit_ranges
from payi_transport.values.event import Event, Units
from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery, both


def read_time(item: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(item["event_timestamp"].replace("Z", "+00:00"))


FUTURE = datetime.now(timezone.utc) + timedelta(hours=3)


@both
def test_a_time_ahead_of_pay_i_is_brought_back(single: bool) -> None:
    delivery = Delivery(single=single)
    [item] = delivery.deliver_all(event(1, event_timestamp=FUTURE))
    assert datetime.fromisoformat(item["event_timestamp"].replace("Z", "+00:00")) < FUTURE - timedelta(
        hours=2
    )
    assert item["properties"] == {"system.refused.event_timestamp": FUTURE.isoformat()}
    assert len(delivery.notices) == 1 and "clock" in delivery.notices[0]


@both
def test_a_clock_that_is_ahead_is_corrected_by_pay_is_own(single: bool) -> None:
    behind = datetime.now(timezone.utc) - timedelta(hours=2)
    delivery = Delivery(single=single, now=lambda: behind, date=behind.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    moment = datetime.now(timezone.utc) - timedelta(seconds=30)
    # The first is refused, and the rest are right from the start.
    delivery.deliver_all(event(1, event_timestamp=moment))
    asked = len(delivery.paths)
    [item] = delivery.deliver_all(event(2, event_timestamp=moment))
    assert abs(read_time(item) - (behind - timedelta(seconds=30))) < timedelta(seconds=30)
    assert (asked, len(delivery.paths)) == (2, 3)


def test_the_clock_of_a_gateway_is_not_taken_for_pay_is() -> None:
    delivery = Delivery()
    response = httpx.Response(502, content=b"<html>", headers={"date": "Sun, 09 Sep 2001 01:46:40 GMT"})
    delivery.before = lambda: response
    assert list(delivery.deliver(event(1)).retry) == [0]
    delivery.before = lambda: None
    [item] = delivery.deliver_all(event(2, event_timestamp=datetime.now(timezone.utc)))
    assert "properties" not in item


def test_a_time_that_pay_i_never_takes_is_left_out() -> None:
    delivery = Delivery(now=lambda: datetime(2020, 1, 1, tzinfo=timezone.utc))
    [item] = delivery.deliver_all(event(1, event_timestamp=datetime(2026, 1, 1, tzinfo=timezone.utc)))
    assert "event_timestamp" not in item
    assert item["properties"]["system.refused.event_timestamp"].startswith("2026-01-01")


def test_counts_are_cut_to_32_bits_and_keep_their_true_value() -> None:
    delivery = Delivery()
    units = {"text": Units(2**40, 3), "audio": Units(None, -1), "a{b}": Units(2**31)}
    [item] = delivery.deliver_all(
        Event(category="c", units=units, provider_response_id="id", use_case_name="b", use_case_version=2**31)
    )
    most = 2**31 - 1
    assert item["units"] == {
        "text": {"input": most, "output": 3},
        "audio": {"output": 0},
        "a{b}": {"input": most},
    }
    assert item["use_case_version"] == most
    assert item["properties"] == {
        "system.refused.units.text.input": str(2**40),
        "system.refused.units.audio.output": "-1",
        "system.refused.units.a{b}.input": str(2**31),
        "system.refused.use_case_version": str(2**31),
    }
    assert len(delivery.notices) == 2


@pytest.mark.parametrize("date", ["", "yesterday", "Sat, 28 Nov 99999 15:00:00 GMT", "1"])
def test_a_date_that_is_malformed_changes_nothing(date: str) -> None:
    clock = Clock(lambda: 1e9)
    clock.compare(date)
    assert clock.ahead == 0.0


def test_a_clock_that_is_set_right_is_corrected_no_more() -> None:
    now = 1e9 + 3600
    clock = Clock(lambda: now)
    clock.compare("Sun, 09 Sep 2001 01:46:40 GMT")
    assert clock.ahead == 3600
    early = datetime.fromtimestamp(now, timezone.utc)
    assert clock.correct(early) == early - timedelta(hours=1)
    now -= 3600
    clock.compare("Sun, 09 Sep 2001 01:46:40 GMT")
    # Nothing tells when that was by the right clock, except that it is over.
    assert (clock.ahead, clock.correct(early)) == (0.0, clock.now())


@pytest.mark.parametrize(("seconds", "ahead"), [(240.0, 0.0), (240.5, 240.5), (-3600.0, 0.0)])
def test_a_clock_is_corrected_if_it_is_more_than_4_minutes_ahead(seconds: float, ahead: float) -> None:
    clock = Clock(lambda: 1e9 + seconds)
    clock.compare("Sun, 09 Sep 2001 01:46:40 GMT")
    assert clock.ahead == ahead
    assert clock.now() == datetime.fromtimestamp(1e9 + seconds - ahead, timezone.utc)


@pytest.mark.parametrize(("seconds", "kept"), [(240.0, True), (240.5, False), (-9e8, True)])
def test_a_time_up_to_4_minutes_ahead_is_sent_as_it_is(seconds: float, kept: bool) -> None:
    clock = Clock(lambda: 1e9)
    moment = datetime.fromtimestamp(1e9 + seconds, timezone.utc)
    assert clock.correct(moment) == (moment if kept else clock.now())


def fit(**fields: Any) -> tuple[Event, list[str]]:
    notices: list[str] = []
    return fit_ranges(event(1, **fields), Clock(lambda: 1e9), Notices(), notices), notices


@pytest.mark.parametrize(
    "name", ["end_to_end_latency_ms", "time_to_first_token_ms", "http_status_code", "use_case_version"]
)
@pytest.mark.parametrize(("value", "fitted"), [(-1, 0), (0, 0), (2**31 - 1, 2**31 - 1), (2**31, 2**31 - 1)])
def test_each_number_has_the_range_of_pay_is_integers(name: str, value: int, fitted: int) -> None:
    found, notices = fit(**{name: value})
    assert getattr(found, name) == fitted
    if value == fitted:
        assert (found.properties, notices) == (None, [])
        return
    assert found.properties == {f"system.refused.{name}": str(value)}
    assert notices == [
        f"an event has {name} {value}, but Pay-i accepts 0 to 2,147,483,647 only, so the nearest of these is"
        f" reported, and the value is in the property system.refused.{name}; further ones are not logged"
    ]


def test_counts_of_units_in_range_are_sent_as_they_are() -> None:
    sent = Event(category="c", units={"text": Units(0, 2**31 - 1)}, provider_response_id="id")
    assert fit_ranges(sent, Clock(lambda: 1e9), Notices(), []) is sent


def test_counts_of_units_out_of_range_are_logged_once_for_all_units() -> None:
    notices, told = Notices(), list[str]()
    for name in ("text", "audio"):
        sent = Event(category="c", units={name: Units(-1)}, provider_response_id="id")
        fit_ranges(sent, Clock(lambda: 1e9), notices, told)
    assert len(told) == 1 and "units.text.input -1" in told[0]


def test_what_an_event_said_at_first_is_kept() -> None:
    found, _ = fit(use_case_version=-1, properties={"system.refused.use_case_version": "x", "a": "b"})
    assert found.properties == {"system.refused.use_case_version": "x", "a": "b"}


def test_a_time_without_a_zone_is_left_alone() -> None:
    moment = datetime(2999, 1, 1)
    assert fit(event_timestamp=moment)[0].event_timestamp == moment
