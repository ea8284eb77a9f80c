"""A local provider that speaks OpenAI's wire format: a document, a stream, an error.

A response depends on nothing but its request, so the demo's token counts are known in advance.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, NamedTuple

import msgspec

__all__ = ["MODELS", "CannedResponse", "make_response", "serve_provider"]

MODELS = ("gpt-5", "gpt-5-mini")
PATH = "/v1/chat/completions"
_SUMMARY = ("The ", "parcel ", "is ", "late, ", "the ", "customer ", "is ", "informed.")


class CannedResponse(NamedTuple):
    """An HTTP response; a body in more than one part is a stream of server-sent events."""

    status: int
    parts: Sequence[bytes]


def make_response(path: str, request: Mapping[str, Any]) -> CannedResponse:
    """Return the response to a POST of the JSON object `request`."""
    if path != PATH:
        return _respond_with_error("not_found", f"Unknown request URL: POST {path}")
    if request.get("model") not in MODELS:
        return _respond_with_error("model_not_found", f"The model {request.get('model')!r} does not exist")
    if request.get("stream"):
        return _respond_with_stream(request)
    if request["messages"][-1]["role"] == "tool":
        answer = {"role": "assistant", "content": "Your parcel arrives tomorrow."}
        return _respond(request, answer, "stop", _make_usage(1290, 62, cached=1152))
    function = {"name": "find_parcel", "arguments": '{"number":"A-1815"}'}
    call = {"id": "call_1", "type": "function", "function": function}
    message: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [call]}
    return _respond(request, message, "tool_calls", _make_usage(1200, 180, cached=1024, reasoning=128))


@contextmanager
def serve_provider() -> Iterator[int]:
    """Serve on 127.0.0.1, and yield the port."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        # A daemon can't keep the process alive. The short interval keeps `shutdown` from taking half a
        # second.
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _make_usage(prompt: int, completion: int, *, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
    }


def _respond(
    request: Mapping[str, Any], message: Mapping[str, Any], reason: str, usage: Mapping[str, Any]
) -> CannedResponse:
    choice = {"index": 0, "message": message, "finish_reason": reason}
    body = _make_document(request, "chat.completion", choices=[choice], usage=usage)
    return CannedResponse(200, [msgspec.json.encode(body)])


def _respond_with_stream(request: Mapping[str, Any]) -> CannedResponse:
    """Stream a summary. Like the real provider, report usage only if the request asks for it."""
    deltas: list[tuple[dict[str, str], str | None]] = [({"content": word}, None) for word in _SUMMARY]
    chunks = [
        _make_document(request, "chat.completion.chunk", choices=[_make_choice(delta, reason)], usage=None)
        for delta, reason in [({"role": "assistant", "content": ""}, None), *deltas, ({}, "stop")]
    ]
    if (request.get("stream_options") or {}).get("include_usage"):
        chunks.append(
            _make_document(request, "chat.completion.chunk", choices=[], usage=_make_usage(412, 96))
        )
    data = [*map(msgspec.json.encode, chunks), b"[DONE]"]
    return CannedResponse(200, [b"data: " + part + b"\n\n" for part in data])


def _make_choice(delta: Mapping[str, str], reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


def _make_document(request: Mapping[str, Any], kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-demo",
        "object": kind,
        # Fixed, because nothing of a response may depend on when the demo runs.
        "created": 1_760_000_000,
        "model": request["model"],
        **fields,
    }


def _respond_with_error(code: str, message: str) -> CannedResponse:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return CannedResponse(404, [msgspec.json.encode({"error": error})])


class _Server(ThreadingHTTPServer):
    def server_bind(self) -> None:
        # HTTPServer.server_bind asks DNS for the name of 127.0.0.1, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client may hang up as soon as it has read what it needs."""


class _Handler(BaseHTTPRequestHandler):
    # HTTP/1.0, the default, has neither chunked bodies nor connections that are kept.
    protocol_version = "HTTP/1.1"
    # Without this, small chunks wait for the acknowledgment of those before, and the demo's latencies would
    # show that.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        response = make_response(self.path, msgspec.json.decode(body))
        self.send_response(response.status)
        if len(response.parts) == 1:
            self._send_document(response.parts[0])
        else:
            self._send_stream(response.parts)

    def _send_document(self, body: bytes) -> None:
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_stream(self, parts: Sequence[bytes]) -> None:
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        # An empty chunk ends a chunked body.
        for part in [*parts, b""]:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the demo prints its report only."""
