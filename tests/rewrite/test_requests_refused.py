"""Calls that are refused, and calls that can't go through the proxy: what callers and logs are told."""

from __future__ import annotations

import json

import pytest

from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.delivery.limits import LimitStates
from payi_transport.rewrite.proxy import Proxy
from payi_transport.rewrite.requests import RequestRewriter
from tests.rewrite.test_requests import NONE, OWN, PROXY, ROUTE, STREAM


def message_of(rewrite: RequestRewrite | None) -> str | None:
    if rewrite is None or rewrite.blocked_response is None:
        return None
    assert rewrite == RequestRewrite(blocked_response=rewrite.blocked_response)
    text: str = json.loads(rewrite.blocked_response.body)["error"]["message"]
    return text


@pytest.mark.parametrize("state", ["blocked", "overrun"])
def test_log_and_response_name_the_limit_and_its_state(state: str) -> None:
    limits, told = LimitStates(), list[str]()
    limits.set("one", "ok")
    limits.set("two", state)
    rewriter = RequestRewriter(PROXY, limits, warn=told.append)
    message = message_of(rewriter.plan(ROUTE, Frame(limit_ids=("one", "two")), b"{}", NONE))
    assert message is not None and message.startswith(f"Pay-i: limit two is {state}, so the request was")
    assert told == [
        f"limit two is {state}, so a call was not sent and its caller got a permission error; raise or reset"
        " the limit in Pay-i, or turn config.enforce_limits off"
    ]


def refuse(frame: Frame) -> str | None:
    return f"budget of {frame.user_id} is spent" if frame.user_id else None


@pytest.mark.parametrize("proxy", [False, True])
def test_a_call_for_a_spent_budget_is_refused_with_the_reason_before_every_other_rewrite(proxy: bool) -> None:
    told: list[str] = []
    rewriter = RequestRewriter(PROXY, find_refusal=refuse, warn=told.append)
    frame = Frame(user_id="u", proxy=proxy)
    assert message_of(rewriter.plan(ROUTE, frame, STREAM, OWN)) == "budget of u is spent"
    assert told == ["a call was refused, and its caller got a permission error: budget of u is spent"]
    assert message_of(rewriter.plan(ROUTE, Frame(proxy=proxy), STREAM, OWN)) is None
    assert len(told) == 1


def test_a_blocked_limit_is_named_before_a_spent_budget() -> None:
    limits = LimitStates()
    limits.set("l", "blocked")
    rewriter = RequestRewriter(PROXY, limits, find_refusal=refuse)
    message = message_of(rewriter.plan(ROUTE, Frame(limit_ids=("l",), user_id="u"), b"{}", NONE))
    assert message is not None and "limit l is blocked" in message
    for frame in (Frame(limit_ids=("free",), user_id="u"), Frame(user_id="u")):
        assert message_of(rewriter.plan(ROUTE, frame, b"{}", NONE)) == "budget of u is spent"


def test_nothing_is_refused_where_the_hook_cannot_rewrite_requests() -> None:
    limits = LimitStates()
    limits.set("l", "blocked")
    rewriter = RequestRewriter(PROXY, limits, find_refusal=refuse)
    frame = Frame(limit_ids=("l",), user_id="u", proxy=True)
    assert rewriter.plan(ROUTE, frame, STREAM, OWN, HookAbilities(rewrites_requests=False)) is None


@pytest.mark.parametrize(
    ("limits", "budgets", "results", "looks"),
    [
        (False, False, False, False),
        (True, False, False, True),
        (False, True, False, True),
        (False, False, True, True),
    ],
)
def test_every_request_is_looked_at_if_any_may_be_refused_or_get_a_result(
    limits: bool, budgets: bool, results: bool, looks: bool
) -> None:
    rewriter = RequestRewriter(
        PROXY,
        LimitStates() if limits else None,
        find_refusal=refuse if budgets else None,
        adds_results=results,
    )
    assert rewriter.looks_at_all is looks


@pytest.mark.parametrize("proxy", [Proxy("https://pay-i.test", ""), Proxy("http://pay-i.test", "key")])
def test_a_proxy_that_cannot_be_used_is_named_with_what_it_needs(proxy: Proxy) -> None:
    told: list[str] = []
    apart: list[str] = []
    rewriter = RequestRewriter(proxy, warn=told.append, warn_apart=apart.append)
    for _ in range(2):
        assert rewriter.plan(ROUTE, Frame(proxy=True), b"{}", NONE) is None
    assert told == 2 * [
        "a call to api.openai.com can't go through Pay-i's proxy, so it was sent to the provider and is"
        " reported afterwards; the proxy needs an API key and an https address of Pay-i"
    ]
    assert apart == []


def test_what_the_proxy_does_not_forward_is_named_with_its_host() -> None:
    told: list[str] = []
    apart: list[str] = []
    rewriter = RequestRewriter(PROXY, warn=told.append, warn_apart=apart.append)
    rewriter.plan(ROUTE._replace(known=False), Frame(proxy=True), b"{}", NONE)
    assert apart == [
        "calls of openai.chat to api.openai.com can't go through Pay-i's proxy, which does not forward them,"
        " so they are sent to the provider and reported afterwards"
    ]
    assert told == []
