"""What the local service never keeps or logs: credentials and queries, of events and of what it forwards."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest

from tests.serve.conftest import Serve
from tests.support.origin import CannedResponse, Origin
from tests.support.secrets import SECRET, TEXTS
from tests.support.wire_cases import UNARY
from tests.test_privacy_doors import REQUEST_HEADERS, RESPONSE_HEADERS, all_files, own_lines, record_all


def test_no_secret_of_an_event_is_in_the_store(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address, _ = serve()
    monkeypatch.setenv("PAYI_API_KEY", SECRET)
    monkeypatch.setenv("PAYI_BASE_URL", address)
    with caplog.at_level(logging.DEBUG):
        record_all()
    assert b"chat/completions" in all_files(tmp_path)
    assert SECRET.encode() not in all_files(tmp_path)
    assert SECRET not in own_lines(caplog)


def test_no_secret_of_what_is_forwarded_is_in_the_store(
    serve: Serve, origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address, _ = serve(upstreams={"openai": origin.url})
    response = dict.fromkeys(RESPONSE_HEADERS, SECRET)
    origin.responses = [CannedResponse([UNARY.response], headers={**response, **UNARY.headers})]
    url = f"{address}/api/v1/proxy/openai/v1/chat/completions?key={SECRET}"
    with caplog.at_level(logging.DEBUG):
        for text in TEXTS:
            headers = {
                **dict.fromkeys(REQUEST_HEADERS, SECRET),
                "OpenAI-Project": text,
                "xProxy-api-key": SECRET,
            }
            httpx.post(url, content=UNARY.request, headers=headers)
        assert len(origin.received) == len(TEXTS)
        origin.responses = [CannedResponse(end="reset")]
        assert httpx.post(url, content=UNARY.request, headers={"api-key": SECRET}).status_code >= 500
    assert SECRET in origin.received[0].headers["authorization"]
    assert b"chat/completions" in all_files(tmp_path)
    assert SECRET.encode() not in all_files(tmp_path)
    assert SECRET not in own_lines(caplog)
