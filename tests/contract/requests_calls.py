"""A call with requests, and the ways in which a caller can read its response."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import requests

from tests.contract.responses import PATH, REQUEST

__all__ = ["READERS", "post"]


def _read_raw(response: requests.Response) -> list[bytes]:
    return [part for part in iter(lambda: response.raw.read(7), b"") if part]


def _read_into(response: requests.Response) -> bytes:
    buffer = bytearray(1 << 16)
    return bytes(buffer[: response.raw.readinto(buffer)])


READERS: dict[str, Callable[[requests.Response], Any]] = {
    "content": lambda response: response.content,
    "text": lambda response: response.text,
    "iter_content": lambda response: list(response.iter_content(None)),
    "iter_content 7": lambda response: list(response.iter_content(7)),
    "iter_lines": lambda response: list(response.iter_lines()),
    "raw stream": lambda response: list(response.raw.stream(64, decode_content=True)),
    "raw lines": lambda response: list(response.raw),
    "raw read": lambda response: response.raw.read(),
    "raw read decoded": lambda response: response.raw.read(decode_content=True),
    "raw pieces": _read_raw,
    "raw into": _read_into,
    "raw read1": lambda response: b"".join(iter(response.raw.read1, b"")),
    "raw data": lambda response: response.raw.data,
    "pickled": lambda response: pickle.loads(pickle.dumps(response)).content,  # noqa: S301  # its own
    "buffered": lambda response: io.BufferedReader(response.raw, 16).read(),
}


def post(
    url: str, read: Callable[[requests.Response], Any] = lambda response: response.content, **options: Any
) -> Any:
    """What a caller sees of a call: status, reason, headers, what was read, and the URL."""
    with requests.Session() as session, session.post(f"{url}{PATH}", json=REQUEST, **options) as response:
        headers = {name: value for name, value in response.headers.items() if name != "Date"}
        return response.status_code, response.reason, headers, read(response), response.url
