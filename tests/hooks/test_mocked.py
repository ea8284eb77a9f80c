"""Calls that a user's tests response with pytest-httpx are recorded as real ones are."""

from __future__ import annotations

import json

import httpx
import pytest_httpx

from payi_transport import MemorySink, payi_flush, payi_httpx_client, payi_instrument
from tests.support.exchanges import shown
from tests.support.wire_cases import UNARY

URL = "https://api.openai.com/v1/chat/completions"


def test_a_mocked_response_is_an_event(httpx_mock: pytest_httpx.HTTPXMock, sink: MemorySink) -> None:
    httpx_mock.add_response(json=json.loads(UNARY.response), is_reusable=True)
    payi_instrument(sink=sink)
    with httpx.Client() as plain, payi_httpx_client(family="httpx") as ours:
        assert plain.post(URL, content=UNARY.request).json() == json.loads(UNARY.response)
        assert ours.post(URL, content=UNARY.request).json() == json.loads(UNARY.response)
    assert payi_flush(10)
    first, second = sink.events
    assert shown(first, UNARY.event) == UNARY.event
    assert shown(second, UNARY.repeated_event) == UNARY.repeated_event
    assert len(httpx_mock.get_requests()) == 2


def test_a_mocked_failure_is_an_event(httpx_mock: pytest_httpx.HTTPXMock, sink: MemorySink) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("slow"))
    payi_instrument(sink=sink)
    with httpx.Client() as client:
        try:
            client.post(URL, content=UNARY.request)
        except httpx.ReadTimeout as exc:
            told = str(exc)
    assert payi_flush(10)
    assert told == "slow"
    assert sink.events[0].http_status_code == 299
