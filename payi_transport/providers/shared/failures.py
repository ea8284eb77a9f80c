"""Errors in the shape that OpenAI's API has, and most others too: an object with type, code and message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from payi_transport.providers.shared.json_values import decode, text
from payi_transport.values.event import Failure

__all__ = ["read_error", "read_failure"]


class _Body(msgspec.Struct):
    error: Any = None


_body = msgspec.json.Decoder(_Body)


def read_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """Return the error of a body that has OpenAI's shape: `{"error": {"type", "code", "message"}}`."""
    return read_failure((decode(_body, body) or _Body()).error)


def read_failure(error: Any) -> Failure | None:
    """Return what an `error` value says, an object or a string; None for anything else."""
    if isinstance(error, str) and error:
        return Failure(message=error)
    if not error or not isinstance(error, dict):
        return None
    code = error.get("code")
    code = str(code) if isinstance(code, int) else code
    return Failure(text(error.get("type")), text(code), text(error.get("message")))
