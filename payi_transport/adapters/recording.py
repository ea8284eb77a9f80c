"""Recording a call of httpx or of its fork httpx2: what both share, sync and async.

The two have one contract and different classes, so nothing here imports either; `httpx_family.py` binds this
to a module. A call is recorded around `send`, which may be a transport's method or a client's.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Protocol

from payi_transport.exchange import Detour, Exchange, Outcome
from payi_transport.include_usage import UsageHider
from payi_transport.inline_data import NOT_INSTRUMENTED
from payi_transport.names import RECORDED_MARK
from payi_transport.pipeline import Pipeline, get_active

__all__ = ["Family", "RecordedAsyncStream", "RecordedSyncStream", "record_async", "record_sync"]


class Family(Protocol):
    """What is needed of the module that a request is of."""

    request: Callable[..., Any]
    byte_stream: Callable[[bytes], Any]
    not_read: type[Exception]
    sync_stream: type[Any]
    async_stream: type[Any]


class _RecordedStream:
    """The stream of an answer, remembered as it passes. Its attributes are those of the stream inside."""

    def __init__(self, inner: Any, exchange: Exchange) -> None:
        self._inner = inner
        self._exchange = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __del__(self) -> None:
        self._exchange.finish(Outcome.ABANDONED)


class RecordedSyncStream(_RecordedStream):
    """To be mixed into a family's SyncByteStream."""

    def __iter__(self) -> Iterator[bytes]:
        exchange = self._exchange
        rewriter = exchange.rewriter
        size, room = 0, -1
        try:
            for chunk in self._inner:
                size += len(chunk)
                if size > room:
                    append, room = exchange.open_lane(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if rewriter is not None and (shown := rewriter.flush()):
                yield shown
        except GeneratorExit:
            raise  # left early; whether the answer is over, close() tells
        except BaseException as exc:
            exchange.fail(exc)
            raise
        exchange.size = size
        exchange.finish()

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._exchange.finish(Outcome.CLOSED)


class RecordedAsyncStream(_RecordedStream):
    """To be mixed into a family's AsyncByteStream."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        rewriter = exchange.rewriter
        size, room = 0, -1
        chunks = self._inner.__aiter__()
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > room:
                    append, room = exchange.open_lane(size)
                append(chunk)
                if rewriter is None:
                    yield chunk
                elif shown := rewriter.feed(chunk):
                    yield shown
            if rewriter is not None and (shown := rewriter.flush()):
                yield shown
        except GeneratorExit:
            raise
        except BaseException as exc:
            exchange.fail(exc)
            raise
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        exchange.size = size
        exchange.finish()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._exchange.finish(Outcome.CLOSED)


class _Call:
    """One observed request on its way: what is sent in its place, and what comes back."""

    __slots__ = ("_exchange", "_extensions", "_pipeline", "_request", "sent")

    def __init__(self, pipeline: Pipeline, exchange: Exchange, request: Any, sent: Any) -> None:
        self._pipeline = pipeline
        self._exchange = exchange
        self._request = request
        self.sent = sent
        self._extensions = sent.extensions
        # Tells hooks further in that this call is recorded; taken off before the caller sees the request.
        sent.extensions = {**self._extensions, RECORDED_MARK: True}

    def answer(self, response: Any, stream: Callable[[Any, Exchange], Any]) -> None:
        """Begin to remember the answer."""
        self._take_mark_off()
        try:
            if response.__dict__.get("_request") is self.sent:
                response.request = self._request
            self._attach(response, stream)
        except Exception as exc:
            self._exchange.discard()
            self._pipeline.count_fault(exc)

    def fail(self, exc: BaseException) -> None:
        """No answer came."""
        self._take_mark_off()
        self._exchange.fail(exc)
        if getattr(exc, "_request", None) is self.sent:
            exc.request = self._request  # type: ignore[attr-defined]  # httpx sets it to what was sent

    def _take_mark_off(self) -> None:
        self.sent.extensions = self._extensions

    def _attach(self, response: Any, stream: Callable[[Any, Exchange], Any]) -> None:
        exchange = self._exchange
        status = response.status_code
        if 300 <= status < 400 and response.has_redirect_location:
            exchange.discard()
            return
        exchange.begin_answer(status, tuple(chain.from_iterable(response.headers.raw)))
        hides_usage = exchange.detour is not None and exchange.detour.hides_usage
        if hides_usage and "content-encoding" not in response.headers:
            exchange.rewriter = UsageHider()
        if response.is_closed:
            _take_whole(exchange, response)
        else:
            response.stream = stream(response.stream, exchange)


def record_sync(family: Family, request: Any, send: Callable[[Any], Any]) -> Any:
    """Send a request, and record it if it is to be."""
    call = _begin(family, request)
    if call is None:
        return send(request)
    try:
        response = send(call.sent)
    except BaseException as exc:
        call.fail(exc)
        raise
    call.answer(response, family.sync_stream)
    return response


async def record_async(family: Family, request: Any, send: Callable[[Any], Awaitable[Any]]) -> Any:
    """Send a request, and record it if it is to be."""
    call = _begin(family, request)
    if call is None:
        return await send(request)
    try:
        response = await send(call.sent)
    except BaseException as exc:
        call.fail(exc)
        raise
    call.answer(response, family.async_stream)
    return response


def _begin(family: Family, request: Any) -> _Call | None:
    """The call that a request begins, or None when it is to pass through. Never raises."""
    pipeline = get_active()
    if pipeline is None or RECORDED_MARK in request.extensions:
        return None
    try:
        url = request.url
        path = url.raw_path.partition(b"?")[0].decode("ascii")
        host = url.raw_host.decode("ascii")
        route = pipeline.routes.find(request.method, url.scheme, host, url.port, path)
        if route is None:
            return None
        body = _read_body(family, request)
        exchange = pipeline.begin(route, tuple(chain.from_iterable(request.headers.raw)), body)
        if exchange is None:
            return None
        sent = request if exchange.detour is None else _copy(family, request, exchange.detour)
        return _Call(pipeline, exchange, request, sent)
    except Exception as exc:
        pipeline.count_fault(exc)
        return None


def _read_body(family: Family, request: Any) -> bytes | None:
    """The body where it is in memory already; a stream is the transport's to read.

    Of a form, the plain fields are in memory, and go as JSON; its files are named and left alone.
    """
    try:
        body: bytes = request.content
    except family.not_read:
        fields = getattr(request.stream, "fields", None)
        return _read_form(fields) if fields else None
    return body


def _read_form(fields: Iterable[Any]) -> bytes:
    """The fields of httpx's own MultipartStream: values are text or bytes, and files have none."""
    form: dict[str, str] = {}
    for field in fields:
        value = getattr(field, "value", NOT_INSTRUMENTED)
        form[field.name] = value if isinstance(value, str) else value.decode("utf-8", "replace")
    return json.dumps(form, ensure_ascii=False).encode("utf-8", "replace")


def _copy(family: Family, request: Any, detour: Detour) -> Any:
    """A request like the caller's, but for what the detour says. With `stream`, httpx adds no header anew."""
    headers = request.headers.copy()
    for name in detour.without:
        headers.pop(name.decode(), None)
    for name, value in zip(detour.headers[::2], detour.headers[1::2], strict=True):
        headers[name.decode()] = value.decode()
    stream = request.stream
    if detour.body is not None:
        stream = family.byte_stream(detour.body)
        if "content-length" in headers:
            headers["content-length"] = str(len(detour.body))
    if detour.hides_usage:
        # The answer must come as it is, to be read on the way.
        headers["accept-encoding"] = "identity"
    sent = family.request(
        request.method,
        detour.url or request.url,
        headers=headers,
        stream=stream,
        extensions=request.extensions,
    )
    if detour.body is not None or hasattr(request, "_content"):
        sent.read()
    return sent


def _take_whole(exchange: Exchange, response: Any) -> None:
    """An answer that the transport has read already: caches and mocks do so."""
    exchange.feed_whole(response.content)
    if exchange.rewriter is not None:
        response._content = exchange.rewriter.feed(response.content) + exchange.rewriter.flush()
    exchange.finish()
