"""Understand the messages of a session: each response becomes an exchange, like one that came over HTTP.

The session's reader, which its provider's folder has, sorts the messages into turns. A turn becomes an
exchange whose chunks are whole messages, with the scope of the message that asked for it, or else of the
connection. From there on it is decoded like any other.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.capture.session import Session, SessionWork
from payi_transport.context.frame import Frame
from payi_transport.providers.shared.turns import SocketMessage, Turn

__all__ = ["read_session", "transcode"]

_CLOSED = ("ConnectionClosed", "the connection was closed before a response")


def read_session(work: SessionWork) -> list[Exchange]:
    """Return the exchanges that are complete, and at the end of the session also those that are not."""
    session = work.session
    if session.has_lost:
        session.has_lost = False
        session.reader.skip()
    turns: list[Turn] = []
    while (message := _take(session)) is not None:
        turns += session.reader.read(message)
    if work.outcome is not None:
        turns += session.reader.close()
        turns += _read_refusal(session, work)
    exchanges = (_make_exchange(session, turn, work) for turn in turns)
    return [exchange for exchange in exchanges if exchange is not None]


def transcode(exchange: Exchange, make: Callable[[bool, bytes], bytes]) -> Exchange:
    """Return an exchange with its binary messages as JSON. What can't be read is left out."""
    body = exchange.request_body
    is_error = (exchange.status or 0) >= 400
    chunks = exchange.chunks if is_error else [make(False, chunk) for chunk in exchange.chunks]
    return replace(
        exchange,
        request_body=None if body is None else make(True, body),
        chunks=[chunk for chunk in chunks if chunk],
        framed=True,
        decoded=True,
        transcode=None,
    )


def _take(session: Session) -> SocketMessage | None:
    try:
        return session.messages.popleft()
    except IndexError:
        return None


def _read_refusal(session: Session, work: SessionWork) -> list[Turn]:
    """Return a turn for a connection that the provider refused, which is an error like any other."""
    if session.refusal is None:
        return []
    turn = Turn(model=session.model)
    turn.status, body = session.refusal
    turn.add(SocketMessage(False, body, work.ended), session.body_limit)
    return [turn.finish()]


def _make_exchange(session: Session, turn: Turn, work: SessionWork) -> Exchange | None:
    request = turn.request
    scope: Frame | None = None if request is None else request.scope
    frame = scope or session.frame
    if frame is None:
        return None
    began = request.time if request is not None else turn.first or session.started
    logged = frame.log_prompt_and_response
    error = None if turn.finished else work.error
    return Exchange(
        session.route if turn.model is None else session.route._replace(resource=turn.model),
        frame,
        session.log_content if logged is None else logged,
        session.request_headers,
        _join_request(turn),
        session.body_limit,
        _find_status(turn),
        session.response_headers,
        True,
        turn.messages,
        None,
        turn.size,
        _find_outcome(turn, work),
        error or (_CLOSED if turn.first is None else None),
        session.timestamp + began - session.started,
        began,
        turn.first,
        turn.ended or work.ended,
        session.caller if request is None else request.caller,
        framed=session.refusal is None,
    )


def _join_request(turn: Turn) -> bytes | None:
    """Return what asked for a response: one message, or an array of them if others came before it."""
    sent = [*turn.context, *(() if turn.request is None else (turn.request.data,))]
    if len(sent) < 2:
        return sent[0] if sent else None
    return b"[%b]" % b",".join(sent)


def _find_status(turn: Turn) -> int | None:
    return None if turn.first is None else turn.status or 200


def _find_outcome(turn: Turn, work: SessionWork) -> Outcome:
    if turn.finished:
        return Outcome.EXHAUSTED
    return work.outcome or Outcome.CLOSED
