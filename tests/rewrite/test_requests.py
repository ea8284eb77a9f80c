"""What goes out in place of a request: in which order the reasons for a detour are asked."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.frame import Frame
from payi_transport.delivery.limits import LimitStates
from payi_transport.rewrite.proxy import Proxy
from payi_transport.rewrite.requests import RequestRewriter
from payi_transport.routing.hosts import HostPattern
from payi_transport.routing.routes import Route

PROXY = Proxy("https://pay-i.test", "key")
OPENAI = HostPattern("api.openai.com", None)
ROUTE = Route(
    "openai.chat", "system.openai", "https://api.openai.com/v1/chat/completions", OPENAI, known=True
)
ASKS = ROUTE._replace(asks_usage=True)
BEDROCK = ROUTE._replace(operation="bedrock.converse", category="system.aws.bedrock")
OWN = frozenset({b"xproxy-user-id", b"xproxy-api-key"})
NONE: frozenset[bytes] = frozenset()
STREAM = b'{"stream":true}'
WITH_USAGE = b'{"stream":true,"stream_options":{"include_usage":true}}'


@pytest.mark.parametrize(
    ("route", "body", "own", "adds", "detour"),
    [
        (ROUTE, b"{}", NONE, False, None),
        (ROUTE, STREAM, NONE, False, None),
        (ASKS, None, NONE, False, None),
        (ASKS, b"{}", NONE, False, None),
        (ASKS, STREAM, NONE, False, RequestRewrite(body=WITH_USAGE, hides_usage=True, plain=True)),
        (ASKS, STREAM, OWN, True, RequestRewrite(body=WITH_USAGE, hides_usage=True, plain=True, without=OWN)),
        (ROUTE, b"{}", OWN, False, RequestRewrite(without=OWN)),
        (ROUTE, b"{}", NONE, True, RequestRewrite(plain=True)),
        (BEDROCK, b"{}", NONE, True, None),
        (BEDROCK, b"{}", OWN, True, RequestRewrite(without=OWN)),
    ],
)
def test_a_request_is_changed_for_a_reason(
    route: Route, body: bytes | None, own: frozenset[bytes], adds: bool, detour: RequestRewrite | None
) -> None:
    assert RequestRewriter(PROXY, adds_results=adds).plan(route, Frame(), body, own) == detour


@pytest.mark.parametrize(("own", "detour"), [(NONE, None), (OWN, RequestRewrite(without=OWN))])
def test_nothing_is_asked_that_an_answer_would_have_to_be_rewritten_for(
    own: frozenset[bytes], detour: RequestRewrite | None
) -> None:
    detours = RequestRewriter(PROXY, adds_results=True)
    assert detours.plan(ASKS, Frame(), STREAM, own, HookAbilities(rewrites_responses=False)) == detour


def test_through_the_proxy_nothing_is_asked_and_the_context_replaces_the_calls_own_headers() -> None:
    detour = RequestRewriter(PROXY).plan(ASKS, Frame(proxy=True, user_id="u"), STREAM, OWN)
    assert detour is not None
    assert detour.base == "https://pay-i.test/api/v1/proxy/openai"
    assert (detour.body, detour.counted, detour.without) == (None, True, frozenset({b"xproxy-user-id"}))


def test_what_can_not_go_through_goes_its_own_way_and_is_told() -> None:
    told: list[str] = []
    unknown = ASKS._replace(known=False)
    detour = RequestRewriter(PROXY, warn=told.append).plan(unknown, Frame(proxy=True), STREAM, NONE)
    assert detour is not None
    assert (detour.body, detour.counted) == (WITH_USAGE, False)
    assert len(told) == 1
    assert "api.openai.com" in told[0]


def test_a_client_of_the_proxy_keeps_its_headers_where_there_is_no_key_to_add() -> None:
    proxied = ROUTE._replace(proxied=True)
    assert RequestRewriter(Proxy("https://pay-i.test", "")).plan(
        proxied, Frame(), b"{}", OWN
    ) == RequestRewrite(counted=True)


@pytest.mark.parametrize(
    ("limit_ids", "refused"), [((), False), (("free",), False), (("free", "blocked"), True)]
)
@pytest.mark.parametrize("frame", [{}, {"proxy": True}])
def test_a_blocked_limit_refuses_whatever_else_there_is(
    limit_ids: tuple[str, ...], refused: bool, frame: dict[str, Any]
) -> None:
    limits = LimitStates()
    limits.set("blocked", "blocked")
    told: list[str] = []
    found = RequestRewriter(PROXY, limits, warn=told.append).plan(
        ASKS, Frame(limit_ids=limit_ids, **frame), STREAM, OWN
    )
    assert found is not None
    assert (found.blocked_response is not None) == refused == bool(told)


def test_limits_that_are_not_enforced_refuse_nothing() -> None:
    assert RequestRewriter(PROXY).plan(ROUTE, Frame(limit_ids=("blocked",)), b"{}", NONE) is None
