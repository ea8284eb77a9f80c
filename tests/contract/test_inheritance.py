"""Whom an event is for: a table of outer scope, inner scope, headers of the call, and what is reported."""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from payi_transport import (
    MemorySink,
    create_headers,
    payi_flush,
    payi_instrument,
    track,
    track_context,
)
from payi_transport.context.fields import Scope
from tests.support.wire_cases import CASES as WIRE_CASES

UNARY = next(case for case in WIRE_CASES if case.name == "openai/chat_unary")
URL = "https://api.openai.com/v1/chat/completions"
ANY_ID = "a new id"
# What the scope outside all scopes says.
BASE: Any = {"use_case_name": "base", "use_case_id": "0", "use_case_version": 1, "limit_ids": ["all"]}


# What is reported where neither scopes nor headers say anything. The request stands for all content.
DEFAULT: dict[str, Any] = {
    "limit_ids": ["all"],
    "request_tags": None,
    "use_case_name": "base",
    "use_case_id": "0",
    "use_case_version": 1,
    "use_case_step": None,
    "use_case_properties": None,
    "user_id": None,
    "account_name": None,
    "properties": None,
    "category": "system.openai",
    "resource": json.loads(UNARY.request)["model"],
    "scope": None,
    "provider_request_json": UNARY.request.decode(),
}


# The model that served, where another is priced.
SERVED = {"provider.served_model": "gpt-4.1-2025-04-14"}


class Case(NamedTuple):
    """`expected` is what differs from DEFAULT."""

    outer: Scope
    inner: Scope
    header: dict[str, str]
    expected: dict[str, Any]


# What a call is priced as is not the model that served it.
SERVED = {"provider.served_model": json.loads(UNARY.response)["model"]}
BOT: Scope = {
    "use_case_name": "bot",
    "use_case_id": "7",
    "use_case_version": 3,
    "use_case_step": "draft",
    "use_case_properties": {"a": "1"},
}
IN_BOT: dict[str, Any] = {**BOT}
NO_USE_CASE: dict[str, Any] = dict.fromkeys(BOT)
NEW: dict[str, Any] = {**NO_USE_CASE, "use_case_name": "other", "use_case_id": ANY_ID}

CASES = {
    "nothing said": Case({}, {}, {}, {}),
    # lists
    "lists combine": Case(
        {"limit_ids": ["a"], "request_tags": ["s"]},
        {"limit_ids": ["b", "a"], "request_tags": ["t"]},
        {},
        {"limit_ids": ["all", "a", "b"], "request_tags": ["s", "t"]},
    ),
    "an outer list is inherited": Case({"limit_ids": ["a"]}, {}, {}, {"limit_ids": ["all", "a"]}),
    "an empty list blocks": Case(
        {"limit_ids": ["a"], "request_tags": ["s"]},
        {"limit_ids": [], "request_tags": []},
        {},
        {"limit_ids": None, "request_tags": None},
    ),
    "after an empty list anew": Case({"limit_ids": []}, {"limit_ids": ["b"]}, {}, {"limit_ids": ["b"]}),
    "lists in headers replace": Case(
        {"limit_ids": ["a"], "request_tags": ["s"]},
        {"limit_ids": ["b"]},
        create_headers(limit_ids=["c"], request_tags=["u"]),
        {"limit_ids": ["c"], "request_tags": ["u"]},
    ),
    "an empty list in a header blocks": Case(
        {"limit_ids": ["a"]}, {}, create_headers(limit_ids=[]), {"limit_ids": None}
    ),
    # properties
    "properties merge": Case(
        {"request_properties": {"a": "1", "b": "1"}},
        {"request_properties": {"b": "2", "c": "2"}},
        {},
        {"properties": {"a": "1", "b": "2", "c": "2"}},
    ),
    "an empty dict blocks": Case({"request_properties": {"a": "1"}}, {"request_properties": {}}, {}, {}),
    "properties in headers replace": Case(
        {"request_properties": {"a": "1"}},
        {"request_properties": {"b": "2"}},
        create_headers(request_properties={"c": "3"}),
        {"properties": {"c": "3"}},
    ),
    "an empty dict in a header blocks": Case(
        {"request_properties": {"a": "1"}}, {}, create_headers(request_properties={}), {}
    ),
    # plain values
    "a value is inherited": Case(
        {"user_id": "u", "account_name": "x"}, {}, {}, {"user_id": "u", "account_name": "x"}
    ),
    "the inner value wins": Case({"user_id": "u"}, {"user_id": "v"}, {}, {"user_id": "v"}),
    "an empty value blocks": Case({"user_id": "u"}, {"user_id": ""}, {}, {}),
    "the header's value wins": Case(
        {"user_id": "u"}, {"user_id": "v"}, create_headers(user_id="w"), {"user_id": "w"}
    ),
    "an empty header blocks": Case({"user_id": "u"}, {}, {"xproxy-USER-id": ""}, {}),
    "a header passes what is blocked": Case(
        {"user_id": "u"}, {"user_id": ""}, create_headers(user_id="w"), {"user_id": "w"}
    ),
    "any text": Case(
        {"user_id": "Zoë 山"},
        {},
        create_headers(account_name="ü,\n山"),
        {"user_id": "Zoë 山", "account_name": "ü,\n山"},
    ),
    # prices
    "a price is inherited": Case(
        {"price_as_category": "c", "price_as_resource": "r", "resource_scope": "global"},
        {},
        {},
        {"category": "c", "resource": "r", "scope": "global", "properties": SERVED},
    ),
    "a price may be blocked": Case({"price_as_resource": "r"}, {"price_as_resource": ""}, {}, {}),
    "a price in a header": Case(
        {"price_as_resource": "r"},
        {},
        create_headers(price_as_category="c", price_as_resource="q", resource_scope="region.eu"),
        {"category": "c", "resource": "q", "scope": "region.eu", "properties": SERVED},
    ),
    # use cases
    "a use case is inherited whole": Case(BOT, {"user_id": "u"}, {}, {**IN_BOT, "user_id": "u"}),
    "the same name stays in it": Case(BOT, {"use_case_name": "bot"}, {}, IN_BOT),
    "another name starts afresh": Case(BOT, {"use_case_name": "other"}, {}, NEW),
    "another name with an id": Case(
        BOT, {"use_case_name": "other", "use_case_id": "8"}, {}, {**NEW, "use_case_id": "8"}
    ),
    "a step of the same use case": Case(
        BOT, {"use_case_step": "final"}, {}, {**IN_BOT, "use_case_step": "final"}
    ),
    "properties of the same use case merge": Case(
        BOT, {"use_case_properties": {"b": "2"}}, {}, {**IN_BOT, "use_case_properties": {"a": "1", "b": "2"}}
    ),
    "the empty name blocks all of it": Case(
        BOT, {"use_case_name": "", "use_case_step": "s"}, {}, NO_USE_CASE
    ),
    "an empty id blocks the id": Case(BOT, {"use_case_id": ""}, {}, {**IN_BOT, "use_case_id": None}),
    "a name in a header": Case(
        BOT, {}, create_headers(use_case_name="other"), {**NO_USE_CASE, "use_case_name": "other"}
    ),
    "the same name in a header": Case(
        BOT,
        {},
        create_headers(use_case_name="bot"),
        {**NO_USE_CASE, "use_case_name": "bot", "use_case_properties": {"a": "1"}},
    ),
    "an id in a header": Case(BOT, {}, create_headers(use_case_id="8"), {**IN_BOT, "use_case_id": "8"}),
    "a name, id, version and step in headers": Case(
        BOT,
        {},
        create_headers(use_case_name="other", use_case_id="8", use_case_version=0, use_case_step="s"),
        {**NEW, "use_case_id": "8", "use_case_version": 0, "use_case_step": "s"},
    ),
    "a step blocked by a header": Case(
        BOT, {}, create_headers(use_case_step=""), {**IN_BOT, "use_case_step": None}
    ),
    "the empty name in a header": Case(
        BOT, {}, create_headers(use_case_name="", use_case_id="8"), NO_USE_CASE
    ),
    # content
    "content may be left out": Case(
        {"log_prompt_and_response": False}, {}, {}, {"provider_request_json": None}
    ),
    "and be let in again": Case(
        {"log_prompt_and_response": False}, {"log_prompt_and_response": True}, {}, {}
    ),
    "content by header": Case(
        {"log_prompt_and_response": False}, {}, create_headers(log_prompt_and_response=True), {}
    ),
    "no content by header": Case(
        {}, {}, create_headers(log_prompt_and_response=False), {"provider_request_json": None}
    ),
}


def call(headers: dict[str, str]) -> None:
    response = httpx.Response(200, headers=UNARY.headers, content=UNARY.response)
    with httpx.Client(transport=httpx.MockTransport(lambda request: response)) as client:
        client.post(URL, content=UNARY.request, headers=headers)


def call_inside(case: Case) -> None:
    with track_context(**case.outer), track_context(**case.inner):
        call(case.header)


def call_decorated(case: Case) -> None:
    @track(**case.outer)
    def outer() -> None:
        track(**case.inner)(call)(case.header)

    outer()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("run", [call_inside, call_decorated])
def test_an_event_is_for_whom_the_scopes_and_headers_say(case: Case, run: Any, sink: MemorySink) -> None:
    payi_instrument(sink=sink, config=BASE)
    run(case)
    assert payi_flush(10)
    event = json.loads(msgspec.json.encode(sink.events[0]))
    reported = {name: event.get(name) for name in DEFAULT}
    expected = {**DEFAULT, **case.expected}
    if expected["use_case_id"] is ANY_ID:
        assert str(uuid.UUID(reported["use_case_id"])) == reported["use_case_id"]
        expected["use_case_id"] = reported["use_case_id"]
    assert reported == expected


def test_the_table_says_all_that_a_scope_can_say() -> None:
    said = {name for case in CASES.values() for name in (*case.outer, *case.inner)}
    assert said == set(Scope.__annotations__) - {"proxy"}
