"""The WebSockets of aiohttp's client: https://docs.aiohttp.org/en/stable/client_quickstart.html#websockets

`ClientSession._ws_connect` is hooked because every connection is made there, in the scope of the caller.
Where the connection is recorded, the methods of that one object that read and write are overridden. The
request that opens it passes the hook of requests, which removes the headers that no provider may see.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from payi_transport.hooks.arguments import peek, read
from payi_transport.hooks.call import Address, encode_headers
from payi_transport.hooks.sockets import Recorder, open_session
from payi_transport.values.headers import Headers

__all__ = ["make_ws_connect"]

# The types of aiohttp's messages. Those up to 2 are the opcodes of RFC 6455.
_DATA = frozenset({1, 2})
_CLOSE, _CLOSING, _CLOSED, _ERROR = 8, 256, 257, 258
_ENDS = frozenset({_CLOSE, _CLOSING, _CLOSED, _ERROR})

_Connect = Callable[..., Awaitable[Any]]


def make_ws_connect(locate: Callable[..., Address | None]) -> Callable[[_Connect], _Connect]:
    """Return what makes the replacement of `ClientSession._ws_connect`. `locate` is that of requests."""

    def make(original: _Connect) -> _Connect:
        async def ws_connect(session: Any, url: Any, **options: Any) -> Any:
            recorder = _open(locate, session, url, options)
            if recorder is None:
                return await original(session, url, **options)
            try:
                socket = await original(session, url, **options)
            except BaseException as exc:
                _refuse(recorder, exc)
                raise
            recorder.attach(socket, _RecordedSocket)
            recorder.respond(lambda: encode_headers(socket._response.headers.items()))
            return socket

        return ws_connect

    return make


def _open(locate: Callable[..., Address | None], session: Any, url: Any, options: Any) -> Recorder | None:
    address = locate(session, "GET", url, options)
    if address is None:
        return None

    def read_headers() -> Headers:
        return encode_headers(read(session._prepare_headers, peek(options, "headers")).items())

    target = address.path
    query = _find_query(session, url, options)
    scheme = {"https": "wss", "http": "ws"}.get(address.scheme, address.scheme)
    return open_session(scheme, address.host, address.port, f"{target}?{query}", read_headers)[0]


def _find_query(session: Any, url: Any, options: Any) -> str:
    try:
        # Both kinds of parameters count: those in the URL, and those beside it.
        return str(session._build_url(url).update_query(options.get("params") or {}).raw_query_string)
    except (TypeError, ValueError, AttributeError):
        return ""  # The session will raise the same error to the caller.


def _refuse(recorder: Recorder, exc: BaseException) -> None:
    status = getattr(exc, "status", None)
    if isinstance(status, int):
        recorder.refuse(status, lambda: encode_headers((getattr(exc, "headers", None) or {}).items()), None)
    else:
        recorder.finish(exc)


class _RecordedSocket:
    """The methods of a connection that is recorded."""

    _payi_class: type[Any]
    _payi_recorder: Recorder
    _payi_is_receiving = False
    _waiting: bool

    async def receive(self, *args: Any, **options: Any) -> Any:
        self._payi_is_receiving = True
        try:
            message = await self._payi_class.receive(self, *args, **options)
        finally:
            self._payi_is_receiving = False
        kind = message.type
        if kind in _DATA:
            self._payi_recorder.receive(message.data)
        elif kind in _ENDS:
            self._payi_recorder.finish(_find_error(message))
        return message

    async def send_str(self, data: str, *args: Any, **options: Any) -> None:
        await self._payi_class.send_str(self, data, *args, **options)
        self._payi_recorder.send(data)

    async def send_bytes(self, data: Any, *args: Any, **options: Any) -> None:
        await self._payi_class.send_bytes(self, data, *args, **options)
        self._payi_recorder.send(data)

    async def close(self, *args: Any, **options: Any) -> Any:
        # Where `receive` finds the connection closed, it closes it, too.
        is_own = self._waiting or not self._payi_is_receiving
        try:
            return await self._payi_class.close(self, *args, **options)
        finally:
            if is_own:
                self._payi_recorder.finish()


def _find_error(message: Any) -> BaseException | None:
    """Return what ended a connection, by the last message that it returns, None if the program did."""
    if isinstance(message.data, BaseException):
        return message.data
    if message.type == _CLOSE:
        return ConnectionAbortedError(f"the server closed the WebSocket with the code {message.data}")
    # After a close by the program, this comes too late to count.
    return ConnectionAbortedError("the WebSocket was cut") if message.type == _CLOSED else None
