"""Whom a call through the proxy is for, and what is remembered of it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from payi_transport.context.frame import Frame
from payi_transport.routing.routes import Route
from payi_transport.serve.metering import Meter, make_item, read_frame
from payi_transport.serve.proxy_targets import Targets, read_proxy_path
from payi_transport.serve.service import Service
from payi_transport.serve.settings import ServeSettings

HEADERS = [
    (b"xProxy-UseCase-Name", b"chat"),
    (b"xproxy-usecase-id", b"one"),
    (b"xproxy-usecase-step", b"plan"),
    (b"xproxy-usecase-version", b"2"),
    (b"xproxy-user-id", b"ann"),
    (b"xproxy-account-name", b"acme"),
    (b"xproxy-limit-ids", b"a,b"),
    (b"xproxy-request-tags", b"web"),
]
PLAIN = b'{"model": "gpt-4.1"}'
STREAM = b'{"model": "gpt-4.1", "stream": true}'


def find_route(path: str = "openai/v1/chat/completions") -> Route:
    target = Targets(ServeSettings(file=Path("s"))).find("POST", read_proxy_path(f"/api/v1/proxy/{path}"), {})
    assert target.route is not None
    return target.route


def test_the_context_of_a_call_is_in_its_headers() -> None:
    made = make_item(read_frame(HEADERS, None), find_route())
    assert (made.category, made.units) == ("system.openai", {})
    assert (made.use_case_name, made.use_case_id, made.use_case_step) == ("chat", "one", "plan")
    assert (made.use_case_version, made.user_id, made.account_name) == (2, "ann", "acme")
    assert (made.limit_ids, made.request_tags) == (["a", "b"], ["web"])


def test_a_call_without_a_context_has_none() -> None:
    made = make_item(read_frame([], None), find_route())
    assert (made.limit_ids, made.request_tags) == ([], [])
    assert (made.use_case_name, made.user_id, made.account_name) == (None, None, None)


@pytest.mark.parametrize(
    ("headers", "use_case", "expected"), [([], "app", "app"), (HEADERS, "app", "chat"), ([], None, None)]
)
def test_the_use_case_of_a_path_is_that_of_calls_that_name_none(
    headers: list[tuple[bytes, bytes]], use_case: str | None, expected: str | None
) -> None:
    assert make_item(read_frame(headers, use_case), find_route()).use_case_name == expected


@pytest.mark.parametrize(
    ("headers", "is_subscription"),
    [
        ([], False),
        ([(b"Authorization", b"Bearer sk-ant-oat01-x")], True),
        ([(b"authorization", b"bearer SK-ANT-OAT01-x")], True),
        ([(b"authorization", b"Bearer sk-ant-api03-x")], False),
        ([(b"authorization", b"x Bearer sk-ant-oat01-x")], False),
        ([(b"x-api-key", b"Bearer sk-ant-oat01-x")], False),
        ([(b"ChatGPT-Account-Id", b"a")], True),
        ([(b"x-other", b"y"), (b"chatgpt-account-id", b"a")], True),
    ],
    ids=str,
)
def test_the_login_of_a_subscription_is_no_key(
    headers: list[tuple[bytes, bytes]], is_subscription: bool
) -> None:
    properties = dict(read_frame(headers, None).request_properties)
    assert properties == ({"system.billing": "subscription"} if is_subscription else {})


def test_what_a_call_itself_says_of_its_billing_wins() -> None:
    own = base64.b64encode(b'{"system.billing": "batch", "team": "blue"}')
    headers = [(b"chatgpt-account-id", b"a"), (b"xproxy-request-properties", own)]
    assert read_frame(headers, None).request_properties == {"system.billing": "batch", "team": "blue"}


@pytest.mark.parametrize(
    ("body", "adds_result", "asks", "plain"),
    [
        (PLAIN, False, False, False),
        (PLAIN, True, False, True),
        (STREAM, False, True, True),
        (STREAM, True, True, True),
    ],
)
def test_a_stream_is_asked_for_its_usage_and_what_is_changed_is_not_compressed(
    body: bytes, adds_result: bool, asks: bool, plain: bool, service: Service
) -> None:
    sent = Meter(service).begin(find_route(), Frame(), [(b"a", b"b")], body, adds_result=adds_result)
    assert sent is not None and sent.rewrite is not None
    assert (sent.rewrite.body is not None, sent.rewrite.hides_usage) == (asks, asks)
    assert sent.rewrite.plain is plain
    if sent.rewrite.body is not None:
        assert b"include_usage" in sent.rewrite.body


def test_what_costs_nothing_is_not_remembered(service: Service) -> None:
    meter: Any = Meter(service)
    assert meter.begin(None, Frame(), [], PLAIN, adds_result=True) is None
