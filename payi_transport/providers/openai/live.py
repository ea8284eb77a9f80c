"""OpenAI's Live API: sessions of speech, billed by the second, and the responses that they delegate.

Source: the types of OpenAI's SDK 3.57 (`SessionUsage`, `SessionClosedEvent`, `ResponseEvent`,
`DecisionEvent`). `session.usage.updated` has the seconds so far, and `session.closed` those of the whole
session. So a session is one response: that of `session.closed`, or, where the connection ends without it, of
the last usage. Tokens of what a session delegates are not in its usage, and each such response is one of its
own: the events of its stream come inside of `response.event`, and a decision inside of `decision.event`.

A second connection may be attached to a session, and gets the same events. The ids are the same, too, so what
one of them has reported is not counted again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

from payi_transport.providers.openai.media import map_transcription
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.openai.sockets import ResponseTurns, find_type
from payi_transport.providers.shared.failures import read_failure
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.providers.shared.turns import END, KEEP, SKIP, SessionRules, SocketMessage, Turn
from payi_transport.values.event import Failure, ParsedResponse

__all__ = ["LIVE", "LiveTurns", "look_received", "look_sent", "read_live"]

_START, _CLOSED, _USAGE = "session.start", "session.closed", "session.usage.updated"
_SNAPSHOTS = ("session.started", "session.updated")
_READ = frozenset({_CLOSED, _USAGE, *_SNAPSHOTS, "response.event", "decision.event", "error"})
# Delegations whose responses never end must not fill memory.
_MAX_OPEN = 100


class _Session(msgspec.Struct):
    id: Any = None
    model: Any = None


class _Inner(msgspec.Struct):
    """What is inside of a `decision.event`."""

    decision: msgspec.Raw = msgspec.Raw(b"null")


class _Event(msgspec.Struct):
    type: Any = None
    delegation_id: Any = None
    usage: Any = None
    error: Any = None
    session: msgspec.Raw = msgspec.Raw(b"null")
    event: msgspec.Raw = msgspec.Raw(b"null")


_event = msgspec.json.Decoder(_Event)
_session = msgspec.json.Decoder(_Session | None)
_inner = msgspec.json.Decoder(_Inner | None)


def look_received(data: bytes) -> int:
    """Tell from the beginning of a message that arrives what to do with it. Most is audio and its text."""
    kind = find_type(data)
    return END if kind is None or kind in _READ else SKIP


def look_sent(data: bytes) -> int:
    """Tell from the beginning of a message that the program sends what to do with it."""
    kind = find_type(data)
    return KEEP if kind is None or kind == _START else SKIP


class LiveTurns:
    """Sorts the events of one session into the session itself and what it delegates."""

    def __init__(self, model: str | None, limit: int) -> None:
        self._model = model
        self._limit = limit
        self._request: SocketMessage | None = None
        # The last snapshot and the last usage, until the session is reported.
        self._snapshot: SocketMessage | None = None
        self._usage: SocketMessage | None = None
        self._delegated: OrderedDict[str | None, ResponseTurns] = OrderedDict()

    def read(self, message: SocketMessage) -> list[Turn]:
        """Return the turns that a message completes."""
        event = decode(_event, message.data) if message.data else None
        kind = None if event is None else text(event.type)
        if event is None or kind is None:
            return []
        if message.sent:
            self._request = message if kind == _START else self._request
        elif kind in _SNAPSHOTS:
            self._snapshot = message
        elif kind == _USAGE:
            self._usage = message
        elif kind == _CLOSED or (kind == "error" and self._snapshot is None and self._request is not None):
            return [self._end(message).finish()]
        elif kind == "response.event":
            return self._read_delegated(text(event.delegation_id), message._replace(data=bytes(event.event)))
        elif kind == "decision.event":
            return self._read_decision(event, message)
        return []

    def close(self) -> list[Turn]:
        """Return what is still open, and the session if no message has ended it."""
        turns = [turn for reader in self._delegated.values() for turn in reader.close()]
        if self._usage or self._snapshot or self._request:
            turns.append(self._end())
        self._delegated.clear()
        return turns

    def skip(self) -> None:
        """Forget the responses that are open. A later usage of the session replaces what was lost."""
        self._delegated.clear()

    def _end(self, last: SocketMessage | None = None) -> Turn:
        turn = Turn(self._request, self._model)
        # The snapshot has the id and the model, which `session.closed` repeats.
        for message in (self._snapshot, self._usage, last):
            if message is not None:
                turn.add(message, self._limit)
        self._request = self._snapshot = self._usage = None
        return turn

    def _read_delegated(self, delegation: str | None, message: SocketMessage) -> list[Turn]:
        reader = self._delegated.get(delegation)
        if reader is None:
            reader = self._delegated[delegation] = ResponseTurns(None, self._limit)
        turns = reader.read(message)
        if len(self._delegated) > _MAX_OPEN:
            turns += self._delegated.popitem(last=False)[1].close()
        return turns

    def _read_decision(self, event: _Event, message: SocketMessage) -> list[Turn]:
        inner = decode(_inner, event.event)
        if inner is None:
            return []
        turn = Turn()
        turn.add(message._replace(data=bytes(inner.decision)), self._limit)
        return [turn.finish()]


def read_live(raw: RawResponse) -> ParsedResponse:
    """Read the messages of a session, or those of one response that it delegated."""
    model = session_id = failure = None
    usage: dict[str, Any] = {}
    is_session = finished = False
    for _, data in raw.messages:
        event = decode(_event, data)
        kind = (text(event.type) if event is not None else None) or ""
        if event is None or not kind.startswith(("session.", "error")):
            continue
        is_session = is_session or kind.startswith("session.")
        finished = finished or kind == _CLOSED
        session = decode(_session, event.session) or _Session()
        model, session_id = text(session.model) or model, text(session.id) or session_id
        usage = event.usage if isinstance(event.usage, dict) else usage
        if kind == "error":
            failure = read_failure(event.error) or Failure(code="error")
    if not is_session and raw.messages:
        return read_response(raw)
    return ParsedResponse(
        model=model,
        response_id=session_id,
        units=map_transcription({"seconds": usage.get("seconds")}),
        failure=failure,
        finished=finished or failure is not None,
    )


LIVE = SessionRules(look_sent, look_received, LiveTurns)
