"""From a response of Pay-i to a receipt: what a status and a body mean for the events that were sent.

    no response, 408, 409, 425, 429, 5xx    retry all events
    2xx                                     delivered, except for the items that the body names as rejected
    2xx with an HTML page                   retry: a login page of some proxy, not a response of Pay-i
    400, 413, 422                           rejected: Pay-i refuses something in this body
    any other status                        retry all and probe once a minute: the key or URL is wrong

The last row keeps events rather than rejecting them, because a wrong key is usually put right.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from payi_transport.client.retry import is_retryable
from payi_transport.sinks.protocol import Receipt

__all__ = ["PayiResponse", "make_receipt"]

_BODY_STATUSES = frozenset({400, 413, 422})
# Seconds between attempts while the key or the URL is refused.
_PROBE_INTERVAL = 60.0


class _BulkResponse(msgspec.Struct):
    errors: list[Any] | None = None


_bulk_decoder = msgspec.json.Decoder(_BulkResponse)
_result_decoder = msgspec.json.Decoder(dict[str, Any])
_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class PayiResponse(NamedTuple):
    """Status, body and requested wait (seconds) of a response; without one, status None and the error."""

    status: int | None
    body: bytes
    wait: float | None
    error: str

    @property
    def rejects_body(self) -> bool:
        return self.status in _BODY_STATUSES

    @property
    def is_html(self) -> bool:
        return self.body.lstrip()[:1] == b"<"


def make_receipt(response: PayiResponse, size: int, sent: int, *, single: bool) -> Receipt:
    """Return the receipt for a request of `size` events in `sent` bytes."""
    receipt = _receipt_for_status(response, size)
    if receipt is None:
        receipt = _read_result(response) if single else _read_item_errors(response, size)
    return msgspec.structs.replace(receipt, bytes_sent=sent)


def _receipt_for_status(response: PayiResponse, size: int) -> Receipt | None:
    """Return the receipt if the status decides about all events; None if Pay-i accepted the request."""
    status = response.status
    if status is None:
        return Receipt(retry=range(size), problem=f"Could not reach Pay-i ({response.error})")
    problem = f"Pay-i responded with HTTP {status}"
    if status < 300:
        if not response.is_html:
            return None
        problem = f"{problem} and an HTML page, which is not from Pay-i: check proxies and the base URL"
        return Receipt(retry=range(size), problem=problem)
    if is_retryable(status):
        return Receipt(retry=range(size), wait=response.wait, problem=problem)
    if response.rejects_body:
        return Receipt(rejected=dict.fromkeys(range(size), f"status_{status}"), problem=problem)
    return Receipt(
        retry=range(size),
        wait=_PROBE_INTERVAL,
        problem=f"{problem}: it does not accept this API key or base URL",
        denied=True,
    )


def _read_result(response: PayiResponse) -> Receipt:
    try:
        result = _result_decoder.decode(response.body)
    except _DECODE_ERRORS:
        return Receipt()
    return Receipt(results={0: result})


def _read_item_errors(response: PayiResponse, size: int) -> Receipt:
    """Return which items of a bulk request were rejected. A body that cannot be read rejects none.

    An item that is named twice is rejected if either entry says so: it must have one outcome only.
    """
    try:
        entries = _bulk_decoder.decode(response.body).errors or []
    except _DECODE_ERRORS:
        return Receipt()
    errors = [entry for entry in entries if isinstance(entry, dict)]
    retry: set[int] = set()
    rejected: dict[int, str] = {}
    for error in errors:
        index, result = error.get("item_index"), error.get("xproxy_result")
        if not isinstance(index, int) or not 0 <= index < size:
            continue
        status = result.get("statusCode") if isinstance(result, dict) else None
        if isinstance(status, int) and is_retryable(status):
            retry.add(index)
        else:
            rejected[index] = f"item_{status if isinstance(status, int) else 'refused'}"
    return Receipt(
        retry=sorted(retry - rejected.keys()),
        rejected=rejected,
        wait=response.wait,
        problem=f"Pay-i rejected {len(errors)} of {size} events" if errors else None,
    )
