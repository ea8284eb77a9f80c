"""What goes out in place of a request: in which order the reasons for a rewrite are asked."""

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
from payi_transport.values.headers import pack_headers

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
    ("route", "body", "own", "adds", "rewrite"),
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
def test_a_request_is_rewritten_only_for_a_reason(
    route: Route, body: bytes | None, own: frozenset[bytes], adds: bool, rewrite: RequestRewrite | None
) -> None:
    assert RequestRewriter(PROXY, adds_results=adds).plan(route, Frame(), body, own) == rewrite


@pytest.mark.parametrize("packed", [False, True], ids=["flat", "packed"])
@pytest.mark.parametrize(
    "name",
    [b"Content-Digest", b"content-md5", b"digest", b"repr-digest", b"signature", b"X-Amz-Content-SHA256"],
)
def test_a_body_that_is_signed_stays_as_it_is(name: bytes, packed: bool) -> None:
    rows: list[tuple[bytes, ...]] = [(b"Host", b"host", b"h"), (name, name.lower(), b"s")]

    def plan(rows: list[tuple[bytes, ...]], own: frozenset[bytes]) -> RequestRewrite | None:
        headers = pack_headers(rows) if packed else tuple(part for row in rows for part in (row[0], row[-1]))
        return RequestRewriter(PROXY).plan(ASKS, Frame(), STREAM, own, headers=headers)

    assert plan(rows, NONE) is None
    assert plan(rows, OWN) == RequestRewrite(without=OWN)
    unsigned = plan(rows[:1], NONE)
    assert unsigned is not None and unsigned.body == WITH_USAGE


@pytest.mark.parametrize(("own", "rewrite"), [(NONE, None), (OWN, RequestRewrite(without=OWN))])
def test_usage_is_not_requested_if_the_hook_cannot_hide_it(
    own: frozenset[bytes], rewrite: RequestRewrite | None
) -> None:
    rewriter = RequestRewriter(PROXY, adds_results=True)
    assert rewriter.plan(ASKS, Frame(), STREAM, own, HookAbilities(rewrites_responses=False)) == rewrite


def test_proxy_mode_asks_for_no_usage_and_sends_the_context_instead_of_the_calls_headers() -> None:
    rewrite = RequestRewriter(PROXY).plan(ASKS, Frame(proxy=True, user_id="u"), STREAM, OWN)
    assert rewrite is not None
    assert rewrite.base == "https://pay-i.test/api/v1/proxy/openai"
    assert (rewrite.body, rewrite.counted, rewrite.without) == (None, True, frozenset({b"xproxy-user-id"}))


def test_a_call_that_the_proxy_does_not_forward_goes_to_its_provider_with_one_warning() -> None:
    logged: list[str] = []
    rewriter = RequestRewriter(PROXY, warn_apart=logged.append)
    speech = ASKS._replace(operation="openai.speech", uri="https://api.openai.com/v1/audio/speech")
    for route in (ASKS._replace(known=False), ASKS._replace(known=False), speech, speech, ASKS):
        rewrite = rewriter.plan(route, Frame(proxy=True), STREAM, NONE)
        assert rewrite is not None
        assert rewrite.counted == (route is ASKS)
    assert len(logged) == 2
    assert "openai.chat to api.openai.com" in logged[0] and "openai.speech" in logged[1]


def test_the_number_of_these_warnings_is_bounded() -> None:
    logged: list[str] = []
    rewriter = RequestRewriter(PROXY, warn_apart=logged.append)
    for number in range(1002):
        route = ROUTE._replace(known=False, host=HostPattern(f"{number}.test", None))
        rewriter.plan(route, Frame(proxy=True), STREAM, NONE)
    assert len(logged) == 1000


def test_without_a_key_every_call_goes_to_its_provider_with_a_warning() -> None:
    logged: list[str] = []
    rewriter = RequestRewriter(Proxy("https://pay-i.test", ""), warn=logged.append)
    assert rewriter.plan(ROUTE, Frame(proxy=True), STREAM, NONE) is None
    assert len(logged) == 1 and "API key" in logged[0]


def test_a_client_of_the_proxy_keeps_its_headers_where_there_is_no_key_to_add() -> None:
    proxied = ROUTE._replace(proxied=True)
    assert RequestRewriter(Proxy("https://pay-i.test", "")).plan(
        proxied, Frame(), b"{}", OWN
    ) == RequestRewrite(counted=True)


@pytest.mark.parametrize(
    ("limit_ids", "refused"), [((), False), (("free",), False), (("free", "blocked"), True)]
)
@pytest.mark.parametrize("frame", [{}, {"proxy": True}])
def test_a_blocked_limit_comes_before_every_other_rewrite(
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


def test_limits_that_are_not_enforced_block_nothing() -> None:
    assert RequestRewriter(PROXY).plan(ROUTE, Frame(limit_ids=("blocked",)), b"{}", NONE) is None
