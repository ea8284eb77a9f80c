"""Numbers and times that Pay-i would refuse are fitted before they are sent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from payi_transport.sinks.payi_ranges import Clock
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
