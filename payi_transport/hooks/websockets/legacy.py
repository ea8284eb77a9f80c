"""The legacy client of websockets, which has an implementation of the protocol of its own.

`WebSocketClientProtocol.handshake` is hooked because it runs once for each connection, in the scope of the
caller. Where the connection is recorded, two methods of that one object are replaced: the one that returns
whole messages, and the one that writes frames.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from payi_transport.hooks.arguments import peek, read
from payi_transport.hooks.call import encode_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.sockets import Recorder, open_session
from payi_transport.values.headers import Headers

__all__ = ["HOOK"]

# The opcodes of RFC 6455.
_CONTINUATION, _BINARY = 0, 2
_DEFAULT_PORTS = {True: 443, False: 80}
_Handshake = Callable[..., Awaitable[None]]


def _make_handshake(original: _Handshake) -> _Handshake:
    async def handshake(protocol: Any, wsuri: Any, *args: Any, **options: Any) -> None:
        recorder = _open(protocol, wsuri)
        if recorder is None:
            return await original(protocol, wsuri, *args, **options)
        try:
            await original(protocol, wsuri, *args, **options)
        except BaseException as exc:
            _refuse(recorder, exc)
            raise
        _attach(protocol, recorder)
        return None

    return handshake


HOOK = MethodHook("websockets.legacy.client", "WebSocketClientProtocol", handshake=_make_handshake)


def _open(protocol: Any, uri: Any) -> Recorder | None:
    port = None if uri.port == _DEFAULT_PORTS.get(uri.secure) else uri.port
    # What the program passed, in any form that makes headers.
    sent = sys.modules["websockets.datastructures"].Headers()

    def read_headers() -> Headers:
        read(sent.update, peek(vars(protocol), "extra_headers") or ())
        return _encode(sent)

    recorder, removable = open_session(
        "wss" if uri.secure else "ws", uri.host, port, uri.resource_name, read_headers
    )
    for name in removable:
        del sent[name.decode()]
    if removable:
        protocol.extra_headers = sent
    return recorder


def _encode(headers: Any) -> Headers:
    return encode_headers(headers.raw_items())


def _refuse(recorder: Recorder, exc: BaseException) -> None:
    status = getattr(exc, "status_code", None)
    if isinstance(status, int):
        recorder.refuse(status, lambda: _encode(exc.headers), None)  # type: ignore[attr-defined]  # its own
    else:
        recorder.finish(exc)


def _attach(protocol: Any, recorder: Recorder) -> None:
    """Replace what this connection's messages pass through."""
    read_message, write_frame = protocol.read_message, protocol.write_frame

    async def read_recorded_message() -> Any:
        message = await read_message()
        if message is not None:
            recorder.receive(message)
        return message

    async def write_recorded_frame(fin: bool, opcode: int, data: Any, **options: Any) -> None:
        await write_frame(fin, opcode, data, **options)
        if opcode > _BINARY:
            return
        if fin and opcode != _CONTINUATION:
            recorder.send(data)
        else:
            recorder.add_fragment(data, sent=True, first=opcode != _CONTINUATION, last=fin)

    protocol.read_message, protocol.write_frame = read_recorded_message, write_recorded_frame
    recorder.respond(lambda: _encode(protocol.response_headers))
    # Not when the connection is lost: messages that have arrived by then are still to be read.
    protocol.close_connection_task.add_done_callback(lambda task: recorder.finish(_find_error(protocol)))


def _find_error(protocol: Any) -> BaseException | None:
    """Return what the program gets to see of the end, None for a connection that it closed itself."""
    if protocol.close_sent is not None and protocol.close_rcvd_then_sent is False:
        return None
    error: BaseException = protocol.connection_closed_exc()
    return error
