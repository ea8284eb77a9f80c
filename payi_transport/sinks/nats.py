"""The sink that publishes events to a stream of NATS JetStream, from which a relay delivers them to Pay-i.

Each event is a message of its own: its body is the item as Pay-i gets it, and its `Nats-Msg-Id` the event's
id, by which the server drops what it already has. A message for a whole batch would cost less, but a retry
cuts batches differently, and the server could not tell that their events are the same.

All messages of a batch are sent before the first acknowledgement is awaited. Only what the server has
acknowledged counts as delivered. When a connection breaks, the outcome of everything else is unknown: it is
sent again as `UncertainEvent`, with a header that makes the relay update what Pay-i may already have.

Ids are unique in a process and not in a fleet: some model servers number their responses from 0. So when
the server has the id of an event that was never sent before, the event is sent again under its id and a
checksum.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.runtime.clock import monotonic
from payi_transport.sinks.nats_auth import check_login
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_protocol import Message, encode_headers, encode_message
from payi_transport.sinks.nats_servers import NatsError
from payi_transport.sinks.nats_stream import (
    JetStreamError,
    explain_no_response,
    find_stream,
    find_stream_problems,
)
from payi_transport.sinks.protocol import Receipt, UncertainEvent
from payi_transport.values.event import Event

__all__ = ["REPEAT_HEADER", "VERSION", "VERSION_HEADER", "NatsSink"]

VERSION_HEADER, VERSION = "Payi-Event-Version", "1"
# Present where the stream, or Pay-i, may have the event already.
REPEAT_HEADER = "Payi-Repeat"
_OMITTED: Final = "system.omitted_content"
# The most messages that wait for their acknowledgements at once, and the bytes that are written at once.
_MAX_IN_FLIGHT = 1024
_PIECE = 1024 * 1024
_EXAMINE_SECONDS = 2.0
# Characters of an id in a header. The rest of a longer one is replaced by a checksum.
_LONGEST_ID = 256
# Codes of JetStream for a message that is too large for the stream, and for a stream that is full.
_TOO_LARGE = 10054
_FULL = {10047: "no room left", 10077: "full", 10023: "out of resources"}


class NatsSink:
    """Publish events to `subject`, and wait until `stream` has stored them."""

    config_section = "nats"
    batch_limit = _MAX_IN_FLIGHT

    @classmethod
    def from_section(cls, section: NatsSettings) -> NatsSink:
        """Return the sink that a section of `config` asks for. Raises PayiConfigError."""
        check_login(section)
        return cls(section)

    def __init__(self, settings: NatsSettings) -> None:
        self._settings = settings
        self.connection = NatsConnection(settings, "payi_transport sink")
        # The connection whose stream was examined.
        self._examined = 0
        self._known_problems: set[str] = set()

    def deliver(self, batch: Sequence[Event]) -> Receipt:
        """Publish a batch, and wait for the acknowledgement of each event."""
        publication = _Publication(batch, self._settings, self.connection)
        notices: list[str] = []
        try:
            self.connection.open(monotonic() + self._settings.timeout)
            notices = self._examine_stream()
            publication.run()
        except NatsError as exc:
            return publication.make_receipt(exc, notices)
        if publication.has_no_stream:
            reason = explain_no_response(self.connection, self._settings.stream, self._settings.subject)
            return publication.make_receipt(reason, notices)
        return publication.make_receipt(None, notices)

    def fork(self) -> None:
        self.connection.drop()

    def close(self) -> None:
        self.connection.drop()

    def _examine_stream(self) -> list[str]:
        """Return what is wrong with the stream, once each; a client may not be allowed to look."""
        if self._examined == self.connection.generation:
            return []
        self._examined = self.connection.generation
        try:
            found = find_stream(self.connection, self._settings.stream, monotonic() + _EXAMINE_SECONDS)
        # A missing stream shows when events are published.
        except (JetStreamError, NatsError):
            self.connection.open(monotonic() + self._settings.timeout)
            self._examined = self.connection.generation
            return []
        problems = list(find_stream_problems(found, self._settings.stream))
        new = [problem for problem in problems if problem not in self._known_problems]
        self._known_problems.update(new)
        return new


class _Publication:
    """One batch on its way: what the server said about each event, by index."""

    def __init__(self, batch: Sequence[Event], settings: NatsSettings, connection: NatsConnection) -> None:
        self._batch = batch
        self._settings = settings
        self._connection = connection
        # By the subject of the acknowledgement.
        self._waiting: dict[str, int] = {}
        self._taken: set[int] = set()
        # Refused for now, and refused for good, each with a reason.
        self._refused: dict[int, str] = {}
        self._rejected: dict[int, str] = {}
        self._without_content: set[int] = set()
        self._under_other_id: set[int] = set()
        self._bytes = 0
        self.has_no_stream = False

    def run(self) -> None:
        """Publish everything. Raises NatsError if the connection fails."""
        everything = range(len(self._batch))
        self._publish(everything)
        # What was neither taken nor refused is sent once more, without its content or under another id.
        settled = self._taken | self._refused.keys() | self._rejected.keys()
        self._publish([index for index in everything if index not in settled])

    def _publish(self, indexes: Sequence[int]) -> None:
        deadline = monotonic() + self._settings.timeout
        piece: list[bytes] = []
        size = 0
        for index in indexes:
            message = self._encode(index)
            if message is None:
                continue
            piece.append(message)
            size += len(message)
            if size >= _PIECE:
                self._send(piece)
                piece, size = [], 0
        self._send(piece)
        while self._waiting:
            messages = self._connection.receive(deadline)
            if not messages:
                self._connection.drop()
                seconds = f"{self._settings.timeout:g} s"
                raise NatsError(f"NATS at {self._connection.address} acknowledged nothing within {seconds}")
            # As long as acknowledgements arrive, the server is at work.
            deadline = monotonic() + self._settings.timeout
            self._take(messages)

    def _send(self, piece: list[bytes]) -> None:
        if not piece:
            return
        self._connection.send(b"".join(piece), monotonic() + self._settings.timeout)
        self._bytes += sum(map(len, piece))
        # Read in between: a server whose acknowledgements are not read stops reading as well.
        self._take(self._connection.receive(0.0))

    def _encode(self, index: int) -> bytes | None:
        """Return the message of an event, None if it is too large even without its content."""
        event = self._batch[index]
        body = msgspec.json.encode(event)
        head = self._make_head(index, body)
        if index in self._without_content or len(head) + len(body) > self._connection.max_payload:
            self._without_content.add(index)
            body = msgspec.json.encode(_omit_content(event, len(body)))
            if len(head) + len(body) > self._connection.max_payload:
                self._rejected[index] = "too_large"
                return None
        reply = self._connection.next_reply()
        self._waiting[reply] = index
        return encode_message(self._settings.subject, body, reply=reply, head=head)

    def _make_head(self, index: int, body: bytes) -> bytes:
        event = self._batch[index]
        name = event.provider_response_id
        if index in self._under_other_id or len(name) > _LONGEST_ID:
            name = f"{name[:_LONGEST_ID]}~{zlib.crc32(body):08x}"
        headers = {"Nats-Msg-Id": name, VERSION_HEADER: VERSION}
        if isinstance(event, UncertainEvent):
            headers[REPEAT_HEADER] = "1"
        return encode_headers(headers)

    def _take(self, messages: Sequence[Message]) -> None:
        for message in messages:
            index = self._waiting.pop(message.subject, None)
            if index is not None:
                self._take_one(index, message)

    def _take_one(self, index: int, message: Message) -> None:
        acknowledgement = message.read_object()
        error = acknowledgement.get("error")
        if message.status is not None:
            self.has_no_stream = True
            self._refused[index] = "no stream listens on its subject"
        elif isinstance(error, dict):
            self._take_error(index, error)
        elif acknowledgement.get("duplicate") is True and self._is_collision(index):
            self._under_other_id.add(index)
        elif "seq" in acknowledgement:
            self._taken.add(index)
        else:
            self._refused[index] = "its response contains no acknowledgement"

    def _is_collision(self, index: int) -> bool:
        """Return whether the id that the server has belongs to another event: this one was never sent."""
        return index not in self._under_other_id and not isinstance(self._batch[index], UncertainEvent)

    def _take_error(self, index: int, error: dict[str, Any]) -> None:
        code = error.get("err_code")
        if code == _TOO_LARGE:
            if index in self._without_content:
                self._rejected[index] = "too_large"
            self._without_content.add(index)
            return
        text = str(error.get("description", "refused"))
        full = _FULL.get(code) if isinstance(code, int) else None
        self._refused[index] = f"{full}: {text}" if full else text

    def make_receipt(self, failure: NatsError | None, notices: list[str]) -> Receipt:
        """Return what became of each event; `failure` is why the batch was not published to its end."""
        retry = [
            index for index in range(len(self._batch)) if index not in self._taken | self._rejected.keys()
        ]
        problem = str(failure) if failure is not None else self._describe_refusals()
        return Receipt(
            retry=retry,
            # Sent, but neither acknowledged nor refused.
            uncertain=sorted(self._waiting.values()),
            rejected=self._rejected,
            problem=problem,
            denied=failure is not None and failure.denied,
            bytes_sent=self._bytes,
            notices=notices,
        )

    def _describe_refusals(self) -> str | None:
        if not self._refused:
            return None
        reason = next(iter(self._refused.values()))
        return f"the stream {self._settings.stream!r} refused {len(self._refused)} events ({reason})"


def _omit_content(event: Event, size: int) -> Event:
    """Return an event without its prompt and response, and with a property that says so."""
    properties = {**(event.properties or {}), _OMITTED: f"{size} bytes are more than the stream takes"}
    return msgspec.structs.replace(
        event,
        provider_request_json=None,
        provider_response_json=None,
        provider_response_function_calls=None,
        properties=properties,
    )
