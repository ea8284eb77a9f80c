"""When a call is tried again, and which error an answer is. For the client and for delivery alike; no I/O.

Source: Pay-i's public SDK 0.1.0a183.
"""

from __future__ import annotations

import email.utils
import math
import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from payi_transport import errors
from payi_transport.types.model import convert_leniently
from payi_transport.types.shared import XproxyError

if TYPE_CHECKING:
    import httpx

__all__ = [
    "choose_retry_delay",
    "find_request_id",
    "is_retryable",
    "make_status_error",
    "parse_retry_after",
    "read_body",
]

# Statuses that may go away by themselves, beside those from 500 on; others won't. 425 is ours (RFC 8470 5.2).
_TRANSIENT = frozenset({408, 409, 425, 429})
# Seconds: the first pause, and the longest that grows of it.
_FIRST_WAIT, _LAST_WAIT = 0.5, 8.0
# A server that asks for more patience than this many seconds is not waited for so long in a call.
_MOST_PATIENCE = 60.0
_STATUS_ERRORS: Mapping[int, type[errors.APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}
# Of an answer that is no JSON, as much as helps; the rest is in `body`.
_MESSAGE_MOST = 200


def is_retryable(status: int) -> bool:
    """Whether the same request may go well later."""
    return status in _TRANSIENT or status >= 500


def choose_retry_delay(outcome: httpx.Response | errors.APIConnectionError, retries: int) -> float | None:
    """Seconds to wait before sending a request again, that was sent `retries` times again; None: don't."""
    if isinstance(outcome, errors.APIConnectionError):
        return _grow(retries)
    if not is_retryable(outcome.status_code):
        return None
    asked = parse_retry_after(outcome.headers)
    return asked if asked is not None and asked <= _MOST_PATIENCE else _grow(retries)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or a date, RFC 9110 10.2.3)."""
    milliseconds = _to_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    text = headers.get("retry-after")
    seconds = _to_number(text)
    if seconds is None and text:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return None if seconds is None else max(0.0, seconds)


def make_status_error(response: httpx.Response) -> errors.APIStatusError:
    """The error that a read answer other than 2xx is."""
    status = response.status_code
    body = read_body(response)
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    said = fields.get("xproxy_error")
    xproxy_error = convert_leniently(XproxyError, said) if isinstance(said, dict) else None
    message = fields.get("message") or getattr(xproxy_error, "message", None) or str(body)[:_MESSAGE_MOST]
    kind = _STATUS_ERRORS.get(status, errors.InternalServerError if status >= 500 else errors.APIStatusError)
    return kind(
        f"Error code: {status} - {message}",
        response=response,
        body=body,
        request_id=find_request_id(fields, response.headers),
        xproxy_error=xproxy_error,
    )


def read_body(response: httpx.Response) -> object | None:
    """JSON where it is JSON, else text; None where it is empty."""
    try:
        body: object = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = response.text or None
    return body


def find_request_id(body: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """The id that Pay-i gave a call: in the body of an answer, or in a header on the way."""
    result = body.get("xproxy_result")
    inner = result.get("request_id") if isinstance(result, dict) else None
    found = body.get("request_id") or inner or headers.get("x-request-id")
    return found if isinstance(found, str) else None


def _grow(retries: int) -> float:
    """Doubling, less a quarter at most by chance, so that clients that failed together don't return so."""
    return min(_FIRST_WAIT * 2.0**retries, _LAST_WAIT) * random.uniform(0.75, 1.0)


def _to_number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None
