"""The clients of websockets for asyncio, threads, and trio, which share one implementation of the protocol.

`ClientProtocol.send_request` is hooked because every client calls it once for each connection, in the scope
of the caller. Where the connection is recorded, methods of that one object are replaced. They see messages
above the protocol: decompressed when they arrive, and not yet compressed or masked when they are sent. Pings,
pongs and the closing handshake pass beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payi_transport.hooks.call import encode_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.sockets import Recorder, open_session
from payi_transport.values.headers import Headers

__all__ = ["HOOK"]

# The opcodes of RFC 6455.
_CONTINUATION, _TEXT, _BINARY = 0, 1, 2
_RECEIVING = ("process_response", "recv_frame", "receive_eof")
_SENDING = ("send_text", "send_binary", "send_continuation")
_REPLACED = (*_RECEIVING, *_SENDING)
_DEFAULT_PORTS = {True: 443, False: 80}


def _make_send_request(original: Callable[..., None]) -> Callable[..., None]:
    def send_request(protocol: Any, request: Any) -> None:
        recorder = _open(protocol, request)
        original(protocol, request)
        if recorder is not None:
            _attach(protocol, recorder)

    return send_request


HOOK = MethodHook("websockets.client", "ClientProtocol", send_request=_make_send_request)


def _open(protocol: Any, request: Any) -> Recorder | None:
    # Versions have renamed it.
    uri = getattr(protocol, "uri", None) or getattr(protocol, "wsuri", None)
    if uri is None:
        return None
    port = None if uri.port == _DEFAULT_PORTS.get(uri.secure) else uri.port
    scheme = "wss" if uri.secure else "ws"
    recorder, removable = open_session(
        scheme, uri.host, port, request.path, lambda: encode_headers(request.headers.raw_items())
    )
    for name in removable:
        del request.headers[name.decode()]
    return recorder


def _attach(protocol: Any, recorder: Recorder) -> None:
    """Replace what this connection's messages pass through, until its end."""
    for name, replacement in {
        **_record_received(protocol, recorder),
        **_record_sent(protocol, recorder),
    }.items():
        setattr(protocol, name, replacement)


def _record_received(protocol: Any, recorder: Recorder) -> dict[str, Callable[..., None]]:
    process_response, recv_frame = protocol.process_response, protocol.recv_frame
    receive_eof = protocol.receive_eof

    def process_recorded_response(response: Any) -> None:
        def read_headers() -> Headers:
            return encode_headers(response.headers.raw_items())

        try:
            process_response(response)
        except Exception:
            recorder.refuse(response.status_code, read_headers, response.body)
            raise
        recorder.respond(read_headers)

    def recv_recorded_frame(frame: Any) -> None:
        recv_frame(frame)
        opcode = frame.opcode
        if opcode > _BINARY:
            return
        if frame.fin and opcode != _CONTINUATION:
            recorder.receive(frame.data)
        else:
            recorder.add_fragment(frame.data, sent=False, first=opcode != _CONTINUATION, last=frame.fin)

    def receive_recorded_eof() -> None:
        receive_eof()
        # They refer to the object that holds them. Without them it is freed without the garbage collector.
        for name in _REPLACED:
            protocol.__dict__.pop(name, None)
        recorder.finish(_find_error(protocol))

    replacements = process_recorded_response, recv_recorded_frame, receive_recorded_eof
    return dict(zip(_RECEIVING, replacements, strict=True))


def _record_sent(protocol: Any, recorder: Recorder) -> dict[str, Callable[..., None]]:
    send_text, send_binary = protocol.send_text, protocol.send_binary
    send_continuation = protocol.send_continuation

    def send_recorded_text(data: Any, fin: bool = True) -> None:
        send_text(data, fin)
        send_first(data, fin)

    def send_recorded_binary(data: Any, fin: bool = True) -> None:
        send_binary(data, fin)
        send_first(data, fin)

    def send_first(data: Any, fin: bool) -> None:
        if fin:
            recorder.send(data)
        else:
            recorder.add_fragment(data, sent=True, first=True, last=False)

    def send_recorded_continuation(data: Any, fin: bool) -> None:
        send_continuation(data, fin)
        recorder.add_fragment(data, sent=True, first=False, last=fin)

    replacements = send_recorded_text, send_recorded_binary, send_recorded_continuation
    return dict(zip(_SENDING, replacements, strict=True))


def _find_error(protocol: Any) -> BaseException | None:
    """Return what the program gets to see of the end, None for a connection that it closed itself."""
    if protocol.close_sent is not None and not protocol.close_rcvd_then_sent and protocol.parser_exc is None:
        return None
    error: BaseException | None = protocol.handshake_exc
    return protocol.close_exc if error is None else error
