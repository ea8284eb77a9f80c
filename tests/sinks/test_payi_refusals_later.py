"""What Pay-i has refused once is not sent again for ten minutes, and each value is named once."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from payi_transport.sinks.payi_limit_kinds import ALLOW, LimitKinds
from payi_transport.sinks.payi_notices import Notices
from payi_transport.sinks.payi_ranges import Clock
from payi_transport.sinks.payi_refusals import Refusals
from payi_transport.sinks.payi_response import PayiResponse
from payi_transport.values.event import Event
from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery
from tests.sinks.test_payi_refusals import CASES
from tests.support.payi_rules import BULK

KEPT = "what they said is in the property system.refused"


def refuse_once(delivery: Delivery, code: str, times: int = 1) -> None:
    left = iter([True] * times)
    response = httpx.Response(400, json={"xproxy_error": {"code": code}})
    delivery.before = lambda: response if next(left, False) else None


@pytest.mark.parametrize(("said", "known", "held", "kept"), CASES.values(), ids=CASES.keys())
def test_the_next_event_is_right_in_its_first_request(
    said: dict[str, Any], known: dict[str, Any], held: dict[str, Any], kept: dict[str, str]
) -> None:
    delivery = Delivery(**known)
    first, second = (
        delivery.deliver_all(msgspec.structs.replace(event(number), **said)) for number in (1, 2)
    )
    delivery.paths.clear()
    delivery.notices.clear()
    [third] = delivery.deliver_all(msgspec.structs.replace(event(3), **said))
    assert (delivery.paths, delivery.notices) == ([BULK], [])
    for [item] in (first, second, [third]):
        assert item["properties"] == {f"system.refused.{name}": value for name, value in kept.items()}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("invalid_user_id", {"user_id": "u"}),
        ("invalid_use_case_properties", {"use_case_name": "bot", "use_case_properties": {"a": "b"}}),
        ("invalid_limit_ids", {"limit_ids": ("a", "b")}),
        ("invalid_use_case_step", {"use_case_name": "bot", "use_case_step": "plan"}),
        ("invalid_resource_scope", {"scope": "global"}),
    ],
)
def test_a_value_without_a_valid_form_is_left_out_of_later_events(code: str, said: dict[str, Any]) -> None:
    delivery = Delivery()
    refuse_once(delivery, code)
    *_, blamed = said
    for number in range(2):
        [item] = delivery.deliver_all(event(number, **said))
        assert blamed not in item
    assert sum(path == BULK for path in delivery.paths) == 3


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [("use_case_not_found", "use_case_name", "my bot"), ("user_not_found", "user_id", "Jo Do")],
)
def test_a_name_that_pay_i_does_not_know_is_not_replaced_by_a_valid_one(
    code: str, name: str, value: str
) -> None:
    delivery = Delivery()
    refuse_once(delivery, code)
    [item] = delivery.deliver_all(event(1, **{name: value}))
    assert name not in item
    assert item["properties"] == {f"system.refused.{name}": value}


def test_of_a_list_each_item_that_was_refused_is_remembered() -> None:
    delivery = Delivery()
    delivery.deliver_all(event(1, request_tags=("a b", "c d", "e")))
    asked = len(delivery.paths)
    [item] = delivery.deliver_all(event(2, request_tags=("f", "c d")))
    assert item["request_tags"] == ["f", "c-d"]
    assert len(delivery.paths) == asked + 1


def test_of_several_usual_categories_the_first_that_is_accepted_is_used() -> None:
    # By its host, the call is one of OpenAI's, and by its path one of Anthropic's.
    uri = "https://api.openai.com/v1/messages"
    delivery = Delivery(categories={"system.anthropic"})
    for number, requests in ((1, 3), (2, 1)):
        delivery.paths.clear()
        sent = msgspec.structs.replace(event(number, provider_uri=uri), category="my.own")
        [item] = delivery.deliver_all(sent)
        assert item["category"] == "system.anthropic"
        assert item["properties"] == {"system.refused.category": "my.own"}
        assert len(delivery.paths) == requests


def test_properties_are_left_out_when_nothing_else_is_left() -> None:
    delivery = Delivery()
    refuse_once(delivery, "invalid_json", times=2)
    [item] = delivery.deliver_all(event(1, user_id="u", properties={"a": "b"}))
    assert "user_id" not in item and "properties" not in item
    assert len(delivery.paths) == 3


def make_refusals(now: list[float], kind: str = ALLOW) -> Refusals:
    body = msgspec.json.encode({"limit": {"limit_type": kind}})
    kinds = LimitKinds(lambda spec: (0, PayiResponse(200, body)))
    return Refusals(kinds, Clock(lambda: 0.0), Notices(), lambda: now[0])


def degrade(refusals: Refusals, code: str, **fields: Any) -> tuple[Event | None, list[str]]:
    notices: list[str] = []
    return refusals.degrade(event(1, **fields), code, notices), notices


def test_a_value_is_left_out_for_ten_minutes() -> None:
    now = [1000.0]
    refusals = make_refusals(now)
    degrade(refusals, "invalid_user_id", user_id="u")
    for now[0], user in ((1599.9, None), (1600.0, "u")):
        assert refusals.prepare(event(2, user_id="u")).user_id == user
    assert refusals.prepare(event(3, user_id="v")).user_id == "v"


def test_ten_thousand_values_are_remembered() -> None:
    refusals = make_refusals([0.0])
    tags = tuple(f"t {number}" for number in range(10_001))
    degrade(refusals, "invalid_tags", request_tags=tags)
    found = refusals.prepare(event(2, request_tags=tags)).request_tags or ()
    # One is forgotten. It is sent as it is, and may be refused once more.
    assert sum(tag.replace(" ", "-") == sent for tag, sent in zip(tags, found, strict=True)) == 10_000


@pytest.mark.parametrize(
    ("code", "said", "notice"),
    [
        (
            "invalid_use_case_name",
            {"use_case_name": "my bot"},
            "Pay-i refused the use_case_name 'my bot' (invalid_use_case_name: Pay-i accepts letters, digits,"
            " '.', '-' and '_', 64 characters at most, here), so events are sent with 'my-bot' instead;"
            f" {KEPT}.use_case_name",
        ),
        (
            "account_not_found",
            {"account_name": "acme"},
            "Pay-i refused the account_name 'acme' (account_not_found), so events are sent without it;"
            f" {KEPT}.account_name",
        ),
        (
            "invalid_tags",
            {"request_tags": ("a b", "c")},
            "Pay-i refused the request_tags 'a b' (invalid_tags: Pay-i accepts letters, digits, '-' and '_'"
            f" here), so events are sent with 'a-b' instead; {KEPT}.request_tags",
        ),
        (
            "invalid_tags",
            {"request_tags": ("a", "c")},
            "Pay-i refused the request_tags 'a,c' (invalid_tags: Pay-i accepts letters, digits, '-' and '_'"
            f" here), so events are sent without it; {KEPT}.request_tags",
        ),
        (
            "invalid_use_case_properties",
            {"use_case_properties": {"a": "b"}},
            'Pay-i refused the use_case_properties \'{"a":"b"}\' (invalid_use_case_properties), so events'
            f" are sent without it; {KEPT}.use_case_properties",
        ),
        (
            "invalid_limit_ids",
            {"limit_ids": ("..",)},
            "Pay-i refused the limit_ids '..' (invalid_limit_ids), so events are sent without it;"
            f" {KEPT}.limit_ids",
        ),
    ],
)
def test_the_log_says_what_was_refused_why_and_what_is_sent(
    code: str, said: dict[str, Any], notice: str
) -> None:
    refusals = make_refusals([0.0])
    assert degrade(refusals, code, **said)[1] == [notice]
    assert degrade(refusals, code, **said)[1] == []


def test_the_log_says_that_a_limit_blocks() -> None:
    degraded, notices = degrade(make_refusals([0.0], "block"), "invalid_limit_ids", limit_ids=("a",))
    assert notices == [
        "the limit 'a' blocks, and such a limit works with proxy=True only, so events are reported without"
        " it; its id is in the property system.unapplied_limit_ids"
    ]
    assert degraded is not None and degraded.limit_ids is None
    assert degraded.properties == {"system.unapplied_limit_ids": "a"}
