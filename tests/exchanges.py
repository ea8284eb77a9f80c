"""Finished exchanges made from recorded calls, as an adapter would have made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from payi_transport.decode import decode
from payi_transport.event import Event
from payi_transport.exchange import Exchange, Outcome
from payi_transport.frame import Frame
from tests.wire_cases import WireCase

__all__ = ["decode_case", "make_exchange", "shown"]


def make_exchange(
    case: WireCase,
    chunks: Sequence[bytes] | None = None,
    *,
    outcome: Outcome = Outcome.EXHAUSTED,
    log_content: bool = True,
    body_limit: int = 1 << 24,
    headers: dict[str, str] | None = None,
    request_headers: dict[str, str] | None = None,
    context: Frame | None = None,
) -> Exchange:
    """The exchange of a case whose body came in `chunks`."""
    exchange = Exchange(
        lambda exchange: None,
        operation="openai.chat",
        category="system.openai",
        resource=None,
        context=context or Frame(),
        log_content=log_content,
        method="POST",
        uri="https://api.openai.com/v1/chat/completions",
        request_headers=_raw(request_headers or {}),
        request_body=case.request,
        body_limit=body_limit,
    )
    exchange.begin_answer(case.status, _raw({**case.headers, **(headers or {})}))
    size = 0
    room = -1
    for chunk in case.chunks() if chunks is None else chunks:
        size += len(chunk)
        if size > room:
            append, room = exchange.open_lane(size)
        append(chunk)
    exchange.finish(outcome)
    return exchange


def decode_case(case: WireCase, chunks: Sequence[bytes] | None = None, **options: Any) -> Event:
    return decode(make_exchange(case, chunks, **options))


def shown(event: Event, names: Sequence[str] | dict[str, Any]) -> dict[str, Any]:
    """The named fields of an event as a sink would write them."""
    written = msgspec.json.decode(msgspec.json.encode(event))
    return {name: written[name] for name in names if name in written}


def _raw(headers: dict[str, str]) -> tuple[bytes, ...]:
    return tuple(part.encode() for pair in headers.items() for part in pair)
