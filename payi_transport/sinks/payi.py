"""Events to the Pay-i API: a batch as one bulk call, or each event as a call of its own."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import httpx
import msgspec

from payi_transport.event import CONTEXT_FIELDS, Event
from payi_transport.names import RECORDED_MARK, PayiHeaderNames
from payi_transport.sinks import Receipt

__all__ = ["PayiAccount", "PayiSink"]

# Statuses that may go away by themselves; others won't. As the public SDK has it.
_TRANSIENT = frozenset({408, 409, 429})
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# A bulk body is cut near this size, as a gateway may refuse larger ones. Bytes.
_BODY_MOST = 4 * 1024 * 1024
_RawHeaders = list[tuple[bytes, bytes]]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class PayiAccount(NamedTuple):
    """Where to report to, and as whom."""

    base_url: str
    api_key: str


class _BulkFault(msgspec.Struct):
    item_index: Any = None
    xproxy_result: Any = None


class _BulkAnswer(msgspec.Struct):
    errors: list[_BulkFault] | None = None


_bulk_answer = msgspec.json.Decoder(_BulkAnswer)


class PayiSink:
    """Posts to `/api/v1/ingest/bulk`, or with `single` to `/api/v1/ingest`. Times in seconds."""

    def __init__(self, account: PayiAccount, *, single: bool = False, batch_limit: int = 256) -> None:
        self.batch_limit = batch_limit
        self._account = account
        self._single = single
        self._client: httpx.Client | None = None

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Post part by part, and leave Pay-i alone after a part of which nothing came through."""
        whole = Receipt()
        start = 0
        while start < len(batch):
            size, part = self._post_single(batch[start]) if self._single else self._post_bulk(batch[start:])
            whole = _add(whole, part, start)
            start += size
            if len(part.retry) == size:
                return msgspec.structs.replace(whole, retry=[*whole.retry, *range(start, len(batch))])
        return whole

    def fork(self) -> None:
        # The parent's connections are the parent's: dropped unclosed, as closing would say goodbye on them.
        self._client = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _post_bulk(self, batch: Sequence[Event]) -> tuple[int, Receipt]:
        """Post as many events as make one body; how many those were, and what became of them."""
        items = _encode_fitting(batch)
        body = b"[" + b",".join(items) + b"]"
        answer = self._post("/api/v1/ingest/bulk", body)
        return len(items), _judge(answer, len(items), len(body)) or _read_faults(
            answer, len(items), len(body)
        )

    def _post_single(self, event: Event) -> tuple[int, Receipt]:
        fields = msgspec.to_builtins(event)
        context = {name: fields.pop(name) for name in CONTEXT_FIELDS if name in fields}
        body = msgspec.json.encode(fields)
        answer = self._post("/api/v1/ingest", body, {"id": event.provider_response_id}, _to_headers(context))
        return 1, _judge(answer, 1, len(body)) or Receipt(bytes_sent=len(body))

    def _post(
        self,
        path: str,
        body: bytes,
        query: Mapping[str, str] | None = None,
        headers: _RawHeaders | None = None,
    ) -> _Answer:
        if self._client is None:
            self._client = httpx.Client(timeout=_TIMEOUT)
        try:
            response = self._client.post(
                self._account.base_url.rstrip("/") + path,
                params=query,
                content=body,
                headers=[
                    (b"content-type", b"application/json"),
                    (PayiHeaderNames.api_key.encode(), self._account.api_key.encode()),
                    *(headers or ()),
                ],
                extensions={RECORDED_MARK: True},
            )
        except httpx.HTTPError as exc:
            return _Answer(None, b"", None, f"{type(exc).__name__}: {exc}")
        return _Answer(response.status_code, response.content, _retry_after(response.headers), "")


class _Answer(NamedTuple):
    status: int | None
    body: bytes
    wait: float | None
    error: str


def _add(whole: Receipt, part: Receipt, start: int) -> Receipt:
    """`whole` and what became of the part of the batch that begins at `start`."""
    return Receipt(
        retry=[*whole.retry, *(start + index for index in part.retry)],
        rejected={**whole.rejected, **{start + index: reason for index, reason in part.rejected.items()}},
        wait=whole.wait if part.wait is None else part.wait,
        problem=part.problem or whole.problem,
        bytes_sent=whole.bytes_sent + part.bytes_sent,
    )


def _judge(answer: _Answer, size: int, sent: int) -> Receipt | None:
    """What a status means for every event of the call; None when Pay-i took it."""
    if answer.status is None:
        return Receipt(
            retry=range(size), problem=f"Pay-i can not be reached ({answer.error})", bytes_sent=sent
        )
    if answer.status < 300:
        return None
    problem = f"Pay-i answered {answer.status}"
    if answer.status in _TRANSIENT or answer.status >= 500:
        return Receipt(retry=range(size), wait=answer.wait, problem=problem, bytes_sent=sent)
    return Receipt(
        rejected=dict.fromkeys(range(size), f"status_{answer.status}"), problem=problem, bytes_sent=sent
    )


def _read_faults(answer: _Answer, size: int, sent: int) -> Receipt:
    """Which items of a bulk call were refused; an answer that can't be read refuses none."""
    try:
        faults = _bulk_answer.decode(answer.body).errors or []
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Receipt(bytes_sent=sent)
    retry: list[int] = []
    rejected: dict[int, str] = {}
    for fault in faults:
        index = fault.item_index
        if not isinstance(index, int) or not 0 <= index < size:
            continue
        status = fault.xproxy_result.get("statusCode") if isinstance(fault.xproxy_result, dict) else None
        if isinstance(status, int) and (status in _TRANSIENT or status >= 500):
            retry.append(index)
        else:
            rejected[index] = f"item_{status or 'refused'}"
    problem = f"Pay-i refused {len(faults)} of {size} events" if faults else None
    return Receipt(retry=retry, rejected=rejected, wait=answer.wait, problem=problem, bytes_sent=sent)


def _encode_fitting(batch: Sequence[Event]) -> list[bytes]:
    """As many events, one at least, as make a body of the size that is sent at once."""
    items: list[bytes] = []
    size = 0
    for event in batch:
        item = msgspec.json.encode(event)
        size += len(item) + 1
        if items and size > _BODY_MOST:
            break
        items.append(item)
    return items


def _to_headers(context: Mapping[str, Any]) -> _RawHeaders:
    names = {
        "limit_ids": PayiHeaderNames.limit_ids,
        "request_tags": PayiHeaderNames.request_tags,
        "use_case_id": PayiHeaderNames.use_case_id,
        "use_case_name": PayiHeaderNames.use_case_name,
        "use_case_step": PayiHeaderNames.use_case_step,
        "use_case_version": PayiHeaderNames.use_case_version,
        "user_id": PayiHeaderNames.user_id,
        "account_name": PayiHeaderNames.account_name,
        "scope": PayiHeaderNames.resource_scope,
    }
    return [(names[field].encode(), _to_header(value)) for field, value in context.items()]


def _to_header(value: Any) -> bytes:
    text = ",".join(value) if isinstance(value, list | tuple) else str(value)
    return _CONTROL.sub(" ", text).strip().encode()


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or a date, RFC 9110 10.2.3)."""
    milliseconds = _to_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    text = headers.get("retry-after")
    seconds = _to_number(text)
    if seconds is None and text:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return None if seconds is None else max(0.0, seconds)


def _to_number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
