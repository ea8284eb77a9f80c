"""When to send a request to Pay-i again, and how long to wait first. Shared by client and delivery; no I/O.

A request is worth repeating when its failure may be temporary: no connection, no response in time, and the
statuses 408 (the server stopped waiting for the request), 409 (Pay-i timed out on a lock), 425 (sent too
early, RFC 8470), 429 (too many requests) and everything from 500 up. Any other status says that this
request, key or address is wrong, and repeating it cannot help.

The delay doubles from 0.5 s to 8 s. Up to a quarter of it is taken off at random, so that clients that
failed together do not come back together. A delay that the server asks for wins, up to a minute.

Source: Pay-i's public SDK 0.1.0a183; 425 is an addition.
"""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from payi_transport.errors import APIConnectionError
from payi_transport.runtime.clock import time
from payi_transport.runtime.own_random import own_random

if TYPE_CHECKING:
    import httpx

__all__ = ["choose_retry_delay", "is_retryable", "parse_retry_after"]

# In addition to 500 and above.
_RETRYABLE = frozenset({408, 409, 425, 429})
# Seconds.
_INITIAL_DELAY, _MAX_DELAY = 0.5, 8.0
# Seconds. A caller is waiting: beyond this, use the usual delay instead of the one the server asks for.
_MAX_RETRY_AFTER = 60.0


def is_retryable(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status in _RETRYABLE or status >= 500


def choose_retry_delay(outcome: httpx.Response | APIConnectionError, retries: int) -> float | None:
    """Return the seconds to wait before the next retry, or None if a retry cannot help.

    `retries` is how many retries there were already.
    """
    if isinstance(outcome, APIConnectionError):
        return _back_off(retries)
    # Pay-i's SDK obeys this header of the server too, before it looks at the status.
    wanted = outcome.headers.get("x-should-retry")
    if wanted == "false" or (wanted != "true" and not is_retryable(outcome.status_code)):
        return None
    requested = parse_retry_after(outcome.headers)
    if requested is not None and requested <= _MAX_RETRY_AFTER:
        return requested
    return _back_off(retries)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in `retry-after-ms` or `Retry-After` (seconds or a date, RFC 9110 10.2.3).

    A date that is over means now. A negative number means nothing, and must not remove the usual pause.
    """
    milliseconds = _to_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _to_number(text)
    if seconds is None and text:
        try:
            seconds = max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time())
        except (ValueError, OverflowError):
            return None
    return seconds


def _back_off(retries: int) -> float:
    # The exponent is bounded because 2.0**1024 overflows; 8 s are reached long before.
    return min(_INITIAL_DELAY * 2.0 ** min(retries, 16), _MAX_DELAY) * own_random.uniform(0.75, 1.0)


def _to_number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    # float() accepts "nan" and "inf", which are not delays, and negative numbers are not either.
    return number if number is not None and math.isfinite(number) and number >= 0 else None
