"""Pull messages from the consumer that all relays share, and settle each one.

A relay holds the messages that it has pulled: the server sends them to no other relay until they are
acknowledged, returned, or the consumer's `ack_wait` is over. Delivering a batch may take longer than that, so
another thread extends the wait from time to time (`extend`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple

import msgspec

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.relay.messages import read_delivery
from payi_transport.relay.setup import CONSUMER, REJECTED_STREAM, REJECTED_SUBJECT
from payi_transport.sinks.nats_connection import NatsConnection
from payi_transport.sinks.nats_protocol import Message, encode_headers, encode_message
from payi_transport.sinks.nats_servers import NatsError
from payi_transport.sinks.nats_stream import API, JetStreamError, call_api, make_init_command

__all__ = ["Consumer", "Held"]

_ACK, _NAK, _PROGRESS = b"+ACK", b"-NAK", b"+WPI"
_NANOSECONDS = 1_000_000_000
# Statuses that end a request: no messages, request expired, and limit reached or consumer changed.
_ENDS = frozenset({404, 408, 409})
# A 409 that ends a request normally. In a cluster, it may overtake the messages, which the next request
# then gets.
_COMPLETED = frozenset({"Batch Completed"})
# Seconds that a response may take beyond the time that the request allowed.
_GRACE = 3.0


class Held(NamedTuple):
    """A message that this relay holds. `may_repeat`: a relay may have delivered it before.

    One that was read from the stream itself has no `reply`: the consumer does not know it.
    """

    message: Message
    sequence: int
    # When the stream stored it. Nanoseconds.
    stored: int
    may_repeat: bool

    @property
    def identity(self) -> tuple[int, int]:
        """What no other message has. A stream that is created again or restored starts at 1."""
        return self.sequence, self.stored


class Consumer:
    """One connection to the consumer. One thread uses it, except for `extend` and `give_back`."""

    def __init__(self, settings: NatsSettings, name: str) -> None:
        self.connection = NatsConnection(settings, name)
        self.settings = settings
        self._lock = threading.Lock()
        # By sequence, because a message that is delivered twice is one message.
        self._held: dict[int, Held] = {}
        # The last message that the stream had when the connection was made. A server that was killed may have
        # forgotten which messages it had delivered, to this relay or to one that is gone.
        self._repeats_until = 0
        # The server of a cluster that leads the consumer, and since when.
        self._leader: tuple[object, object] | None = None
        self._bound = 0
        # Seconds until the server sends a held message to another relay.
        self.ack_wait = 60.0
        # When the server last reported how many messages are waiting, and how many.
        self.pending = (0.0, 0)

    @property
    def is_bound(self) -> bool:
        """Whether there is a connection to a consumer that exists."""
        return self.connection.is_open and self._bound == self.connection.generation

    def bind(self) -> None:
        """Make sure that there is a connection, and that the consumer exists. Raises NatsError."""
        self.connection.open(monotonic() + self.settings.timeout)
        if self.is_bound:
            return
        stream = self.settings.stream
        try:
            consumer = self._call(f"CONSUMER.INFO.{stream}.{CONSUMER}")
            state = self._call(f"STREAM.INFO.{stream}").get("state")
        except JetStreamError as exc:
            command = make_init_command(self.connection, stream, self.settings.subject)
            problem = f"NATS at {self.connection.address} has no consumer {CONSUMER!r} of {stream!r} ({exc})"
            raise NatsError(f"{problem}; make it with: {command}", denied=True) from None
        self._read_config(consumer.get("config"))
        self._leader = _find_leader(consumer)
        last = state.get("last_seq") if isinstance(state, dict) else None
        self._repeats_until = last if isinstance(last, int) else self._repeats_until
        self._bound = self.connection.generation

    def _call(self, request: str) -> dict[str, Any]:
        return call_api(self.connection, request, {}, monotonic() + self.settings.timeout)

    def _read_config(self, config: object) -> None:
        wait = config.get("ack_wait") if isinstance(config, dict) else None
        if isinstance(wait, int) and wait > 0:
            self.ack_wait = wait / _NANOSECONDS

    def pull(self, most: int, most_bytes: int, seconds: float) -> list[Held]:
        """Take up to `most` messages, as many as there are within `seconds`. Raises NatsError."""
        reply = self.connection.next_reply()
        # A message that is larger than the limit would end each request.
        most_bytes = max(most_bytes, 2 * self.connection.max_payload)
        limits = {"batch": most, "max_bytes": most_bytes, "expires": int(seconds * _NANOSECONDS)}
        request = f"{API}.CONSUMER.MSG.NEXT.{self.settings.stream}.{CONSUMER}"
        deadline = monotonic() + seconds + _GRACE
        with self._lock:
            self.connection.send(encode_message(request, msgspec.json.encode(limits), reply=reply), deadline)
        while len(self._held) < most:
            messages = self.connection.receive(deadline)
            # The server ends each request by itself. If it doesn't, keep what arrived and look up the
            # consumer again: the leader may be gone, and the next one may deliver messages again as if they
            # were new.
            if not messages:
                self._bound = -1
                break
            if self._take(messages, reply):
                break
        if not self._held:
            self.pending = (monotonic(), 0)
        elif self._leader is not None and self._has_other_leader():
            # Look up the consumer again. Until then, anything may have been delivered before.
            self._bound = -1
            return [held._replace(may_repeat=True) for held in self._held.values()]
        return list(self._held.values())

    def _has_other_leader(self) -> bool:
        """Return whether messages may come from a leader that does not know what was delivered.

        A cluster acknowledges deliveries after they were made, so a leader that is killed takes the last ones
        with it. A relay that pulls only after the next leader is elected can't tell.
        """
        try:
            found = self._call(f"CONSUMER.INFO.{self.settings.stream}.{CONSUMER}")
        except (JetStreamError, NatsError):
            return True
        return _find_leader(found) != self._leader

    def _take(self, messages: Sequence[Message], reply: str) -> bool:
        """Hold messages; return whether the request is over."""
        is_over = False
        for message in messages:
            status = message.status
            if status is None:
                self._hold(message)
            elif message.subject == reply:
                self._check_end(status, message.description)
                is_over = True
        return is_over

    def _check_end(self, status: int, description: str) -> None:
        """Raise NatsError for a request that ended because of the consumer and brought no messages."""
        is_change = status == 409 and description not in _COMPLETED
        # 503: nobody responds, because there is no consumer, or because a cluster is electing a leader.
        is_failure = status not in _ENDS or (is_change and not self._held)
        if is_failure or is_change:
            # Look up the consumer again, since a new leader may not know what was delivered.
            self._bound = -1
        if is_failure:
            text = description or "no responders"
            raise NatsError(
                f"the consumer {CONSUMER!r} at {self.connection.address} returned no messages ({text})"
            )

    def _hold(self, message: Message) -> None:
        delivered = read_delivery(message.reply)
        if delivered is None:
            return
        self.pending = (monotonic(), delivered.pending)
        may_repeat = delivered.times > 1 or delivered.sequence <= self._repeats_until
        held = Held(message, delivered.sequence, delivered.stored, may_repeat)
        # The thread that extends may be going through what is held.
        with self._lock:
            self._held[delivered.sequence] = held

    def settle(self, taken: Iterable[Held], returned: Iterable[tuple[Held, float]]) -> None:
        """Acknowledge what was delivered, and return the rest, each with a delay in seconds.

        Nothing is held afterwards. Raises NatsError. Messages that could not be settled are delivered once
        more, marked as repeats.
        """
        commands = [self._make_end(held) for held in taken]
        commands += [
            encode_message(held.message.reply, _make_nak(delay))
            for held, delay in returned
            if held.message.reply
        ]
        with self._lock:
            self._held = {}
            self.connection.send(b"".join(commands), monotonic() + self.settings.timeout)

    def _make_end(self, held: Held) -> bytes:
        """Return the command that removes a message from the stream."""
        if held.message.reply:
            return encode_message(held.message.reply, _ACK)
        request = f"{API}.STREAM.MSG.DELETE.{self.settings.stream}"
        fields = {"seq": held.sequence, "no_erase": True}
        # The server ignores requests without an address for the response, which nobody waits for here.
        return encode_message(request, msgspec.json.encode(fields), reply=self.connection.next_reply())

    def extend(self) -> None:
        """Keep what is held for another `ack_wait`. Any thread may call this; it raises nothing."""
        self._send_for_each(_PROGRESS)

    def give_back(self) -> None:
        """Return all held messages at once. Any thread may call this; it raises nothing."""
        self._send_for_each(_NAK)

    def _send_for_each(self, verb: bytes) -> None:
        with self._lock:
            commands = [encode_message(held.message.reply, verb) for held in self._held.values()]
            try:
                if commands and self.connection.is_open:
                    self.connection.send(b"".join(commands), monotonic() + self.settings.timeout)
            except NatsError:
                # The server sends them to another relay after `ack_wait`.
                return

    def reject(self, rejected: Sequence[tuple[Held, str]]) -> set[int]:
        """Store messages with the reason why they can't be delivered; return the sequences of those stored.

        Raises NatsError.
        """
        stored: set[int] = set()
        waiting: dict[str, int] = {}
        commands = []
        for held, reason in rejected:
            reply = self.connection.next_reply()
            waiting[reply] = held.sequence
            commands.append(_make_rejection(held, reason, reply, self.settings.stream))
        with self._lock:
            self.connection.send(b"".join(commands), monotonic() + self.settings.timeout)
        deadline = monotonic() + self.settings.timeout
        while waiting and (messages := self.connection.receive(deadline)):
            for message in messages:
                sequence = waiting.pop(message.subject, None)
                if sequence is not None and "seq" in message.read_object():
                    stored.add(sequence)
        return stored

    def forget(self) -> None:
        """Stop holding messages. The server sends them to a relay again after `ack_wait`."""
        with self._lock:
            self._held = {}

    @property
    def held(self) -> int:
        """How many messages this relay holds on this connection."""
        return len(self._held)

    def close(self) -> None:
        """End the connection."""
        self.connection.drop()


def _find_leader(consumer: Mapping[str, Any]) -> tuple[object, object] | None:
    """Return what changes with the leader, None if there is no cluster."""
    cluster = consumer.get("cluster")
    return (cluster.get("leader"), cluster.get("leader_since")) if isinstance(cluster, dict) else None


def _make_nak(delay: float) -> bytes:
    return _NAK + b' {"delay": %d}' % int(delay * _NANOSECONDS) if delay > 0 else _NAK


def _make_rejection(held: Held, reason: str, reply: str, stream: str) -> bytes:
    headers = {
        **{
            name: value for name, value in held.message.read_headers().items() if not name.startswith("nats-")
        },
        # The same message may be rejected twice, if its acknowledgement is lost.
        "Nats-Msg-Id": f"{stream}.{held.sequence}.{held.stored}",
        "Payi-Reason": reason,
        "Payi-Stream": stream,
        "Payi-Subject": held.message.subject,
    }
    return encode_message(REJECTED_SUBJECT, held.message.body, reply=reply, head=encode_headers(headers))


def explain_no_rejected_stream(connection: NatsConnection) -> str:
    """Return what to do where no stream takes rejected messages."""
    return (
        f"no stream takes {REJECTED_SUBJECT}, so what can't be delivered stays in its stream; make"
        f" {REJECTED_STREAM} with: payi-transport nats init --server {connection.address}"
    )
