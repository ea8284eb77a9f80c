"""Write AWS's binary event stream. Source: https://smithy.io/2.0/aws/amazon-eventstream.html"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable
from typing import Any
from zlib import crc32

__all__ = ["Value", "cut_stream", "write_event", "write_message", "write_stream"]

# A header's value by the number of its type.
Value = tuple[int, Any]
STRING = 7
_FORMATS = {2: "!b", 3: "!h", 4: "!i", 5: "!q", 8: "!q"}


def write_message(headers: Iterable[tuple[str, Value]], payload: bytes) -> bytes:
    head = b"".join(_write_header(name, *value) for name, value in headers)
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return message + struct.pack("!I", crc32(message))


def _write_header(name: str, kind: int, value: Any) -> bytes:
    head = bytes([len(name.encode())]) + name.encode() + bytes([kind])
    if kind in (0, 1):
        return head
    if kind in _FORMATS:
        return head + struct.pack(_FORMATS[kind], value)
    if kind == 9:
        return head + bytes(value)
    data: bytes = value.encode() if kind == STRING else value
    return head + struct.pack("!H", len(data)) + data


def write_event(name: str, payload: bytes) -> bytes:
    """A message as Bedrock sends it; the name is that of the frame which is to be read from it."""
    kind = "exception" if name.startswith("exception:") else "event"
    headers = {
        f":{kind}-type": name.removeprefix("exception:"),
        ":content-type": "application/json",
        ":message-type": kind,
    }
    return write_message([(header, (STRING, value)) for header, value in headers.items()], payload)


def write_stream(events: Iterable[tuple[str, Any]]) -> list[bytes]:
    """Write a message for each (name, JSON). `bytes` in it hold a model's event, sent as base64."""
    return [write_event(name, _write_json(data)) for name, data in events]


def cut_stream(body: bytes) -> list[bytes]:
    """Split a whole stream into its messages."""
    messages: list[bytes] = []
    while body:
        (length,) = struct.unpack_from("!I", body)
        messages.append(body[:length])
        body = body[length:]
    return messages


def _write_json(data: Any) -> bytes:
    if isinstance(data, dict) and isinstance(data.get("bytes"), dict):
        inner = json.dumps(data["bytes"], separators=(",", ":")).encode()
        data = {**data, "bytes": base64.b64encode(inner).decode()}
    return json.dumps(data, separators=(",", ":")).encode()
