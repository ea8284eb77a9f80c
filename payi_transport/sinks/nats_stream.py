"""The stream and the consumer on the server: what they should be like, and what is wrong with those that are.

The stream is a work queue: a message leaves it when a relay has acknowledged it. A full stream refuses new
messages (`discard: new`), so that events wait where they are counted. With NATS's own default it would
silently drop the oldest ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from payi_transport.runtime.clock import monotonic
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_protocol import matches_subject
from payi_transport.sinks.nats_servers import NatsError

__all__ = [
    "API",
    "JetStreamError",
    "call_api",
    "explain_no_response",
    "find_stream",
    "find_stream_problems",
    "make_init_command",
]

API = "$JS.API"
_STREAM_NOT_FOUND = 10059
_NO_JETSTREAM = (10039, 10076)
# Seconds. An explanation is not worth a longer wait.
_EXPLAIN_TIMEOUT = 2.0


class JetStreamError(Exception):
    """JetStream refused a request; `code` is its own code of the error."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def is_missing(self) -> bool:
        """Whether there is no stream of this name."""
        return self.code == _STREAM_NOT_FOUND


def call_api(
    connection: NatsConnection, request: str, fields: Mapping[str, Any], deadline: float
) -> dict[str, Any]:
    """Return the response of JetStream to a request such as `STREAM.INFO.PAYI`.

    Raises JetStreamError if JetStream refuses it, and NatsError if nothing responds.
    """
    message = connection.request(f"{API}.{request}", msgspec.json.encode(fields) if fields else b"", deadline)
    if message.status is not None:
        raise JetStreamError(_NO_JETSTREAM[0], f"JetStream is not enabled at {connection.address}")
    response = message.read_object()
    error = response.get("error")
    if isinstance(error, dict):
        code, text = error.get("err_code"), error.get("description")
        raise JetStreamError(
            code if isinstance(code, int) else 0, str(text or "JetStream refused the request")
        )
    return response


def find_stream(connection: NatsConnection, name: str, deadline: float) -> dict[str, Any]:
    """Return what the server knows of a stream. Raises JetStreamError and NatsError as `call_api` does."""
    return call_api(connection, f"STREAM.INFO.{name}", {}, deadline)


def make_init_command(connection: NatsConnection, stream: str, subject: str) -> str:
    """Return the command that makes the stream."""
    options = f" --stream {stream}" if stream != "PAYI" else ""
    options += f" --subject {subject}" if subject != "payi.events" else ""
    return f"payi-transport nats init --server {connection.address}{options}"


def explain_no_response(connection: NatsConnection, stream: str, subject: str) -> NatsError:
    """Return why nobody took a message for a subject: no stream, or one that has no leader right now."""
    command = make_init_command(connection, stream, subject)
    try:
        found = find_stream(connection, stream, monotonic() + _EXPLAIN_TIMEOUT)
    except JetStreamError as exc:
        if exc.is_missing:
            problem = f"NATS at {connection.address} has no stream {stream!r}; make it with: {command}"
            return NatsError(problem, denied=True)
        return NatsError(f"NATS at {connection.address} takes no events now ({exc})")
    except NatsError as exc:
        return NatsError(f"NATS takes no events for {subject} now ({exc})")
    subjects = _read_config(found).get("subjects")
    patterns = [str(pattern) for pattern in subjects] if isinstance(subjects, list) else []
    if not any(matches_subject(pattern, subject) for pattern in patterns):
        problem = f"the stream {stream!r} at {connection.address} takes {', '.join(patterns) or 'nothing'}"
        return NatsError(f"{problem} and not {subject}; add the subject with: {command}", denied=True)
    return NatsError(f"the stream {stream!r} at {connection.address} has no leader right now")


def find_stream_problems(found: Mapping[str, Any], stream: str) -> Iterator[str]:
    """Yield what in a stream's configuration may lose events."""
    config = _read_config(found)
    if config.get("discard") != "new":
        yield (
            f"the stream {stream!r} drops its oldest events when it is full (discard is"
            f" {config.get('discard', 'old')!r}); expected 'new', which makes senders wait"
        )
    if config.get("storage") == "memory":
        yield f"the stream {stream!r} loses its events when the server stops: storage is 'memory', not 'file'"
    if config.get("no_ack") is True:
        yield f"the stream {stream!r} acknowledges nothing, so no event would ever count as delivered"


def _read_config(found: Mapping[str, Any]) -> Mapping[str, Any]:
    config = found.get("config")
    return config if isinstance(config, dict) else {}
