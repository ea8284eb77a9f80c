"""What Pay-i answers to one call, `xproxy_result`: its cost, the states of its limits, warnings.

The last one is kept in a context variable, so each thread and task sees that of its own last call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

import msgspec

__all__ = ["Result", "find_result", "get_last_result", "set_last_result"]

# As in the answer of `POST /api/v1/ingest`: fields of the ingest API, all of them optional.
Result = Mapping[str, Any]

_last: ContextVar[Result | None] = ContextVar("payi_transport_last_result", default=None)


class _Answer(msgspec.Struct):
    xproxy_result: Any = None
    xproxy_error: Any = None


_answer = msgspec.json.Decoder(_Answer)


def get_last_result() -> Result | None:
    """What Pay-i said of the last call that was made here, where it says so at once."""
    return _last.get()


def set_last_result(result: Result | None) -> None:
    """The last call that was made here has this result."""
    _last.set(result)


def find_result(bodies: Iterable[bytes]) -> Result | None:
    """The result (or the error in its place) in the last of some JSON documents that holds one."""
    found: Result | None = None
    for body in bodies:
        if b'"xproxy_' not in body:
            continue
        try:
            answer = _answer.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        for value in (answer.xproxy_result, answer.xproxy_error):
            if isinstance(value, dict):
                found = value
                break
    return found
