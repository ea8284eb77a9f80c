"""What a rewrite says: by default nothing, so that a field left out changes nothing."""

from __future__ import annotations

import httpx
import pytest

from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.hooks.httpx.installed import get_family
from payi_transport.hooks.httpx.request import copy_request


def test_a_rewrite_that_says_nothing_changes_nothing() -> None:
    request = httpx.Request("POST", "https://api.openai.com/v1/x?q=1", content=b"{}", headers={"a": "b"})
    request.headers["accept-encoding"] = "gzip"
    sent = copy_request(get_family("httpx"), request, RequestRewrite())
    assert sent is not request
    assert sent.headers.raw == request.headers.raw
    assert (sent.url, sent.content, sent.stream) == (request.url, b"{}", request.stream)


@pytest.mark.parametrize("flag", ["plain", "hides_usage", "counted"])
def test_a_rewrite_with_another_reason_does_not_set_a_flag(flag: str) -> None:
    assert getattr(RequestRewrite(without=frozenset({b"xproxy-user-id"})), flag) is False


def test_a_hook_can_do_everything_unless_it_says_otherwise() -> None:
    assert HookAbilities() == HookAbilities(rewrites_requests=True, rewrites_responses=True, may_wait=True)
