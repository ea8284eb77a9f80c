"""The sink that posts events to the Pay-i API.

Two modes. In bulk, a batch is one JSON array, cut at 4 MiB because gateways refuse larger bodies; the
response names rejected items and nothing else. Single delivery makes one request for each event, with its
context in headers, and returns what Pay-i computed for it: cost, limits, request id. Inline delivery needs
those, so it sends single events; everything else is cheaper in bulk.

Pay-i may refuse a bulk body as a whole for one bad event. Then the batch is halved until that event is alone,
so that one event never takes others down with it (about 2 log2(n) requests for each). After a request that
delivered nothing, the rest of the batch is not attempted: it would meet the same failure.

The sink builds requests with the client's code but sends them itself, without the client's retries, since
the worker has its own.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 (see below)
import time
from collections.abc import Sequence
from typing import Any

# httpx and socket import these modules lazily, which would be on the worker's thread. If the process forked
# during such an import, the child would inherit an import lock that no thread of its own ever releases.
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

# Bytes. The rest of a longer response is not read.
_MAX_RESPONSE = 4 * 1024 * 1024
# Bytes. A bulk body is cut near this size.
_MAX_BODY = 4 * 1024 * 1024


class PayiSink:
    """Post events to `/api/v1/ingest/bulk` or, with `single`, to `/api/v1/ingest`.

    `response_seconds` bounds the wait for a response to start and, again, the time its body may take: httpx
    only limits the gap between two chunks, so a slow body could otherwise last forever.
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
        self._response_seconds = response_seconds
        self._timeout = Timeout(response_seconds, connect=DEFAULT_TIMEOUT.connect)
        self._http: httpx.Client | None = None

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Post a batch part by part, halving parts that are refused as a whole."""
        whole = Receipt()
        start, limit = 0, len(batch)
        while start < len(batch):
            size, sent, response = self._post_part(batch[start : start + limit])
            if response.rejects_body and size > 1:
                limit = size // 2
                whole = msgspec.structs.replace(whole, bytes_sent=whole.bytes_sent + sent)
                continue
            part = make_receipt(response, size, sent, single=self._single)
            whole = _merge(whole, part, start)
            start += size
            if response.rejects_body:
                limit = len(batch)
            if len(part.retry) == size:
                return msgspec.structs.replace(whole, retry=[*whole.retry, *range(start, len(batch))])
        return whole

    def fork(self) -> None:
        # Drop the parent's connections without closing them: a TLS close would end the parent's session too.
        self._http = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _post_part(self, batch: Sequence[Event]) -> tuple[int, int, PayiResponse]:
        """Post as many events as one body may hold; return their number, the bytes sent and the response."""
        if self._single:
            return 1, *self._post(_build_single(batch[0]))
        items = _encode_fitting(batch)
        return len(items), *self._post(Ingest.bulk.build(None, events=items))

    def _post(self, spec: RequestSpec[Any]) -> tuple[int, PayiResponse]:
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
            request = SyncTransport(settings, http).build_request(spec)
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
            body = _read_body(response, self._response_seconds)
            return PayiResponse(response.status_code, body, parse_retry_after(response.headers), "")
        finally:
            response.close()


def _build_single(event: Event) -> RequestSpec[Any]:
    fields = msgspec.to_builtins(event)
    return Ingest.units.build(None, resource_scope=fields.pop("scope", None), **fields)


def _read_body(response: httpx.Response, seconds: float) -> bytes:
    """Read a body up to `_MAX_RESPONSE` bytes. Raises ReadTimeout if that takes longer than `seconds`."""
    started = time.monotonic()
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _MAX_RESPONSE:
            break
        if time.monotonic() - started > seconds:
            raise httpx.ReadTimeout(f"the response took longer than {seconds:g} s")
    return bytes(body)


def _merge(whole: Receipt, part: Receipt, start: int) -> Receipt:
    """Return `whole` extended by the receipt of the part of the batch that begins at `start`."""
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
    """Encode events, at least one, until they fill a body."""
    items: list[msgspec.Raw] = []
    size = 0
    for event in in_time_slices(batch):
        item = msgspec.json.encode(event)
        size += len(item) + 1
        if items and size > _MAX_BODY:
            break
        items.append(msgspec.Raw(item))
    return items
