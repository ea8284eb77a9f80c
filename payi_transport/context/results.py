"""Pay-i's result for one call, `xproxy_result`: its cost, the states of its limits, warnings.

A result may arrive on another thread, after the call has returned. So each call that can have a result gets a
slot, and a context variable holds the slot of the last call. Each thread and each task sees its own last
call, and the result shows up there wherever the slot is filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

import msgspec

from payi_transport.values.lenient_json import decode

__all__ = ["Result", "ResultSlot", "find_result", "forget_results", "get_last_result", "set_last"]

# Fields as in Pay-i's response to `POST /api/v1/ingest`, all of them optional.
Result = Mapping[str, Any]

# The contexts of other threads and tasks are out of reach, so results are forgotten by starting a new
# generation: a slot of an older one no longer counts.
_generation = object()


class ResultSlot:
    """Holds Pay-i's result for one call once it is known, and None until then.

    It holds nothing else of the call, because contexts may keep it for a long time.
    """

    __slots__ = ("generation", "result")

    def __init__(self) -> None:
        self.generation = _generation
        self.result: Result | None = None


_last: ContextVar[ResultSlot | None] = ContextVar("payi_transport_last_result", default=None)


class _Body(msgspec.Struct):
    xproxy_result: Any = None
    xproxy_error: Any = None


_body = msgspec.json.Decoder(_Body)


def get_last_result() -> Result | None:
    """Return the result of the last call made here, None if it has none (yet)."""
    last = _last.get()
    return last.result if last is not None and last.generation is _generation else None


def set_last(result_slot: ResultSlot | None) -> None:
    """Make the call that `result_slot` belongs to the last one made here."""
    _last.set(result_slot)


def forget_results() -> None:
    """Forget the last results in all threads and tasks."""
    global _generation
    _generation = object()


def find_result(bodies: Iterable[bytes]) -> Result | None:
    """Return the result, or the error in its place, from the last JSON document that has one."""
    found: Result | None = None
    for body in bodies:
        # Most messages have none, and searching is cheaper than decoding.
        if b'"xproxy_' not in body:
            continue
        # Nobody knows what a provider sends. A message that is not JSON has no result.
        decoded = decode(_body, body) or _Body()
        for value in (decoded.xproxy_result, decoded.xproxy_error):
            if isinstance(value, dict):
                found = value
                break
    return found
