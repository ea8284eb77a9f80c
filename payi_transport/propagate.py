"""Carry the scope of one service to the LLM calls of the next, in the header `baggage` of W3C.

Here: `inject(headers)` before a request is sent. There: `with track_context(**extract(request.headers))`. A
service reads what it is told to read and nothing by itself: who a call is billed to must not be a stranger's
choice. So call `extract` only where the sender is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from payi_transport.context.baggage import read_baggage, write_baggage
from payi_transport.context.fields import Scope
from payi_transport.context.frame import Frame
from payi_transport.context.scope import innermost_frame

__all__ = ["extract", "inject"]


def inject(headers: MutableMapping[str, str]) -> None:
    """Add the values in force here to the header `baggage`, at most 8,192 bytes with what it holds already.

    Outside all scopes, and without `payi_instrument()`, this only removes values that another scope has left
    in `headers`. `proxy` is not carried: it is about this process. What did not fit is counted in
    `payi_stats().ignored_baggage`.
    """
    write_baggage(innermost_frame(Frame()), headers)


def extract(headers: Mapping[str, str] | Iterable[tuple[Any, Any]]) -> Scope:
    """Return the values in the header `baggage`, as arguments for `track_context`; empty if there are none.

    `headers` is a mapping, or pairs of text or bytes as ASGI has them. Malformed values, and a header of more
    than 8,192 bytes, are ignored and counted in `payi_stats().ignored_baggage`.
    """
    return read_baggage(headers)
