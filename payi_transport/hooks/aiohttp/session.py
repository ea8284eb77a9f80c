"""aiohttp: https://docs.aiohttp.org

Hooked is `ClientSession._request`, which every request of a session passes once, whatever is redirected or
sent again inside. The answer is remembered as it arrives, in the buffer of its reader: how the caller reads
does not matter, and what was received when it stopped is known.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from itertools import chain
from typing import TYPE_CHECKING, Any

from payi_transport.capture.exchange import BlockedResponse, Exchange, Outcome, RequestRewrite
from payi_transport.hooks.aiohttp.blocked import make_answer
from payi_transport.hooks.call import Address, Call, Library, begin, encode_headers, pair_headers
from payi_transport.hooks.methods import Hooks
from payi_transport.hooks.multipart import write_form
from payi_transport.values.headers import Headers

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    _Request = Callable[..., Awaitable[ClientResponse]]

__all__ = ["HOOK"]

# The codings that aiohttp undoes while it parses.
_UNDONE = frozenset({"gzip", "deflate", "br", "zstd"})
# asyncio's timeout is an error of its own in Python 3.10.
_ENDS_OF_READING = (TimeoutError, asyncio.TimeoutError, asyncio.CancelledError)


# How the headers differ of the request that this task is about to make: they may be those of its session.
_detour: ContextVar[RequestRewrite | None] = ContextVar("payi_transport_detour", default=None)


class _SessionHooks:
    """Two methods of one class: a request, and the headers that it gets of its session and its own."""

    name = "aiohttp.client"

    def __init__(self) -> None:
        self._hooks = Hooks()

    def install(self) -> list[str]:
        """Hook the sessions; the names of the methods that there are not."""
        if self._hooks:
            return []
        session = _aiohttp().ClientSession
        missing = self._hooks.put(session, "_prepare_headers", _hook_headers)
        return missing + self._hooks.put(session, "_request", _hook_request)

    def uninstall(self) -> None:
        """Put their own methods back."""
        self._hooks.take_off()


HOOK = _SessionHooks()


def _aiohttp() -> Any:
    return sys.modules[HOOK.name]


def _hook_request(original: _Request) -> _Request:
    async def request(session: Any, method: str, str_or_url: Any, **options: Any) -> ClientResponse:
        call, sent = begin(_LIBRARY, session, method, str_or_url, options)
        if isinstance(sent, BlockedResponse):
            return await make_answer(session, method, session._build_url(str_or_url), options, sent)
        url, detour = (str_or_url, None) if sent is None else sent
        _detour.set(detour)
        try:
            response = await original(session, method, url, **options)
        except BaseException as exc:
            if call is not None:
                _note_status(call, exc)
                call.fail(exc)
            raise
        finally:
            _detour.set(None)
        if call is not None:
            call.answer(_attach, session, options, response)
        return response

    return request


def _hook_headers(original: Callable[..., Any]) -> Callable[..., Any]:
    def prepare_headers(session: Any, headers: Any) -> Any:
        prepared, detour = original(session, headers), _detour.get()
        if detour is not None:
            for name in detour.without:
                prepared.popall(name.decode(), None)
            for name, value in pair_headers(detour.headers):
                prepared[name.decode()] = value.decode()
            if detour.base is not None:
                # Where the caller did not say it, it is that of the URL.
                prepared.popall("host", None)
        return prepared

    return prepare_headers


def _locate(session: Any, method: str, str_or_url: Any, options: Any) -> Address | None:
    try:
        url = session._build_url(str_or_url)
    except (TypeError, ValueError):
        return None  # which is what the caller will be told
    return _to_address(method, url)


def _to_address(method: str, url: Any) -> Address | None:
    host = url.raw_host
    if host is None:
        return None
    port = None if url.is_default_port() else url.port
    return Address(method.upper(), url.scheme, host, port, url.raw_path)


def _read(
    session: Any, method: str, str_or_url: Any, options: dict[str, Any]
) -> tuple[Headers, bytes | None]:
    """The headers but for those that aiohttp adds, and the body where it is in memory."""
    headers = encode_headers(session._prepare_headers(options.get("headers")).items())
    if options.get("data") is None and options.get("json") is not None:
        _serialize(session, options)
    data = options.get("data")
    if isinstance(data, str):
        return headers, data.encode("utf-8", "replace")
    fields = _find_fields(data)
    if fields:
        return headers, write_form(fields)
    body = getattr(data, "_value", data)
    return headers, body if isinstance(body, bytes) else None


def _find_fields(data: Any) -> list[tuple[str, str | None]]:
    """The fields of a form that aiohttp is about to write; the value of a file is None."""
    fields = getattr(data, "_fields", None)
    if isinstance(data, Mapping):
        fields = [({"name": str(name)}, {}, value) for name, value in data.items()]
    if not isinstance(fields, list):
        return []
    return [
        (options["name"], value if isinstance(value, str) and "filename" not in options else None)
        for options, _, value in fields
    ]


def _change(
    detour: RequestRewrite, session: Any, method: str, str_or_url: Any, options: Any
) -> tuple[Any, RequestRewrite]:
    """The URL to ask for, and what becomes of the headers."""
    if detour.base is None:
        return str_or_url, detour
    url = session._build_url(str_or_url)
    # A session with a base URL may take no other; then this fails, ahead of the caller's request.
    return session._build_url(type(url)(detour.base + url.raw_path_qs, encoded=True)), detour


# An answer ends in a callback of the event loop.
_LIBRARY = Library(_locate, _read, _change, waits=False)


def _serialize(session: Any, options: dict[str, Any]) -> None:
    """Make of `json` what the session would, so that it is made once."""
    payload = _aiohttp().payload
    to_bytes = getattr(session, "_json_serialize_bytes", None)
    try:
        if to_bytes is not None:
            options["data"] = payload.JsonBytesPayload(options["json"], dumps=to_bytes)
        else:
            options["data"] = payload.JsonPayload(options["json"], dumps=session.json_serialize)
    except Exception:
        return  # the session will meet the same, and it is for the caller to see
    del options["json"]


def _note_status(call: Call, exc: Any) -> None:
    """The status of an answer that became an exception, as with `raise_for_status`."""
    # What could not be parsed as HTTP is such an error too, with a cause.
    if type(exc) is _aiohttp().ClientResponseError and exc.__cause__ is None:
        call.exchange.begin_answer(exc.status, encode_headers((exc.headers or {}).items()))


def _attach(call: Call, session: Any, options: Any, response: ClientResponse) -> None:
    exchange = call.exchange
    redirects = 300 <= response.status < 400 and "location" in response.headers
    if redirects or (response.history and not call.follow(_to_address(response.method, response.url))):
        exchange.discard()
        return
    exchange.request_headers = encode_headers(response.request_info.headers.items())
    exchange.begin_answer(response.status, tuple(chain.from_iterable(response.raw_headers)))
    if response._body is not None:  # a middleware has read it
        exchange.feed_whole(response._body)
        exchange.finish()
        return
    undoes = options.get("auto_decompress")
    coding = response.headers.get("content-encoding", "").lower()
    exchange.decoded = coding in _UNDONE and (session.auto_decompress if undoes is None else undoes)
    _record(response.content, exchange)


def _record(reader: Any, exchange: Exchange) -> None:
    """Remember what a StreamReader holds already, and what is still to come. Of no body it has no buffer."""
    buffer = _Buffer(exchange, getattr(reader, "_buffer", ()))
    if reader.is_eof() or reader.exception() is not None:
        _end(reader, exchange)
    else:
        reader._buffer = buffer
        reader._eof_callbacks = _Callbacks(exchange, reader)


_append = deque.append


class _Buffer(deque[bytes]):
    """The chunks that a reader holds for the caller; the parser appends them without their coding."""

    # Slots, since this is passed by every chunk: they halve what is added to it.
    __slots__ = ("_exchange", "_keep", "_room", "_size")

    def __init__(self, exchange: Exchange, held: Iterable[bytes]) -> None:
        super().__init__()
        self._exchange = exchange
        self._size, self._room = 0, -1
        for chunk in held:
            self.append(chunk)

    def append(self, chunk: bytes) -> None:
        size = self._size = self._size + len(chunk)
        if size > self._room:
            self._keep, self._room = self._exchange.open_lane(size)
        self._keep(chunk)
        _append(self, chunk)

    def __del__(self) -> None:
        self._exchange.finish(Outcome.ABANDONED)


class _Callbacks(list[Callable[[], None]]):
    """What a reader calls at its end. It empties this at every end, good or bad, and so we hear of it."""

    def __init__(self, exchange: Exchange, reader: Any) -> None:
        super().__init__(reader._eof_callbacks)
        self._exchange = exchange
        self._reader = reader

    def clear(self) -> None:
        super().clear()
        # Reader and callbacks hold each other, which only the garbage collector would find.
        self._reader._eof_callbacks = []
        _end(self._reader, self._exchange)


def _end(reader: Any, exchange: Exchange) -> None:
    error = reader.exception()
    if reader.is_eof():
        exchange.finish()
    elif type(error) is not _aiohttp().ClientConnectionError:
        exchange.fail(error)
    elif isinstance(raised := sys.exc_info()[1], _ENDS_OF_READING):
        # The response was closed for it: reading took too long, or is not wanted any more.
        exchange.fail(raised)
    else:
        exchange.finish(Outcome.CLOSED)
