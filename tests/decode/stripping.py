"""Bodies with inline data, and what must be left of them once it is replaced."""

from __future__ import annotations

import base64
import json
from typing import Any

from payi_transport.decode.inline_data import NOT_INSTRUMENTED, strip_inline_data

WORD = NOT_INSTRUMENTED.decode()
SHORT = "UklGRg=="
LONG = base64.b64encode(bytes(range(256))).decode()
URL_SAFE = base64.urlsafe_b64encode(bytes(range(256))).decode()
LINES = base64.encodebytes(bytes(range(256))).decode()
VERY_LONG = base64.b64encode(bytes(range(256)) * 2).decode()

HEADS = (
    "data:image/png;base64,",
    "data:;base64,",
    "DATA:image/PNG;BASE64,",
    "data:image/svg+xml;charset=utf-8;base64,",
    'data:application/pdf;name="a b.pdf";base64,',
)


def fill(value: Any, data: str, head: str = HEADS[0]) -> Any:
    if isinstance(value, dict):
        return {key: fill(item, data, head) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, data, head) for item in value]
    return {"@": data, "@url": data if data == WORD else head + data}.get(str(value), value)


def write(value: Any, style: str = "") -> bytes:
    if style == "spaces":
        return json.dumps(value, indent=2, separators=(" ,", " :\n ")).encode()
    text = json.dumps(value, separators=(",", ":"))
    if style == "escaped slashes":
        text = text.replace("/", "\\/")
    if style == "escaped signs":
        text = text.replace("+", "\\u002B").replace("=", "\\u003d")
    return text.encode()


def check(place: Any, data: str, style: str = "", head: str = HEADS[0]) -> None:
    stripped = strip_inline_data(write(fill(place, data, head), style))
    assert json.loads(stripped) == fill(place, WORD)
    assert strip_inline_data(stripped) == stripped
