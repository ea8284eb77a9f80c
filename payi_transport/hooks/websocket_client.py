"""websocket-client: https://websocket-client.readthedocs.io

`WebSocket.connect` is hooked because every connection is made there, also that of a `WebSocketApp`. Where the
connection is recorded, the methods of that one object are overridden that whole messages pass through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from payi_transport.hooks.arguments import peek, read
from payi_transport.hooks.call import encode_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.sockets import Recorder, open_session
from payi_transport.hooks.urls import get_target, split_url
from payi_transport.values.headers import Headers

__all__ = ["HOOK"]

# The opcodes of RFC 6455.
_DATA = frozenset({1, 2})
_CLOSE = 8
_DEFAULT_PORTS = {"ws": 80, "wss": 443}


def _make_connect(original: Callable[..., None]) -> Callable[..., None]:
    # Only by position, because `socket` is the name of an option.
    def connect(client: Any, /, *args: Any, **options: Any) -> None:
        recorder = _open(args[0] if args else options.get("url"), options)
        try:
            original(client, *args, **options)
        except BaseException as exc:
            if recorder is not None:
                _refuse(recorder, exc)
            raise
        # Only now: an attempt that reaches no server leaves an earlier connection of the object as it is.
        earlier: Recorder | None = getattr(client, "_payi_recorder", None)
        if earlier is not None:
            earlier.finish()
        if recorder is not None:
            recorder.attach(client, _RecordedSocket)
            recorder.respond(lambda: encode_headers(client.getheaders().items()))

    return connect


HOOK = MethodHook("websocket._core", "WebSocket", connect=_make_connect)


def _open(url: Any, options: dict[str, Any]) -> Recorder | None:
    try:
        scheme, host, port, _ = split_url(url)
        target = get_target(url)
    except (TypeError, ValueError, AttributeError):
        return None  # The library will raise an error of its own.
    port = None if port == _DEFAULT_PORTS.get(scheme) else port
    recorder, removable = open_session(scheme, host, port, target, lambda: read(_read_headers, options))
    if removable:
        header = peek(options, "header")
        kept = [item for item, name, _ in _split(header) if name.lower().encode() not in removable]
        options["header"] = dict(kept) if isinstance(header, Mapping) else kept
    return recorder


def _read_headers(options: dict[str, Any]) -> Headers:
    return encode_headers((name, value) for _, name, value in _split(peek(options, "header")))


def _split(header: Any) -> Iterator[tuple[Any, str, str]]:
    """Iterate over headers, each as it was passed, with its name and value. They are a dict, or lines."""
    if isinstance(header, Mapping):
        yield from ((item, str(item[0]), str(item[1])) for item in header.items())
    else:
        for line in header or ():
            name, _, value = str(line).partition(":")
            yield line, name.strip(), value.strip()


def _refuse(recorder: Recorder, exc: BaseException) -> None:
    status = getattr(exc, "status_code", None)
    if isinstance(status, int):
        headers = getattr(exc, "resp_headers", None) or {}
        recorder.refuse(status, lambda: encode_headers(headers.items()), getattr(exc, "resp_body", None))
    else:
        recorder.finish(exc)


class _RecordedSocket:
    """The methods of a connection that is recorded."""

    _payi_class: type[Any]
    _payi_recorder: Recorder

    def recv_data_frame(self, *args: Any, **options: Any) -> Any:
        recorder = self._payi_recorder
        try:
            opcode, frame = result = self._payi_class.recv_data_frame(self, *args, **options)
        except TimeoutError:
            raise
        except Exception as exc:
            # A timeout of the library leaves the connection open.
            if type(exc).__name__ != "WebSocketTimeoutException":
                recorder.finish(exc)
            raise
        if opcode in _DATA:
            recorder.receive(frame.data)
        elif opcode == _CLOSE:
            code = int.from_bytes(frame.data[:2], "big")
            recorder.finish(ConnectionAbortedError(f"the server closed the WebSocket with the code {code}"))
        return result

    def send(self, payload: Any, opcode: int = 1) -> Any:
        sent = self._payi_class.send(self, payload, opcode)
        if opcode in _DATA:
            self._payi_recorder.send(payload)
        return sent

    def shutdown(self) -> None:
        self._payi_recorder.finish()
        self._payi_class.shutdown(self)
