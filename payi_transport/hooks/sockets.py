"""Recording a WebSocket: what the hooks of all WebSocket libraries share.

A hook calls `open_session` once for each connection, which looks the address up. Only where that returns a
`Recorder` does the hook replace anything, and then on the object of that one connection. So messages of other
connections cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from payi_transport.capture.exchange import Outcome
from payi_transport.capture.session import Session
from payi_transport.context.headers import find_removable_headers
from payi_transport.hooks.arguments import UnreadableError
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.providers.provider import WEBSOCKET
from payi_transport.values.error_text import describe_error
from payi_transport.values.headers import Headers

__all__ = ["Recorder", "open_session"]


class Recorder:
    """Records one connection. None of its methods raises."""

    __slots__ = ("_parts", "_pipeline", "_receive", "_send", "session")

    def __init__(self, pipeline: Pipeline, session: Session) -> None:
        self.session = session
        self._pipeline = pipeline
        self._send: Callable[[bytes], None] = session.send
        self._receive: Callable[[bytes], None] = session.receive
        # The fragments of a message that is arriving, and of one that is being sent.
        self._parts: dict[bool, list[bytes]] = {}

    def attach(self, connection: Any, methods: type[Any]) -> None:
        """Record what passes through the object of a connection from now on.

        The object gets the methods of a class in place of its own, which they call as those of `_payi_class`.
        They find this recorder as `_payi_recorder`. They stay as long as the object does, and record the
        connection that it opened last.
        """
        try:
            connection._payi_recorder = self
            cls = type(connection)
            if not hasattr(cls, "_payi_class"):
                connection.__class__ = _recorded.get(cls) or _derive(cls, methods)
        except Exception as exc:
            self._pipeline.count_fault(exc)

    def send(self, data: Any) -> None:
        """Record a whole message that was sent: str, bytes, or what can become bytes."""
        try:
            self._send(data if type(data) is bytes else _to_bytes(data))
        except Exception as exc:
            self._pipeline.count_fault(exc)

    def receive(self, data: Any) -> None:
        """Record a whole message that has arrived."""
        try:
            self._receive(data if type(data) is bytes else _to_bytes(data))
        except Exception as exc:
            self._pipeline.count_fault(exc)

    def add_fragment(self, data: Any, *, sent: bool, first: bool, last: bool) -> None:
        """Record a part of a message. A message in one part should go to `send` or `receive`."""
        try:
            parts = self._parts.setdefault(sent, [])
            if first:
                parts.clear()
            parts.append(_to_bytes(data))
            if last:
                whole = b"".join(self._parts.pop(sent))
                (self._send if sent else self._receive)(whole)
        except Exception as exc:
            self._pipeline.count_fault(exc)

    def respond(self, headers: Callable[[], Headers]) -> None:
        """Record the headers of the response that opened the connection."""
        try:
            self.session.response_headers = headers()
        except Exception as exc:
            self._pipeline.count_fault(exc)

    def refuse(self, status: int, headers: Callable[[], Headers], body: bytes | None) -> None:
        """Record a response that refused to open the connection. A redirect makes no event."""
        self.respond(headers)
        if status >= 400:
            self.session.refusal = status, bytes(body or b"")
        self.finish()

    def finish(self, error: BaseException | None = None) -> None:
        """Record the end of the connection, by `error` if it was cut, and nothing from then on."""
        # What passes through the object later is of another connection.
        self._send = self._receive = _ignore
        try:
            if error is None:
                self.session.finish()
            else:
                self.session.finish(Outcome.FAILED, describe_error(error))
        except Exception as exc:
            self._pipeline.count_fault(exc)


def _ignore(data: bytes) -> None:
    """Take a message of a connection that is not recorded."""


_recorded: dict[type[Any], type[Any]] = {}


def _derive(cls: type[Any], methods: type[Any]) -> type[Any]:
    # Methods set on the instance would form a reference cycle: a connection that is dropped would stay open
    # until the garbage collector runs. And only a class with one base can always take the place of another.
    own = {name: value for name, value in vars(methods).items() if not name.startswith("__")}
    own |= {"__module__": cls.__module__, "__doc__": cls.__doc__, "_payi_class": cls}
    return _recorded.setdefault(cls, type(cls.__name__, (cls,), own))


def open_session(
    scheme: str, host: str, port: int | None, target: str, headers: Callable[[], Headers]
) -> tuple[Recorder | None, frozenset[bytes]]:
    """Return what records a connection that is about to open, None if it isn't recorded. Never raises.

    `target` is the path with its query, and `port` None for the scheme's own. `headers` returns those of
    the request. The second item has the names (lower case) of headers that no provider may see.
    """
    pipeline = get_active()
    if pipeline is None:
        return None, frozenset()
    try:
        path, _, query = target.partition("?")
        route = pipeline.routes.find(WEBSOCKET, scheme, host, port, path)
        if route is None:
            is_provider = pipeline.routes.reaches_provider(host, port, path)
            return None, find_removable_headers(headers()) if is_provider else frozenset()
        sent = headers()
        session = pipeline.open_session(route, sent, dict(parse_qsl(query)))
        recorder = None if session is None else Recorder(pipeline, session)
        return recorder, find_removable_headers(sent)
    except UnreadableError:
        return None, frozenset()
    except Exception as exc:
        # Then the connection is opened as if this library were not there.
        pipeline.count_fault(exc)
        return None, frozenset()


def _to_bytes(data: Any) -> bytes:
    # A copy also of what the program may change later, such as a bytearray.
    return data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)
