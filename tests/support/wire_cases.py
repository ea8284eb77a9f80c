"""The recorded bodies in tests/wire: each folder is a request, its response, and the event it produces.

`request.json`, `answer.json|sse|html`, `event.json` (the fields that it names must be so) and `head.json`,
unless it is an OpenAI chat completion with status 200 and the usual content type. `answer.events.json` is a
list of (name, data) for the messages of a binary event stream, see eventstream.write_stream().
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from payi_transport.framing import find_framing, is_stream
from tests.support.eventstream import cut_stream, write_stream

__all__ = ["CASES", "STREAM", "UNARY", "WireCase", "by_name"]

_CONTENT_TYPES = {
    ".json": "application/json",
    ".sse": "text/event-stream; charset=utf-8",
    ".html": "text/html",
    ".ndjson": "application/x-ndjson",
    ".events.json": "application/vnd.amazon.eventstream",
}


@dataclass(frozen=True)
class WireCase:
    """One recorded call."""

    name: str
    request: bytes
    response: bytes
    status: int
    headers: dict[str, str]
    event: dict[str, Any]
    operation: str = "openai.chat"
    # What of the route is not OpenAI's own: its category, the resource in its path.
    route: dict[str, Any] = field(default_factory=dict)
    # Headers of the request that the event depends on.
    sent: dict[str, str] = field(default_factory=dict)

    @property
    def streams(self) -> bool:
        return is_stream(find_framing(self.headers["content-type"], self.response))

    @property
    def is_binary(self) -> bool:
        return self.headers["content-type"] == _CONTENT_TYPES[".events.json"]

    @property
    def mapped_event(self) -> dict[str, Any]:
        """What the event says at a host that is mapped, where ids in headers are not trusted."""
        named = self.event.get("provider_response_id") in self.headers.values()
        return {
            name: value for name, value in self.event.items() if not named or name != "provider_response_id"
        }

    @property
    def repeated_event(self) -> dict[str, Any]:
        """What the event says of another call with the same response, whose id is new."""
        own = self.mapped_event.pop("provider_response_id", None)
        expected = {name: value for name, value in self.event.items() if name != "provider_response_id"}
        if own is not None:
            expected["properties"] = {**expected.get("properties", {}), "provider.response_id": own}
        return expected

    def chunks(self) -> list[bytes]:
        """The body as a server would write it: an event a chunk."""
        if not self.streams:
            return [self.response]
        if self.is_binary:
            return cut_stream(self.response)
        end = b"\r\n\r\n" if b"\r\n" in self.response else b"\n\n"
        return [part + end for part in self.response.split(end) if part]


def _load(folder: Path) -> WireCase:
    answer = next(folder.glob("answer.*"))
    suffix = "".join(answer.suffixes)
    body = answer.read_bytes()
    head = json.loads((folder / "head.json").read_text()) if (folder / "head.json").exists() else {}
    return WireCase(
        name=f"{folder.parent.name}/{folder.name}",
        request=(folder / "request.json").read_bytes(),
        response=b"".join(write_stream(json.loads(body))) if suffix == ".events.json" else body,
        status=head.get("status", 200),
        headers={"content-type": _CONTENT_TYPES[suffix], **head.get("headers", {})},
        event=json.loads((folder / "event.json").read_text()),
        operation=head.get("operation", "openai.chat"),
        route=head.get("route", {}),
        sent=head.get("request_headers", {}),
    )


CASES = [_load(path.parent) for path in sorted((Path(__file__).parents[1] / "wire").glob("*/*/event.json"))]
by_name = {case.name: case for case in CASES}
# The call that a test makes which is not about its body.
UNARY, STREAM = by_name["openai/chat_unary"], by_name["openai/chat_stream"]
