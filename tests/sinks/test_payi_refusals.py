"""What Pay-i refuses of an event is left out or made valid, and the event says what it lost."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from payi_transport.sinks import payi_refusals
from tests.sinks.events import event
from tests.sinks.payi_delivery import Delivery, both
from tests.support.payi_rules import CONTEXT

NAMES = (*CONTEXT, "category", "resource")
OPENAI = "https://api.openai.com/v1/chat/completions"
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, str]]] = {
    # what the event says, what Pay-i knows, what Pay-i then holds, what is kept as a property
    "a use case with a space": (
        {"use_case_name": "my bot", "use_case_version": 2, "use_case_step": "plan"},
        {},
        {"use_case_name": "my-bot", "use_case_version": 2, "use_case_step": "plan"},
        {"use_case_name": "my bot"},
    ),
    "a use case that is too long": (
        {"use_case_name": "x" * 65}, {}, {"use_case_name": "x" * 64}, {"use_case_name": "x" * 65},
    ),
    "a use case that is not ASCII": (
        {"use_case_name": "größe"}, {}, {"use_case_name": "gr--e"}, {"use_case_name": "größe"},
    ),
    "a use case that does not exist": (
        {"use_case_name": "bot", "use_case_id": "7", "use_case_properties": {"a": "b"}},
        {"use_cases": {"other"}},
        {},
        {"use_case_name": "bot", "use_case_id": "7", "use_case_properties": '{"a":"b"}'},
    ),
    "a use case whose valid form does not exist": (
        {"use_case_name": "my bot"}, {"use_cases": {"other"}}, {}, {"use_case_name": "my bot"},
    ),
    "an instance that does not exist": (
        {"use_case_name": "bot", "use_case_id": "7"},
        {"instances": {"8"}},
        {"use_case_name": "bot"},
        {"use_case_id": "7"},
    ),
    "tags": (
        {"request_tags": ("a b", "c", "d/e")},
        {},
        {"request_tags": ["a-b", "c", "d-e"]},
        {"request_tags": "a b,c,d/e"},
    ),
    "a user with spaces": ({"user_id": "Jo Do"}, {}, {"user_id": "Jo_Do"}, {"user_id": "Jo Do"}),
    "a limit that does not exist": (
        {"limit_ids": ("a", "b")}, {"limits": {"a": "allow"}}, {"limit_ids": ["a"]}, {"limit_ids": "b"},
    ),
    "no limit that exists": ({"limit_ids": ("a", "..")}, {"limits": {}}, {}, {"limit_ids": "a,.."}),
    "a category of the user's": (
        {"category": "my.category", "provider_uri": OPENAI},
        {"categories": {"system.openai"}},
        {"category": "system.openai"},
        {"category": "my.category"},
    ),
    "a category at a host of the user's": (
        {"category": "my.category", "provider_uri": "https://llm.test/v1/messages"},
        {"categories": {"system.openai", "system.anthropic"}},
        {"category": "system.anthropic"},
        {"category": "my.category"},
    ),
    "a resource without a price": (
        {"resource": "gpt-9"},
        {"resources": {"system.unknown_model"}},
        {"resource": "system.unknown_model"},
        {"resource": "gpt-9"},
    ),
    "a resource that cannot even be unknown": (
        {"resource": "gpt-9"}, {"resources": {"none"}}, {}, {"resource": "gpt-9"},
    ),
    "everything": (
        {"use_case_name": "my bot", "request_tags": ("a b",), "user_id": "Jo Do", "limit_ids": ("a",)},
        {"limits": {}},
        {"use_case_name": "my-bot", "request_tags": ["a-b"], "user_id": "Jo_Do"},
        {"use_case_name": "my bot", "request_tags": "a b", "user_id": "Jo Do", "limit_ids": "a"},
    ),
}  # fmt: skip


@both
@pytest.mark.parametrize(("said", "known", "held", "kept"), CASES.values(), ids=CASES.keys())
def test_what_is_refused_is_left_out_or_made_valid(
    said: dict[str, Any], known: dict[str, Any], held: dict[str, Any], kept: dict[str, str], single: bool
) -> None:
    delivery = Delivery(single=single, **known)
    # Its neighbors keep what they say.
    sent = msgspec.structs.replace(event(2), **said)
    [_, item, _] = delivery.deliver_all(event(1, user_id="u"), sent, event(3))
    expected = {"category": "system.openai", **held}
    assert {name: item[name] for name in NAMES if name in item} == expected
    assert item["properties"] == {f"system.refused.{name}": value for name, value in kept.items()}
    assert delivery.rules.counted == {"id-1": 1, "id-2": 1, "id-3": 1}


@both
def test_each_value_is_refused_once_and_logged_once(single: bool) -> None:
    delivery = Delivery(single=single)
    delivery.deliver_all(*(event(number, use_case_name="my bot") for number in range(4)))
    asked = len(delivery.paths)
    delivery.deliver_all(*(event(number, use_case_name="my bot") for number in range(4, 8)))
    assert len(delivery.paths) - asked == (4 if single else 1)
    [notice] = delivery.notices
    assert "'my bot'" in notice and "'my-bot'" in notice and "64 characters" in notice
    assert "system.refused.use_case_name" in notice


def test_a_value_is_tried_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = Delivery(use_cases={"other"})
    now = 0.0
    monkeypatch.setattr(delivery.sink._refusals, "_monotonic", lambda: now)
    [item] = delivery.deliver_all(event(1, use_case_name="bot"))
    assert "use_case_name" not in item
    delivery.rules.use_cases = None
    now = 599.0
    [item] = delivery.deliver_all(event(2, use_case_name="bot"))
    assert "use_case_name" not in item
    now = 600.0
    [item] = delivery.deliver_all(event(3, use_case_name="bot"))
    assert item["use_case_name"] == "bot" and "properties" not in item


@pytest.mark.parametrize(
    ("status", "code", "left"),
    [
        (400, "", {}),
        (422, "invalid_something_new", {}),
        (431, "", {}),
        (400, "invalid_account_name", {"user_id": "u"}),
        (404, "account_not_found", {"user_id": "u"}),
    ],
)
def test_an_unknown_reason_costs_the_whole_context(status: int, code: str, left: dict[str, str]) -> None:
    delivery = Delivery(single=True)
    error = {"message": "m", "statusCode": status, "xproxy_error": {"code": code}} if code else {}
    refused = iter([True, False])
    delivery.before = lambda: httpx.Response(status, json=error) if next(refused) else None
    [item] = delivery.deliver_all(event(1, user_id="u", account_name="acme", properties={"a": "b"}))
    assert {name: item[name] for name in CONTEXT if name in item} == left
    assert item["properties"]["a"] == "b" and item["properties"]["system.refused.account_name"] == "acme"


def test_what_is_refused_without_any_context_is_lost() -> None:
    delivery = Delivery()
    delivery.before = lambda: httpx.Response(400, json={"xproxy_error": {"code": "invalid_json"}})
    receipt = delivery.deliver(event(1, user_id="u", properties={"a": "b"}))
    assert receipt.rejected == {0: "status_400"} and receipt.problem
    # With its context, without it, and without properties.
    assert len(delivery.paths) == 3


@pytest.mark.parametrize(
    ("code", "sent", "kept"),
    [
        ("invalid_tags", {"request_tags": ("a", "b")}, {"request_tags": "a,b"}),
        ("invalid_user_id", {"user_id": "u"}, {"user_id": "u"}),
        ("invalid_use_case_properties", {"use_case_properties": {}}, {"use_case_properties": "{}"}),
        ("invalid_ingest_event_timestamp", {"user_id": "u"}, {"user_id": "u"}),
        ("invalid_limit_ids", {"user_id": "u"}, {"user_id": "u"}),
        ("category_not_found", {"user_id": "u"}, {"user_id": "u"}),
        ("use_case_instance_not_found", {"use_case_name": "bot"}, {"use_case_name": "bot"}),
    ],
)
def test_what_looks_valid_and_is_refused_is_left_out(
    code: str, sent: dict[str, Any], kept: dict[str, str]
) -> None:
    delivery = Delivery()
    refused = iter([True])
    error = {"xproxy_error": {"code": code}}
    delivery.before = lambda: httpx.Response(400, json=error) if next(refused, False) else None
    [item] = delivery.deliver_all(event(1, **sent))
    assert not sent.keys() & item.keys()
    assert item["properties"] == {f"system.refused.{name}": value for name, value in kept.items()}


def test_tags_that_are_refused_together_are_left_out_of_later_events() -> None:
    delivery = Delivery()
    refused = iter([True])
    error = {"xproxy_error": {"code": "invalid_tags"}}
    delivery.before = lambda: httpx.Response(400, json=error) if next(refused, False) else None
    for number in range(2):
        [item] = delivery.deliver_all(event(number, request_tags=("a", "b")))
        assert item["properties"] == {"system.refused.request_tags": "a,b"}
    assert len(delivery.paths) == 3


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payi_refusals, "_MAX_REMEMBERED", 3)
    delivery = Delivery()
    delivery.deliver_all(*(event(number, user_id=f"user {number}") for number in range(5)))
    delivery.paths.clear()
    delivery.deliver_all(event(5, user_id="user 4"))
    delivery.deliver_all(event(6, user_id="user 0"))
    assert len(delivery.paths) == 3


def test_a_limit_that_blocks_later_is_named_beside_the_first() -> None:
    delivery = Delivery(limits={"a": "block"})
    delivery.deliver_all(event(1, limit_ids=("a",)))
    delivery.rules.limits = {"a": "block", "b": "block"}
    [item] = delivery.deliver_all(event(2, limit_ids=("a", "b")))
    assert item["properties"] == {"system.unapplied_limit_ids": "a,b"}


def test_a_category_is_lost_where_no_other_is_known() -> None:
    delivery = Delivery(categories={"system.openai"})
    for number in range(2):
        sent = msgspec.structs.replace(event(number, user_id="u"), category="my.own")
        assert delivery.deliver(sent).rejected == {0: "item_400"}
