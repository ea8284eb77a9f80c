"""What Pay-i answers to one call, `xproxy_result`: its cost, the states of its limits, warnings.

That of the last call is kept in a context variable, so each thread and task sees that of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

import msgspec

__all__ = ["Result", "ResultSlot", "find_result", "forget_results", "get_last_result", "set_last"]

# As in the answer of `POST /api/v1/ingest`: fields of the ingest API, all of them optional.
Result = Mapping[str, Any]

# Nobody can reach into the contexts of all threads and tasks: what is of another era than now is forgotten.
_era = object()


class ResultSlot:
    """What Pay-i says of one call: no result before it does, and none where it never does.

    Filled wherever the call ends, which need not be where it was made. It holds nothing else of the call,
    since contexts live long.
    """

    __slots__ = ("era", "result")

    def __init__(self) -> None:
        self.era = _era
        self.result: Result | None = None


_last: ContextVar[ResultSlot | None] = ContextVar("payi_transport_last_verdict", default=None)


class _Answer(msgspec.Struct):
    xproxy_result: Any = None
    xproxy_error: Any = None


_answer = msgspec.json.Decoder(_Answer)


def get_last_result() -> Result | None:
    """What Pay-i said of the last call here, if it did, of those that wait for it or go through Pay-i."""
    last = _last.get()
    return last.result if last is not None and last.era is _era else None


def set_last(result_slot: ResultSlot | None) -> None:
    """The last call here is the one that `result_slot` is of, whatever came of those before."""
    _last.set(result_slot)


def forget_results() -> None:
    """No call was made so far, in no thread or task."""
    global _era
    _era = object()


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
