"""One secret in 30 shapes through every door, and a search of everything that leaves."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from payi_transport import payi_flush, payi_instrument, payi_uninstrument
from tests.support.calls import URL
from tests.support.origin import CannedResponse, Origin
from tests.support.secrets import SECRET, TEXTS
from tests.support.wire_cases import UNARY

RESPONSE_HEADERS = [
    *("Location", "Operation-Location", "Azure-AsyncOperation", "Link", "X-Goog-Upload-Url", "Refresh"),
    *("X-Request-Url", "X-Auth-Token", "X-Csrf-Token", "Authentication-Info", "Set-Cookie", "X-Api-Key"),
    *("WWW-Authenticate", "X-Amz-Security-Token", "OpenAI-Session-Token", "X-Anything"),
]
REQUEST_HEADERS = [
    *("Authorization", "Cookie", "api-key", "X-Goog-Api-Key", "Proxy-Authorization", "OpenAI-Api-Key"),
    *("X-Amz-Security-Token", "X-Anything", "Referer"),
]
# Headers that are recorded, with values that quote a URL or a token.
RECORDED = ["X-Api-Warning", "Via", "Server", "OpenAI-Model", "X-Request-Id"]
FAILED = {"content-type": "text/event-stream"}


class _Server(httpx.BaseTransport):
    """Respond, or raise, in a way that quotes `text`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        way = request.headers["x-way"]
        error = {"type": "t", "code": self._text, "message": self._text}
        if way == "raises":
            raise RuntimeError(self._text)
        if way == "fails":
            body = f"data: {json.dumps({'error': error})}\n\n"
            return httpx.Response(200, headers=FAILED, text=body)
        if way == "refuses":
            return httpx.Response(401, json={"error": error})
        headers = dict.fromkeys(RESPONSE_HEADERS, SECRET)
        quoting = dict.fromkeys(RECORDED, self._text)
        return httpx.Response(200, headers={**headers, **quoting, **UNARY.headers}, content=UNARY.response)


def make_calls(text: str) -> None:
    with httpx.Client(transport=_Server(text)) as client:
        for way in ("raises", "fails", "refuses", "responds"):
            headers = {**dict.fromkeys(REQUEST_HEADERS, SECRET), "x-way": way, "OpenAI-Project": text}
            request = client.build_request(
                "POST", f"{URL}?key={SECRET}", json={"model": "m"}, headers=headers
            )
            try:
                client.send(request)
            except RuntimeError as exc:
                assert SECRET in str(exc)


def record_all(**options: Any) -> None:
    """Make calls that quote every text, and deliver what is recorded of them without their content."""
    payi_instrument(log_prompt_and_response=False, **options)
    for text in TEXTS:
        make_calls(text)
    assert payi_flush(60)
    payi_uninstrument()


def own_lines(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("payi"))


def all_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("text", TEXTS)
def test_no_secret_leaves_in_an_event_or_a_file_or_a_log_line(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "events.json"
    with caplog.at_level(logging.DEBUG):
        payi_instrument(
            log_prompt_and_response=False, config={"offline_instrumentation": {"file_name": str(file)}}
        )
        make_calls(text)
        payi_uninstrument()
    assert len(json.loads(file.read_bytes())) == 4
    assert SECRET not in file.read_text()
    assert SECRET not in own_lines(caplog)


@pytest.mark.parametrize("text", TEXTS)
def test_no_secret_leaves_in_what_describes_a_call_whose_content_is_logged(text: str, sink: Any) -> None:
    payi_instrument(sink=sink)
    make_calls(text)
    assert payi_flush(10)
    assert len(sink.events) == 4
    for event in sink.events:
        described = msgspec.structs.replace(event, provider_request_json=None, provider_response_json=None)
        assert SECRET not in msgspec.json.encode(described).decode()


@pytest.mark.parametrize("status", [400, 503])
def test_no_secret_and_no_content_is_in_the_spool_or_in_what_was_rejected(
    status: int,
    origin: Origin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("PAYI_API_KEY", SECRET)
    monkeypatch.setenv("PAYI_BASE_URL", origin.url)
    origin.responses = [CannedResponse([b"{}"], status=status)]
    with caplog.at_level(logging.DEBUG):
        payi_instrument(
            log_prompt_and_response=False,
            config={"delivery": {"spool_directory": str(tmp_path), "flush_interval": 0.01}},
        )
        for text in TEXTS[::6]:
            make_calls(text)
        payi_flush(1)
        payi_uninstrument()
    written = all_files(tmp_path)
    assert b"chat/completions" in written
    assert SECRET.encode() not in written + b"".join(received.body for received in origin.received)
    assert SECRET not in own_lines(caplog)


class _GuardError(RuntimeError):
    """What a caller's own moderation layer raises."""


def test_without_content_the_text_of_an_exception_stays_inside(
    sink: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise _GuardError(f"blocked by policy: {request.content.decode()}")

    with caplog.at_level(logging.DEBUG, "payi.instrument"):
        payi_instrument(sink=sink, log_prompt_and_response=False)
        with httpx.Client(transport=httpx.MockTransport(refuse)) as client, pytest.raises(_GuardError):
            client.post(URL, json={"messages": "Xyzzy"})
        assert payi_flush(10)
    assert sink.events[0].properties["system.failure.description"] == "_GuardError"
    assert "Xyzzy" not in msgspec.json.encode(sink.events).decode() + own_lines(caplog)
