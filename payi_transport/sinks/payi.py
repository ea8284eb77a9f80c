"""Events to the Pay-i API: a batch as one bulk call, or each event as a call of its own."""

from __future__ import annotations

import encodings.idna  # noqa: F401 (see below)
import time
from collections.abc import Sequence
from typing import Any

# httpx and the socket module import these where they are first used, which is on the worker's thread. A fork
# in the middle of an import leaves the child with a lock that nobody will ever give back.
import certifi  # noqa: F401
import httpcore  # noqa: F401
import httpx
import msgspec

from payi_transport.client.account import PayiAccount
from payi_transport.client.request import RequestSpec
from payi_transport.client.resources.ingest import Ingest
from payi_transport.client.retry import parse_retry_after
from payi_transport.client.settings import make_settings
from payi_transport.client.timeouts import DEFAULT_TIMEOUT, Timeout
from payi_transport.client.transport import SyncTransport, describe_error
from payi_transport.runtime.time_slices import in_time_slices
from payi_transport.sinks.payi_response import PayiResponse, make_receipt
from payi_transport.sinks.protocol import Receipt
from payi_transport.values.event import Event

__all__ = ["PayiSink"]

# An answer without end is left behind. Bytes.
_ANSWER_MOST = 4 * 1024 * 1024
# A bulk body is cut near this size, as a gateway may refuse larger ones. Bytes.
_BODY_MOST = 4 * 1024 * 1024


class PayiSink:
    """Posts to `/api/v1/ingest/bulk`, or with `single` to `/api/v1/ingest`.

    `response_seconds` bounds the wait for a response to start, and again the time that its body takes.
    """

    def __init__(
        self,
        account: PayiAccount,
        *,
        single: bool = False,
        batch_limit: int = 256,
        response_seconds: float = 60.0,
    ) -> None:
        self.batch_limit = batch_limit
        self._account = account
        self._single = single
        self._answer_seconds = response_seconds
        self._timeout = Timeout(response_seconds, connect=DEFAULT_TIMEOUT.connect)
        self._http: httpx.Client | None = None

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Post part by part, and leave Pay-i alone after a part of which nothing came through.

        A part that is refused as a whole for what is in it is halved until the event at fault is alone.
        """
        whole = Receipt()
        start, most = 0, len(batch)
        while start < len(batch):
            size, sent, answer = self._post_part(batch[start : start + most])
            if answer.rejects_body and size > 1:
                most = size // 2
                whole = msgspec.structs.replace(whole, bytes_sent=whole.bytes_sent + sent)
                continue
            part = make_receipt(answer, size, sent, single=self._single)
            whole = _add(whole, part, start)
            start += size
            if answer.rejects_body:
                most = len(batch)
            if len(part.retry) == size:
                return msgspec.structs.replace(whole, retry=[*whole.retry, *range(start, len(batch))])
        return whole

    def fork(self) -> None:
        # The parent's connections are the parent's: dropped unclosed, as closing would say goodbye on them.
        self._http = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _post_part(self, batch: Sequence[Event]) -> tuple[int, int, PayiResponse]:
        """Post as many events as make one body; how many those were, its bytes, and what was answered."""
        if self._single:
            return 1, *self._post(_make_single_call(batch[0]))
        items = _encode_fitting(batch)
        return len(items), *self._post(Ingest.bulk.build(None, events=items))

    def _post(self, call: RequestSpec[Any]) -> tuple[int, PayiResponse]:
        sent = 0
        try:
            http = self._connect()
            settings = make_settings(
                api_key=self._account.api_key,
                base_url=self._account.base_url,
                timeout=self._timeout,
                default_headers=self._account.headers,
                default_query=self._account.query,
            )
            request = SyncTransport(settings, http).build(call)
            sent = len(request.content)
            return sent, self._send(http, request)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return sent, PayiResponse(None, b"", None, describe_error(exc, httpx))

    def _connect(self) -> httpx.Client:
        if self._http is None:
            self._http = httpx.Client()
        return self._http

    def _send(self, http: httpx.Client, request: httpx.Request) -> PayiResponse:
        response = http.send(request, stream=True)
        try:
            body = _read_body(response, self._answer_seconds)
            return PayiResponse(response.status_code, body, parse_retry_after(response.headers), "")
        finally:
            response.close()


def _make_single_call(event: Event) -> RequestSpec[Any]:
    fields = msgspec.to_builtins(event)
    return Ingest.units.build(None, resource_scope=fields.pop("scope", None), **fields)


def _read_body(response: httpx.Response, seconds: float) -> bytes:
    """The body, `_ANSWER_MOST` bytes of it at most. Raises ReadTimeout where that takes over `seconds`."""
    began = time.monotonic()
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _ANSWER_MOST:
            break
        if time.monotonic() - began > seconds:
            raise httpx.ReadTimeout("the answer takes too long")
    return bytes(body)


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


def _encode_fitting(batch: Sequence[Event]) -> list[msgspec.Raw]:
    """As many events, one at least, as make a body of the size that is sent at once."""
    items: list[msgspec.Raw] = []
    size = 0
    for event in in_time_slices(batch):
        item = msgspec.json.encode(event)
        size += len(item) + 1
        if items and size > _BODY_MOST:
            break
        items.append(msgspec.Raw(item))
    return items
