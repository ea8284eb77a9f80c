"""An event that Pay-i refuses for its context is delivered with less of it, and counts once."""

from __future__ import annotations

from datetime import timezone

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from payi_transport.sinks.protocol import mark_uncertain
from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery, both
from tests.support.payi_rules import BULK, UPSERT


def test_a_retry_of_unknown_outcome_stays_an_update_when_it_is_degraded() -> None:
    delivery = Delivery()
    delivery.deliver_all(event(1))
    [item] = delivery.deliver_all(mark_uncertain(event(1, user_id="Jo Do")))
    assert item["user_id"] == "Jo_Do"
    assert delivery.paths == [BULK, UPSERT, UPSERT]


def test_a_degraded_event_whose_outcome_is_unknown_is_updated_in_the_same_form() -> None:
    delivery = Delivery()

    def reset() -> httpx.Response | None:
        if len(delivery.paths) == 2:
            raise httpx.ReadError("gone")
        return None

    delivery.before = reset
    receipt = delivery.deliver(event(1), event(2, user_id="Jo Do"))
    assert (list(receipt.retry), list(receipt.uncertain)) == ([1], [1])
    [item] = delivery.deliver_all(mark_uncertain(event(2, user_id="Jo Do")))
    assert item["user_id"] == "Jo_Do"
    assert delivery.paths == [BULK, BULK, UPSERT]


def test_what_a_batch_degrades_does_not_hide_what_it_loses() -> None:
    delivery = Delivery(categories={"system.openai"})
    receipt = delivery.deliver(event(1, user_id="A B"), replace(event(2), category="my.own"))
    assert receipt.rejected == {1: "item_400"} and receipt.problem
    assert delivery.rules.counted == {"id-1": 1}


@both
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_event_is_held_once_whatever_its_numbers_and_names(single: bool, data: st.DataObject) -> None:
    integer = st.none() | st.integers(-5, 2**63)
    name = st.none() | st.text(st.characters(codec="utf-8", min_codepoint=1), min_size=1, max_size=70)
    names = st.none() | st.lists(st.text("ab /ü_-", min_size=1, max_size=70), min_size=1, max_size=3).map(
        tuple
    )
    events = [
        event(
            number,
            http_status_code=data.draw(integer),
            end_to_end_latency_ms=data.draw(integer),
            time_to_first_token_ms=data.draw(integer),
            use_case_name=data.draw(name),
            use_case_version=data.draw(integer),
            user_id=data.draw(name),
            request_tags=data.draw(names),
            limit_ids=data.draw(names),
            event_timestamp=data.draw(st.none() | st.datetimes(timezones=st.just(timezone.utc))),
        )
        for number in range(3)
    ]
    delivery = Delivery(single=single, limits={"a": "allow", "b": "block"})
    receipt = delivery.deliver(*events)
    assert not receipt.retry and not receipt.rejected
    assert delivery.rules.counted == {f"id-{number}": 1 for number in range(3)}


def test_an_inline_sink_knows_what_the_background_one_has_learned() -> None:
    delivery = Delivery()
    delivery.deliver_all(event(1, user_id="Jo Do"))
    inline = delivery.sink.make_inline(10)
    inline.connection.http = delivery.sink.connection.http
    receipt = inline.deliver([event(2, user_id="Jo Do")])
    assert not receipt.notices and delivery.paths[2:] == ["/api/v1/ingest"]
