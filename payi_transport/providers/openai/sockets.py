"""OpenAI's APIs over WebSockets: Responses, and Realtime.

Source: https://developers.openai.com/api/reference/resources/responses/websocket-events,
https://developers.openai.com/api/reference/resources/realtime and the types of OpenAI's SDK 3.57. A client
asks for a response with `response.create`, and the server sends it as the events that it would stream over
HTTP. Realtime starts responses by itself, too, when it detects the end of speech.

Both have several responses at once on one connection. Each event of Realtime names its response. Of the
Responses API, the events with the same `stream_id` belong to one response at a time.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

import msgspec

from payi_transport.providers.openai.realtime import TRANSCRIBED, TRANSCRIPTION_FAILED
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.turns import END, KEEP, SKIP, SessionRules, SocketMessage, Turn
from payi_transport.values.patterns import lazy_compile

__all__ = ["REALTIME", "RESPONSES", "ResponseTurns", "find_type", "look"]

_ENDS = frozenset(
    {
        *("response.done", "response.completed", "response.failed", "response.incomplete"),
        *("response.cancelled", "error", TRANSCRIBED, TRANSCRIPTION_FAILED),
    }
)
_AUDIO = frozenset({"response.output_audio.delta", "response.audio.delta", "input_audio_buffer.append"})
_KINDS = {name.encode(): END for name in _ENDS} | {name.encode(): SKIP for name in _AUDIO}
# How far into a message the request path looks.
_LOOK = 512
# The type of a message, before which there are only ids and numbers. Anything else is left to the worker.
_TYPE = lazy_compile(
    rb'\s*\{(?:\s*"[a-z_]{1,32}"\s*:\s*(?:"[\w.:-]{0,128}"|\d{1,12}|null)\s*,)*?\s*"type"\s*:\s*"([a-z_.]{1,80})"'
)
# Audio before the type, as a program may write it.
_AUDIO_FIRST = lazy_compile(rb'\s*\{\s*"audio"\s*:\s*"[A-Za-z0-9+/]{256}')
# A server that never responds, or never ends a response, must not fill memory.
_MAX_OPEN = 1000
_MAX_CONTEXT = 64
# How many bytes of what was sent before a response are kept for its event.
_CONTEXT_BYTES = 1 << 18


class _Named(msgspec.Struct):
    id: Any = None
    model: Any = None


class _Event(msgspec.Struct):
    type: Any = None
    event_id: Any = None
    item_id: Any = None
    content_index: Any = None
    stream_id: Any = None
    response_id: Any = None
    status: Any = None
    response: msgspec.Raw = msgspec.Raw(b"null")
    session: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


class _Error(msgspec.Struct):
    event_id: Any = None
    code: Any = None
    param: Any = None


_event = msgspec.json.Decoder(_Event)
_named = msgspec.json.Decoder(_Named)
_error = msgspec.json.Decoder(_Error)
_object = msgspec.json.Decoder(dict[str, Any])


def look(data: bytes) -> int:
    """Tell from the beginning of a message what to do with it."""
    found = _TYPE.match(data, 0, _LOOK)
    if found is not None:
        return _KINDS.get(found[1], KEEP)
    return SKIP if _AUDIO_FIRST.match(data, 0, _LOOK) else END


def find_type(data: bytes) -> str | None:
    """Return the type of a message from its beginning, None if it can't be told from there."""
    found = _TYPE.match(data, 0, _LOOK)
    return None if found is None else found[1].decode()


class ResponseTurns:
    """Sorts the events of one session into its responses, and Realtime's transcriptions."""

    def __init__(self, model: str | None, limit: int, realtime: bool = False) -> None:
        self._model = model
        self._is_named = model is not None
        # The model that the program asked for in the middle of the session.
        self._asked: str | None = None
        self._limit = limit
        self._realtime = realtime
        self._transcriber: str | None = None
        # Requests that no response has started for, with their stream and event ids, in the order sent.
        self._requests: deque[tuple[Any, Any, SocketMessage]] = deque(maxlen=_MAX_OPEN)
        self._open: OrderedDict[str, Turn] = OrderedDict()
        # By stream id: the response that is open, and the request for the last one.
        self._streams: dict[Any, str] = {}
        self._last_requests: dict[Any, SocketMessage] = {}
        self._context: deque[bytes] = deque(maxlen=_MAX_CONTEXT)
        self._numbers = 0
        # What has ended, so that an end that a server repeats is not billed twice.
        self._ended: OrderedDict[Any, None] = OrderedDict()

    def read(self, message: SocketMessage) -> list[Turn]:
        """Return the turns that a message completes."""
        event = decode(_event, message.data)
        kind = text(event.type) if event is not None else None
        if event is None or kind is None:
            return []
        if message.sent:
            self._read_sent(event, kind, message)
            return []
        if kind.startswith(("session.", "transcription_session.")):
            self._read_session(event)
        elif kind in (TRANSCRIBED, TRANSCRIPTION_FAILED):
            return self._read_transcription(event, kind, message)
        elif kind == "error":
            return self._read_error(event, message)
        elif kind.startswith("response."):
            return self._read_response(event, kind, message)
        return []

    def close(self) -> list[Turn]:
        """Return the responses that are still open, and the requests that no response has started for."""
        turns = [*self._open.values(), *(Turn(request, self._model) for _, _, request in self._requests)]
        self.skip()
        return turns

    def skip(self) -> None:
        """Forget what is open."""
        self._open.clear()
        self._requests.clear()
        self._streams.clear()

    def _read_sent(self, event: _Event, kind: str, message: SocketMessage) -> None:
        if kind == "response.create":
            self._requests.append((_stream_of(event), text(event.event_id), message))
        elif not kind.startswith(("input_audio_buffer.", "output_audio_buffer.")):
            if kind == "session.update":
                self._asked = text((decode(_object, event.session) or {}).get("model"))
            self._context.append(message.data)
            while sum(map(len, self._context)) > _CONTEXT_BYTES:
                self._context.popleft()

    def _read_session(self, event: _Event) -> None:
        session = decode(_object, event.session) or {}
        model = text(session.get("model"))
        # The URL names what the caller asked for, such as a deployment.
        if model is not None and (not self._is_named or model == self._asked):
            self._model = model
        # At the top level in the beta, and below the input since.
        audio = _section(_section(session, "audio"), "input")
        for settings in (_section(session, "input_audio_transcription"), _section(audio, "transcription")):
            self._transcriber = text(settings.get("model")) or self._transcriber

    def _read_transcription(self, event: _Event, kind: str, message: SocketMessage) -> list[Turn]:
        item = text(event.item_id)
        index = event.content_index if type(event.content_index) is int else 0
        if item is not None and not self._remember_end((kind, item, index)):
            return []
        turn = Turn(None, self._transcriber)
        turn.add(message, self._limit)
        return [turn.finish()]

    def _remember_end(self, key: Any) -> bool:
        """Return whether this has not ended before."""
        is_new = key not in self._ended
        self._ended[key] = None
        if len(self._ended) > _MAX_OPEN:
            self._ended.popitem(last=False)
        return is_new

    def _read_response(self, event: _Event, kind: str, message: SocketMessage) -> list[Turn]:
        stream = _stream_of(event)
        key = text(event.response_id) or self._find_id(event)
        if kind == "response.created":
            # One that is told twice goes on, and one with the id of a response that has ended is new.
            key = key if key in self._open else self._start(key, stream)
            self._ended.pop(key, None)
        elif kind in _ENDS and not self._is_open(key, stream):
            if key in self._ended:
                return []
            key = self._start(key, stream)
        key = key if key in self._open else self._streams.get(stream)
        turn = None if key is None else self._open.get(key)
        if turn is None or key is None:
            return []
        turn.add(message, self._limit)
        if kind not in _ENDS:
            return self._drop_oldest()
        return [self._end(key, stream).finish()]

    def _is_open(self, key: str | None, stream: Any) -> bool:
        # Without an id, the stream decides.
        return key in self._open or (key is None and stream in self._streams)

    def _find_id(self, event: _Event) -> str | None:
        found = decode(_named, event.response)
        return None if found is None else text(found.id)

    def _start(self, key: str | None, stream: Any) -> str:
        self._numbers += 1
        key = key or f"#{self._numbers}"
        request = self._pop_request(stream)
        if not self._realtime:
            # A response that continues another one, because it was steered, belongs to the same scope.
            request = request or self._last_requests.get(stream)
            if request is not None and len(self._last_requests) < _MAX_OPEN:
                self._last_requests[stream] = request
        turn = self._open[key] = Turn(request, self._model)
        turn.context, self._context = list(self._context), deque(maxlen=_MAX_CONTEXT)
        self._streams[stream] = key
        return key

    def _pop_request(self, stream: Any) -> SocketMessage | None:
        for index, (requested, _, message) in enumerate(self._requests):
            if requested == stream:
                del self._requests[index]
                return message
        return None

    def _end(self, key: str, stream: Any) -> Turn:
        if self._streams.get(stream) == key:
            del self._streams[stream]
        self._remember_end(key)
        return self._open.pop(key)

    def _drop_oldest(self) -> list[Turn]:
        return [self._open.popitem(last=False)[1]] if len(self._open) > _MAX_OPEN else []

    def _read_error(self, event: _Event, message: SocketMessage) -> list[Turn]:
        stream = _stream_of(event)
        turn = self._find_failed(event, stream)
        if turn is None:
            return []
        # Once a response has started, an error is a failure inside it.
        if not turn.messages and type(event.status) is int and 400 <= event.status < 600:
            turn.status = event.status
        turn.add(message, self._limit)
        return [turn.finish()]

    def _find_failed(self, event: _Event, stream: Any) -> Turn | None:
        """Return the turn that an error ends, None for an error of anything but a response."""
        error = decode(_error, event.error) or _Error()
        if self._realtime:
            request = self._pop_refused(error)
            return None if request is None else Turn(request, self._model)
        request = self._pop_request(stream)
        if request is not None:
            return Turn(request, self._model)
        key = self._streams.get(stream)
        return None if key is None else self._end(key, stream)

    def _pop_refused(self, error: _Error) -> SocketMessage | None:
        """Return the request that an error of Realtime refuses. Most errors are about something else."""
        refused = text(error.event_id)
        for index, (_, event_id, message) in enumerate(self._requests):
            if refused is not None and refused == event_id:
                del self._requests[index]
                return message
        # A client that doesn't number its events gets no number back.
        is_of_response = error.code == "conversation_already_has_active_response" or str(
            error.param
        ).startswith("response")
        return self._pop_request(None) if refused is None and is_of_response else None


def _stream_of(event: _Event) -> str | None:
    return text(event.stream_id)


def _section(values: dict[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _make_realtime(model: str | None, limit: int) -> ResponseTurns:
    return ResponseTurns(model, limit, realtime=True)


RESPONSES = SessionRules(look, look, ResponseTurns)
# Azure calls the parameter `deployment` in its dated versions.
REALTIME = SessionRules(look, look, _make_realtime, ("deployment", "model"))
