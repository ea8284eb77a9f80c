"""A stand-in for providers and for Pay-i on 127.0.0.1, so that the examples need no account and no network.

It speaks just enough of the APIs of OpenAI, Anthropic, Gemini, and Bedrock, and of Pay-i's ingest API. Each
response depends on the request alone, so the examples print the same numbers on every run.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("The ", "parcel ", "arrives ", "tomorrow ", "before ", "noon.")
TEXT = "".join(WORDS)
# The stand-in for Pay-i charges this much for every call, in dollars.
PRICE = 0.01


class StandIn(ThreadingHTTPServer):
    """`calls` are the provider requests that arrived, `events` what was reported to Pay-i.

    A limit is blocked once `limit_after` events named it; None means that limits never block.
    """

    daemon_threads = True

    def __init__(self, limit_after: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.limit_after = limit_after
        self.calls: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.spent: Counter[str] = Counter()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def price(self, event: dict[str, Any], limit_ids: list[str]) -> dict[str, Any]:
        """Take an event and return the result that Pay-i would send for it."""
        self.events.append(event)
        self.spent.update(limit_ids)
        return {
            "cost": {"currency": "usd", "total": {"base": PRICE}},
            "limits": {name: {"state": self.state_of(name)} for name in limit_ids},
        }

    def state_of(self, limit_id: str) -> str:
        full = self.limit_after is not None and self.spent[limit_id] >= self.limit_after
        return "blocked" if full else "ok"


@contextmanager
def serve(limit_after: int | None = None) -> Iterator[StandIn]:
    """Run a stand-in for as long as the block."""
    with StandIn(limit_after) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: StandIn

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        path = self.path.partition("?")[0]
        if path.endswith(("/ingest/bulk", "/ingest/bulk-upsert")):
            # Before the response, because the example reads them as soon as it has arrived.
            self.server.events += body
            self._send(
                {"ingest_count": len(body), "request_id": "r", "ingest_timestamp": "2026-11-28T00:00:00Z"}
            )
        elif path.endswith("/ingest"):
            limits = [name for name in self.headers.get("xProxy-Limit-IDs", "").split(",") if name]
            result = self.server.price(body, limits)
            self._send(
                {"request_id": "r", "xproxy_result": result, "ingest_timestamp": "2026-11-28T00:00:00Z"}
            )
        else:
            self.server.calls.append(path)
            self._answer_call(path, body)

    def do_GET(self) -> None:
        """Answer the questions of Pay-i's API: the state of a limit, or an empty page of a list."""
        limit_id = self.path.partition("?")[0].rpartition("/limits/")[2]
        limit = {"limit_id": limit_id, "limit_name": limit_id, "limit_state": self.server.state_of(limit_id)}
        self._send({"items": [], "has_more": False, "limit": limit})

    do_PUT = do_DELETE = do_GET

    def _answer_call(self, path: str, body: dict[str, Any]) -> None:
        prompt = len(json.dumps(body.get("messages", [])).split())
        if path.endswith("/chat/completions") and body.get("stream"):
            self._stream(_openai_chunks(body, prompt))
        elif path.endswith("/responses"):
            self._send(_openai_response(body))
        elif path.endswith("/messages"):
            self._send(_anthropic_message(body, prompt))
        elif path.endswith("/converse"):
            self._send(_bedrock_message(prompt))
        elif path.endswith(":generateContent"):
            self._send(_gemini_content(body))
        else:
            self._send(_openai_completion(body, prompt))

    def _send(self, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, chunks: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for data in [*map(json.dumps, chunks), "[DONE]"]:
            event = f"data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the output of the examples to themselves."""


def _openai_usage(prompt: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": 6, "total_tokens": prompt + 6}


def _openai_completion(body: dict[str, Any], prompt: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": TEXT}
    return {
        "id": "chatcmpl-example",
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": body.get("model", "gpt-4.1"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _openai_usage(prompt),
    }


def _openai_response(body: dict[str, Any]) -> dict[str, Any]:
    prompt = len(json.dumps(body.get("input", "")).split())
    part = {"type": "output_text", "text": TEXT, "annotations": []}
    message = {"id": "msg_example", "type": "message", "role": "assistant", "status": "completed"}
    return {
        "id": "resp_example",
        "object": "response",
        "created_at": 1_780_000_000,
        "status": "completed",
        "model": body.get("model", "gpt-4.1"),
        "output": [{**message, "content": [part]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 6,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + 6,
        },
    }


def _openai_chunks(body: dict[str, Any], prompt: int) -> list[dict[str, Any]]:
    head = {"id": "chatcmpl-example", "object": "chat.completion.chunk", "created": 1_780_000_000}
    head["model"] = body["model"]
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
        for word in WORDS
    ]
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "choices": [], "usage": _openai_usage(prompt)})
    return chunks


def _anthropic_message(body: dict[str, Any], prompt: int) -> dict[str, Any]:
    return {
        "id": "msg_example",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": prompt, "output_tokens": 6},
    }


def _bedrock_message(prompt: int) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": prompt, "outputTokens": 6, "totalTokens": prompt + 6},
        "metrics": {"latencyMs": 1},
    }


def _gemini_content(body: dict[str, Any]) -> dict[str, Any]:
    prompt = len(json.dumps(body.get("contents", [])).split())
    usage = {"promptTokenCount": prompt, "candidatesTokenCount": 6, "totalTokenCount": prompt + 6}
    content = {"role": "model", "parts": [{"text": TEXT}]}
    return {
        "responseId": "gemini-example",
        "modelVersion": "gemini-2.5-flash",
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": usage,
    }
