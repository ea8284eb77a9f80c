"""The families of httpx and httpx2: found by name and by transport, and hooked once."""

from __future__ import annotations

import sys

import httpx
import httpx2
import pytest

from payi_transport import MemorySink, payi_instrument
from payi_transport.hooks.httpx.installed import HOOKS, find_family, get_family
from payi_transport.pipeline.active import get_active


def test_families_are_found_by_name_and_by_transport() -> None:
    assert [hook.name for hook in HOOKS] == ["httpx2", "httpx"]
    assert get_family("auto").module is httpx2
    assert get_family("httpx").module is httpx
    assert find_family(httpx.HTTPTransport(), "BaseTransport").module is httpx
    with pytest.raises(ValueError, match="expected 'auto', 'httpx', or 'httpx2', got 'requests'"):
        get_family("requests")
    with pytest.raises(TypeError, match=r"httpx\.BaseTransport or httpx2\.BaseTransport, got"):
        find_family(object(), "BaseTransport")


def test_auto_is_httpx_where_httpx2_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "payi_transport.hooks.httpx.bind_httpx2", raising=False)
    monkeypatch.setitem(sys.modules, "httpx2", None)
    assert get_family("auto").module is httpx


def test_a_hook_that_someone_wrapped_since_is_left_in_place_and_passes_through(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    ours = httpx.Client._send_single_request

    def theirs(client: httpx.Client, request: httpx.Request) -> httpx.Response:
        return ours(client, request)

    original = ours.__wrapped__  # type: ignore[attr-defined]
    httpx.Client._send_single_request = theirs  # type: ignore[assignment, method-assign]
    try:
        get_family("httpx").uninstall()
        assert httpx.Client._send_single_request is theirs
    finally:
        httpx.Client._send_single_request = original  # type: ignore[method-assign]
    assert get_active() is not None


def test_hooking_twice_is_hooking_once(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    before = httpx.Client._send_single_request
    assert get_family("httpx").install() == []
    assert httpx.Client._send_single_request is before
