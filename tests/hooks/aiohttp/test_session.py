"""A request of aiohttp: where it goes, and what becomes of its headers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from payi_transport.capture.rewrites import RequestRewrite
from payi_transport.hooks.aiohttp.session import (
    HOOK,
    _is_decoded,
    _locate,
    _make_prepare_headers,
    _rewriting,
)
from payi_transport.hooks.call import Address


@pytest.mark.parametrize(
    ("coding", "session_decodes", "option", "decoded"),
    [
        ("gzip", True, None, True),
        ("GZIP", True, None, True),
        ("deflate", True, None, True),
        ("br", True, None, True),
        ("zstd", True, None, True),
        ("compress", True, None, False),
        ("gzip", False, None, False),
        ("gzip", False, True, True),
        ("gzip", True, False, False),
        ("identity", True, None, False),
        ("", True, None, False),
    ],
)
def test_a_body_is_decoded_if_aiohttp_knows_its_coding_and_is_asked_to(
    coding: str, session_decodes: bool, option: bool | None, decoded: bool
) -> None:
    response: Any = SimpleNamespace(headers={"content-encoding": coding} if coding else {})
    session = SimpleNamespace(auto_decompress=session_decodes)
    options = {} if option is None else {"auto_decompress": option}
    assert _is_decoded(session, options, response) is decoded


def in_session(scenario: Callable[[aiohttp.ClientSession], Any], **options: Any) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession(**options) as session:
            return scenario(session)

    return asyncio.run(main())


def test_a_request_is_located_by_its_url_and_the_sessions_base() -> None:
    def locate(session: aiohttp.ClientSession) -> Address | None:
        return _locate(session, "post", "v1/models?x=1", {})

    assert in_session(locate, base_url="https://api.openai.com:8443/") == Address(
        "POST", "https", "api.openai.com", 8443, "/v1/models"
    )


@pytest.mark.parametrize("url", [7, "http://a:b/", "/v1/models"])
def test_what_is_not_an_address_is_left_to_the_session(url: Any) -> None:
    assert in_session(lambda session: _locate(session, "POST", url, {})) is None


def test_what_is_no_method_is_left_to_the_session() -> None:
    assert in_session(lambda session: _locate(session, cast("str", 5), "https://api.openai.com/", {})) is None


def test_headers_are_rewritten_where_the_session_prepares_them() -> None:
    rewrite = RequestRewrite(
        base="https://api.pay-i.com/p", headers=(b"xProxy-User-ID", b"u"), without=frozenset({b"x-session"})
    )

    def prepare(session: aiohttp.ClientSession) -> Any:
        prepare_headers = _make_prepare_headers(aiohttp.ClientSession._prepare_headers)
        token = _rewriting.set(rewrite)
        try:
            return dict(prepare_headers(session, {"Host": "api.openai.com", "X-Call": "2"}))
        finally:
            _rewriting.reset(token)

    assert in_session(prepare, headers={"X-Session": "1"}) == {"X-Call": "2", "xProxy-User-ID": "u"}


def test_a_version_without_a_method_is_reported_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aiohttp.ClientSession, "_prepare_headers")
    original = aiohttp.ClientSession._request
    try:
        assert HOOK.install() == ["aiohttp.client.ClientSession._prepare_headers"]
    finally:
        HOOK.uninstall()
    assert aiohttp.ClientSession._request is original
