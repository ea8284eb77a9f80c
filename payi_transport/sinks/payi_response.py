"""From a response of Pay-i to a receipt: what a status and a body mean for the events that were sent.

    no response, 408, 409, 425, 429, 5xx    retry all events
    2xx that confirms the events            delivered, except for the items that the body names as rejected
    any other 2xx                           retry: a proxy, a login page, or a cut body; confirms nothing
    400, 413, 414, 422, 431                 rejected: Pay-i refuses something in this request
    any other status                        retry all and probe once a minute: the key or URL is wrong

The last row keeps events rather than rejecting them, because a wrong key is usually put right. A code in a
body of Pay-i's own decides before the status: see `payi_codes`.

A retried event is also `uncertain` if Pay-i may have taken it: the response never came, was cut, was not
Pay-i's own, or confirmed fewer events than were sent. Only a failure that Pay-i reports in a body of its own
is certain.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from payi_transport.client.retry import is_retryable
from payi_transport.sinks.payi_codes import DENIED, NEVER, RETRY, blames_event, read_code
from payi_transport.sinks.protocol import Receipt

__all__ = ["PayiResponse", "find_refusals", "make_receipt"]

# 414 and 431 belong to them, because a single event has its context in headers and its id in the URL.
_BODY_STATUSES = frozenset({400, 413, 414, 422, 431})
# The statuses of these that no context in an event can cause: the body is too large, or its id too long.
_SIZE_STATUSES = frozenset({413, 414})
# Seconds between attempts while the key or the URL is refused.
_PROBE_INTERVAL = 60.0
# Fields that only Pay-i puts into the response to a single event.
_SINGLE_FIELDS = ("xproxy_result", "ingest_timestamp", "request_id")

_object_decoder = msgspec.json.Decoder(dict[str, Any])
# msgspec raises RecursionError for JSON that is nested too deeply.
_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class PayiResponse(NamedTuple):
    """A response, or the error in its place (status None). `wait`: the requested wait in seconds.

    `maybe_sent` is False if the request certainly never left this process.
    """

    status: int | None
    body: bytes = b""
    wait: float | None = None
    error: str = ""
    content_type: str = ""
    location: str = ""
    maybe_sent: bool = True
    # The `Date` of the response.
    date: str = ""

    @property
    def code(self) -> str:
        """Pay-i's code for an error, "" if the body has none."""
        return read_code(self.read_word()) if self.status is not None and self.status >= 400 else ""

    @property
    def rejects_body(self) -> bool:
        """Whether something in this request is refused, so that another request may pass."""
        code = self.code
        return blames_event(code) or (self.status in _BODY_STATUSES and code not in DENIED | RETRY)

    @property
    def is_own_failure(self) -> bool:
        """Whether Pay-i itself failed at the request, and not something on the way to it."""
        return self.status is not None and self.status >= 500 and not _hides_outcome(self, self.status)

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing at this path."""
        # Pay-i may have the path and say that it lacks something that an event names.
        return self.status in (404, 405) and not blames_event(self.code)

    def read_word(self) -> dict[str, Any] | None:
        """Return the JSON object in the body, None if the body is anything else."""
        # Pay-i responds in JSON. Text is a login page or a proxy's message, even if it parses.
        if self.content_type.strip().lower().startswith("text/"):
            return None
        try:
            return _object_decoder.decode(self.body)
        except _DECODE_ERRORS:
            return None


def make_receipt(response: PayiResponse, size: int, sent: int, *, single: bool) -> Receipt:
    """Return the receipt for a request of `size` events in `sent` bytes."""
    receipt = _receipt_for_status(response, size)
    if receipt is None:
        receipt = _read_result(response) if single else _read_bulk(response, size)
    return msgspec.structs.replace(receipt, bytes_sent=sent)


def _receipt_for_status(response: PayiResponse, size: int) -> Receipt | None:
    """Return the receipt if the status decides about all events; None if it is a 2xx."""
    status, everything = response.status, range(size)
    if status is None:
        uncertain = everything if response.maybe_sent else ()
        problem = f"Could not reach Pay-i ({response.error})"
        return Receipt(retry=everything, uncertain=uncertain, problem=problem)
    if status < 300:
        return None
    code = response.code
    problem = f"Pay-i responded with HTTP {status}" + (f" ({code})" if code else "")
    if response.rejects_body:
        return Receipt(rejected=dict.fromkeys(everything, f"status_{status}"), problem=problem)
    if code in RETRY or (is_retryable(status) and code not in DENIED):
        uncertain = everything if _hides_outcome(response, status) else ()
        return Receipt(retry=everything, uncertain=uncertain, wait=response.wait, problem=problem)
    advice = "it does not accept this API key or base URL"
    if response.location:
        advice = f"it redirects to {response.location}; set the base URL that it should be"
    return Receipt(retry=everything, wait=_PROBE_INTERVAL, problem=f"{problem}: {advice}", denied=True)


def _hides_outcome(response: PayiResponse, status: int) -> bool:
    """Return whether a gateway may have sent this after Pay-i had taken the events."""
    if status < 500 and status != 408:
        return False
    # Pay-i's own errors have one of these two shapes. Anything else is from something on the way to it.
    word = response.read_word() or {}
    return not ("xproxy_error" in word or {"message", "statusCode"} <= word.keys())


def _read_result(response: PayiResponse) -> Receipt:
    word = response.read_word()
    if word is None or not any(name in word for name in _SINGLE_FIELDS):
        return _confirm_nothing(response, 1)
    return Receipt(results={0: word})


def _confirm_nothing(response: PayiResponse, size: int) -> Receipt:
    # An HTML page may begin with a byte order mark.
    body = response.body.removeprefix(b"\xef\xbb\xbf").lstrip()
    if body[:1] == b"<" or "html" in response.content_type.lower():
        found = "an HTML page"
    else:
        found = "a body" if body else "an empty body"
    return Receipt(
        retry=range(size),
        uncertain=range(size),
        wait=response.wait,
        problem=(
            f"Pay-i responded with HTTP {response.status} and {found}, which is not from Pay-i and confirms"
            " no event: check proxies and the base URL"
        ),
    )


def _read_bulk(response: PayiResponse, size: int) -> Receipt:
    """Return which items of a bulk request were rejected, and which are not accounted for.

    An item that is named twice is rejected if either entry says so: it must have one outcome only.
    """
    word = response.read_word() or {}
    ingested = _read_count(word, "ingest_count")
    if ingested is None:
        return _confirm_nothing(response, size)
    entries = word.get("errors")
    errors = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    retry, rejected = _read_errors(errors, size)
    named = retry | rejected.keys()
    failed = max(_read_count(word, "error_count") or 0, _read_count(word, "item_error_count") or 0)
    uncertain: list[int] = []
    problem = f"Pay-i rejected {len(errors)} of {size} events" if errors else None
    # The counts have to agree with the named errors. If they don't, nobody knows which of the other events
    # is missing, so all of those are sent again, as uncertain.
    if size - len(named) > ingested or failed > len(errors):
        uncertain = [index for index in range(size) if index not in named]
        problem = (
            f"Pay-i confirmed {ingested} of {size} events and named {len(errors)} errors, so"
            f" {len(uncertain)} events are not confirmed"
        )
    return Receipt(
        retry=sorted({*(retry - rejected.keys()), *uncertain}),
        uncertain=uncertain,
        rejected=rejected,
        wait=response.wait,
        problem=problem,
    )


def _read_errors(errors: list[dict[str, Any]], size: int) -> tuple[set[int], dict[int, str]]:
    """Return the indexes of the items that may succeed later, and those of rejected ones with a reason."""
    retry: set[int] = set()
    rejected: dict[int, str] = {}
    for error in errors:
        index, result = error.get("item_index"), error.get("xproxy_result")
        # Such an entry names no event, but then the counts show that one is missing.
        if not isinstance(index, int) or not 0 <= index < size:
            continue
        status = result.get("statusCode") if isinstance(result, dict) else None
        if _may_pass_later(status, read_code(result)):
            retry.add(index)
        else:
            rejected[index] = f"item_{status if isinstance(status, int) else 'refused'}"
    return retry, rejected


def _may_pass_later(status: object, code: str) -> bool:
    """Return whether an item that was refused with this status and code may be taken later."""
    if blames_event(code):
        return False
    return code in RETRY | DENIED or (isinstance(status, int) and is_retryable(status))


def find_refusals(response: PayiResponse, receipt: Receipt) -> dict[int, str]:
    """Return the code, or "", of each event that may pass without a part of its context, by index."""
    if response.status is not None and response.status >= 400:
        codes = dict.fromkeys(receipt.rejected, response.code)
        return {} if response.status in _SIZE_STATUSES else _leave_out_final(codes)
    entries = (response.read_word() or {}).get("errors") if receipt.rejected else None
    named = {
        entry.get("item_index"): read_code(entry.get("xproxy_result"))
        for entry in (entries if isinstance(entries, list) else ())
        # A list or a dict in place of the index could not be a key.
        if isinstance(entry, dict) and isinstance(entry.get("item_index"), int)
    }
    return _leave_out_final({index: named.get(index, "") for index in receipt.rejected})


def _leave_out_final(codes: dict[int, str]) -> dict[int, str]:
    return {index: code for index, code in codes.items() if code not in NEVER}


def _read_count(word: dict[str, Any], name: str) -> int | None:
    count = word.get(name)
    # In Python, JSON's `true` is an int as well.
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
