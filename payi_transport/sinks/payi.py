"""Events to the Pay-i API: a batch as one bulk call, or each event as a call of its own."""

from __future__ import annotations

import encodings.idna  # noqa: F401 (see below)
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# httpx and the socket module import these where they are first used, which is on the worker's thread. A fork
# in the middle of an import leaves the child with a lock that nobody will ever give back.
import certifi  # noqa: F401
import httpcore  # noqa: F401
import httpx
import msgspec

from payi_transport.event import CONTEXT_FIELDS, Event
from payi_transport.names import RECORDED_MARK, PayiHeaderNames
from payi_transport.sinks import Receipt
from payi_transport.sinks.answers import Answer, read_receipt, read_wait

__all__ = ["PayiAccount", "PayiSink"]

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# An answer without end is left behind. Bytes.
_ANSWER_MOST = 4 * 1024 * 1024
# A bulk body is cut near this size, as a gateway may refuse larger ones. Bytes.
_BODY_MOST = 4 * 1024 * 1024
_RawHeaders = list[tuple[bytes, bytes]]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class PayiAccount(NamedTuple):
    """Where to report to, and as whom."""

    base_url: str
    api_key: str


class PayiSink:
    """Posts to `/api/v1/ingest/bulk`, or with `single` to `/api/v1/ingest`.

    The body of an answer may take `answer_seconds`: one that drips in would last for ever.
    """

    def __init__(
        self,
        account: PayiAccount,
        *,
        single: bool = False,
        batch_limit: int = 256,
        answer_seconds: float = 60.0,
    ) -> None:
        self.batch_limit = batch_limit
        self._account = account
        self._single = single
        self._answer_seconds = answer_seconds
        self._client: httpx.Client | None = None

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Post part by part, and leave Pay-i alone after a part of which nothing came through.

        A part that is refused as a whole for what is in it is halved until the event at fault is alone.
        """
        whole = Receipt()
        start, most = 0, len(batch)
        while start < len(batch):
            size, sent, answer = self._post_part(batch[start : start + most])
            if answer.blames_body and size > 1:
                most = size // 2
                whole = msgspec.structs.replace(whole, bytes_sent=whole.bytes_sent + sent)
                continue
            part = read_receipt(answer, size, sent, single=self._single)
            whole = _add(whole, part, start)
            start += size
            if answer.blames_body:
                most = len(batch)
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

    def _post_part(self, batch: Sequence[Event]) -> tuple[int, int, Answer]:
        """Post as many events as make one body; how many those were, its bytes, and what was answered."""
        if self._single:
            return 1, *self._post_single(batch[0])
        items = _encode_fitting(batch)
        body = b"[" + b",".join(items) + b"]"
        return len(items), len(body), self._post("/api/v1/ingest/bulk", body)

    def _post_single(self, event: Event) -> tuple[int, Answer]:
        fields = msgspec.to_builtins(event)
        context = {name: fields.pop(name) for name in CONTEXT_FIELDS if name in fields}
        body = msgspec.json.encode(fields)
        query = {"id": event.provider_response_id}
        return len(body), self._post("/api/v1/ingest", body, query, _to_headers(context))

    def _post(
        self,
        path: str,
        body: bytes,
        query: Mapping[str, str] | None = None,
        headers: _RawHeaders | None = None,
    ) -> Answer:
        try:
            return self._send(path, body, query or {}, headers or [])
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return Answer(None, b"", None, _describe(exc))

    def _send(self, path: str, body: bytes, query: Mapping[str, str], headers: _RawHeaders) -> Answer:
        if self._client is None:
            self._client = httpx.Client(timeout=_TIMEOUT)
        request = self._client.build_request(
            "POST",
            self._account.base_url.rstrip("/") + path,
            params=query or None,
            content=body,
            headers=[
                (b"content-type", b"application/json"),
                (PayiHeaderNames.api_key.encode(), self._account.api_key.encode()),
                *headers,
            ],
            extensions={RECORDED_MARK: True},
        )
        response = self._client.send(request, stream=True)
        try:
            return Answer(
                response.status_code,
                _read_body(response, self._answer_seconds),
                read_wait(response.headers),
                "",
            )
        finally:
            response.close()


def _read_body(response: httpx.Response, seconds: float) -> bytes:
    """The body, `_ANSWER_MOST` bytes of it at most. Raises ReadTimeout where that takes over `seconds`."""
    began = time.monotonic()
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _ANSWER_MOST:
            break
        if time.monotonic() - began > seconds:
            raise httpx.ReadTimeout("the answer takes too long")
    return body


def _describe(exc: Exception) -> str:
    """An error in words; those of a protocol error may quote a header, and so the key."""
    told = isinstance(exc, httpx.NetworkError | httpx.TimeoutException | httpx.ProxyError)
    return f"{type(exc).__name__}: {exc}" if told else type(exc).__name__


def _add(whole: Receipt, part: Receipt, start: int) -> Receipt:
    """`whole` and what became of the part of the batch that begins at `start`."""
    return Receipt(
        retry=[*whole.retry, *(start + index for index in part.retry)],
        rejected={**whole.rejected, **{start + index: reason for index, reason in part.rejected.items()}},
        wait=whole.wait if part.wait is None else part.wait,
        problem=part.problem or whole.problem,
        denied=part.denied,
        results={**whole.results, **{start + index: result for index, result in part.results.items()}},
        bytes_sent=whole.bytes_sent + part.bytes_sent,
    )


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
