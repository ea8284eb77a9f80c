"""What an answer of Pay-i's means for the events that were sent."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from payi_transport.client.retry import is_retryable
from payi_transport.sinks.protocol import Receipt

__all__ = ["PayiResponse", "make_receipt"]

# Statuses that one event may be at fault for. With any other below 500 that does not go away by itself it is
# the key or the address that is refused.
_BLAMES_BODY = frozenset({400, 413, 422})
# How often a destination is asked again that refuses the key or the address. Seconds.
_PROBE_INTERVAL = 60.0


class _BulkAnswer(msgspec.Struct):
    errors: list[Any] | None = None


_bulk_answer = msgspec.json.Decoder(_BulkAnswer)
_result = msgspec.json.Decoder(dict[str, Any])


class PayiResponse(NamedTuple):
    """Status, body and the wait that was asked for, or the error in their place."""

    status: int | None
    body: bytes
    wait: float | None
    error: str

    @property
    def rejects_body(self) -> bool:
        return self.status in _BLAMES_BODY

    @property
    def is_html(self) -> bool:
        """A page that somebody on the way put in Pay-i's place, such as a proxy that wants a login."""
        return self.body.lstrip()[:1] == b"<"


def make_receipt(answer: PayiResponse, size: int, sent: int, *, single: bool) -> Receipt:
    """What became of every event of a call that brought `size` of them in `sent` bytes."""
    receipt = _judge(answer, size)
    if receipt is None:
        receipt = _read_result(answer) if single else _read_faults(answer, size)
    return msgspec.structs.replace(receipt, bytes_sent=sent)


def _judge(answer: PayiResponse, size: int) -> Receipt | None:
    """What a status means for every event of the call; None when Pay-i took it."""
    status = answer.status
    if status is None:
        return Receipt(retry=range(size), problem=f"Pay-i can not be reached ({answer.error})")
    problem = f"Pay-i answered {status}"
    if status < 300:
        if not answer.is_html:
            return None
        return Receipt(retry=range(size), problem=f"{problem} with a page that is not its own")
    if is_retryable(status):
        return Receipt(retry=range(size), wait=answer.wait, problem=problem)
    if answer.rejects_body:
        return Receipt(rejected=dict.fromkeys(range(size), f"status_{status}"), problem=problem)
    return Receipt(
        retry=range(size),
        wait=_PROBE_INTERVAL,
        problem=f"{problem}, so it does not accept this key or address",
        denied=True,
    )


def _read_result(answer: PayiResponse) -> Receipt:
    try:
        result = _result.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Receipt()
    return Receipt(results={0: result})


def _read_faults(answer: PayiResponse, size: int) -> Receipt:
    """Which items of a bulk call were refused; an answer that can't be read refuses none."""
    try:
        told = _bulk_answer.decode(answer.body).errors or []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Receipt()
    faults = [fault for fault in told if isinstance(fault, dict)]
    retry: set[int] = set()
    rejected: dict[int, str] = {}
    for fault in faults:
        index, result = fault.get("item_index"), fault.get("xproxy_result")
        if not isinstance(index, int) or not 0 <= index < size:
            continue
        status = result.get("statusCode") if isinstance(result, dict) else None
        if isinstance(status, int) and is_retryable(status):
            retry.add(index)
        else:
            rejected[index] = f"item_{status if isinstance(status, int) else 'refused'}"
    problem = f"Pay-i refused {len(faults)} of {size} events" if faults else None
    return Receipt(
        retry=sorted(retry - rejected.keys()), rejected=rejected, wait=answer.wait, problem=problem
    )
