"""One worker of a relay: pull a batch, deliver it, settle each message, and start over.

The sink is the one that a program would have used. Its receipt says what was accepted, what to retry, and
what was rejected. Only accepted events are acknowledged. The others return to the stream with a delay, for
any relay to try again, or go to the subject of rejected messages.

A message may come more than once, because its acknowledgement was lost or the relay that held it died. It is
then marked as a repeat, and Pay-i updates what it has. A message that this relay itself has delivered
recently is acknowledged again without another delivery.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from typing import NamedTuple

from payi_transport.config.schema import IngestRetrySettings
from payi_transport.delivery.retry import Backoff
from payi_transport.relay.consumer import Consumer, Held, explain_no_rejected_stream
from payi_transport.relay.messages import read_event
from payi_transport.relay.metrics import Counts
from payi_transport.relay.stranded import Sweep, read_stranded
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.sinks.nats_servers import NatsError
from payi_transport.sinks.nats_stream import JetStreamError
from payi_transport.sinks.protocol import Receipt, Sink, check_receipt
from payi_transport.values.event import Event

__all__ = ["Options", "RelayWorker", "Settled"]

# Seconds until a message that can't be stored as rejected is delivered again.
_REJECTION_DELAY = 60.0
_MAX_REMEMBERED = 100_000


class Options(NamedTuple):
    """How a worker pulls messages. Seconds, bytes. `linger`: how long a batch may take to fill."""

    batch: int = 1000
    batch_bytes: int = 32 * 1024 * 1024
    linger: float = 1.0
    longest_pause: float = 30.0


class Settled:
    """The messages that this relay has settled lately. All of its workers share it."""

    def __init__(self, most: int = _MAX_REMEMBERED) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._identities: OrderedDict[tuple[int, int], None] = OrderedDict()

    def add(self, settled: Iterable[Held]) -> None:
        """Remember messages, and forget the oldest ones."""
        with self._lock:
            self._identities.update((one.identity, None) for one in settled)
            while len(self._identities) > self._most:
                self._identities.popitem(last=False)

    def __contains__(self, one: Held) -> bool:
        return one.identity in self._identities


class RelayWorker:
    """Move events from a consumer to a sink until `stop` is set. `on_fault` reports errors of our own."""

    def __init__(
        self,
        consumer: Consumer,
        sink: Sink,
        options: Options,
        settled: Settled,
        *,
        sweep: Sweep,
        stop: threading.Event,
        log: Callable[[str], RateLimitedLogger],
        on_fault: Callable[[BaseException], None],
    ) -> None:
        self.counts = Counts()
        self.consumer = consumer
        self.is_denied = False
        self._sink = sink
        self._options = options
        self._settled = settled
        self._sweep = sweep
        self._stop = stop
        self._log = log
        self._on_fault = on_fault
        retry = IngestRetrySettings(queue_interval=options.longest_pause)
        # Separate, because a NATS server that is down says nothing about the sink.
        self._backoff = Backoff(retry)
        self._connecting = Backoff(retry)

    def run(self) -> None:
        """Work until `stop` is set, then return the messages that are held."""
        while not self._stop.is_set():
            self._run_once()
        self.consumer.give_back()
        self.consumer.close()
        self._sink.close()

    def _run_once(self) -> None:
        try:
            self.consumer.bind()
            if self._sweep.start():
                self._deliver_stranded()
            held = self._pull()
            if held and self._stop.is_set():
                # No delivery of these has started.
                self._give_back(held, "stopping")
            elif held:
                self._deliver(held)
            self._connecting.update(Receipt(), monotonic(), failed=False)
        except NatsError as exc:
            self.counts.failures += 1
            self.consumer.forget()
            self._log("nats").warning(str(exc))
            self._connecting.update(Receipt(), monotonic(), failed=True)
            self._pause(self._connecting)
        # An error of ours ends one round and never the worker.
        except Exception as exc:
            self.counts.faults += 1
            self._on_fault(exc)
            self.consumer.give_back()
            self.consumer.forget()
            self._connecting.update(Receipt(), monotonic(), failed=True)
            self._pause(self._connecting)

    def _deliver_stranded(self) -> None:
        """Deliver what the consumer never will. Raises NatsError if the connection is gone."""
        consumer, options = self.consumer, self._options
        most = self._backoff.limit_batch(options.batch) or 1
        try:
            for held in read_stranded(
                consumer.connection, consumer.settings, self._sweep, most, options.batch_bytes
            ):
                self.counts.taken += len(held)
                self.counts.stranded += len(held)
                self._log("stranded").warning(
                    f"the consumer considers some messages acknowledged ({held[0].sequence} and later ones),"
                    " which can happen after a server was killed; they are delivered as repeats"
                )
                self._deliver(held)
                if self._stop.is_set():
                    break
        except (JetStreamError, NatsError) as exc:
            # What can be pulled is still pulled.
            if not consumer.connection.is_open:
                raise
            self._log("sweep").warning(f"messages that are stranded in the stream can't be read ({exc})")

    def _pause(self, backoff: Backoff) -> None:
        self._stop.wait(max(0.0, backoff.not_before - monotonic()))

    def _pull(self) -> list[Held]:
        most = self._backoff.limit_batch(self._options.batch) or 1
        held = self.consumer.pull(most, self._options.batch_bytes, self._options.linger)
        self.counts.taken += len(held)
        return held

    def _deliver(self, held: Sequence[Held]) -> None:
        known = [one for one in held if one in self._settled]
        events: list[tuple[Held, Event]] = []
        rejected: list[tuple[Held, str]] = []
        for one in held:
            if one in self._settled:
                continue
            event = read_event(one.message, may_repeat=one.may_repeat)
            if isinstance(event, str):
                rejected.append((one, event))
                self._log(event).warning(
                    f"message {one.sequence} can't be delivered: {event.replace('_', ' ')}; it is kept with"
                    " the rejected ones"
                )
            else:
                events.append((one, event))
        receipt = self._call_sink([event for _, event in events]) if events else Receipt()
        rejected += [(events[index][0], reason) for index, reason in receipt.rejected.items()]
        for reason, count in Counter(receipt.rejected.values()).items():
            self._log(reason).warning(
                f"{count} events were refused for good ({reason}); they are kept with the rejected ones"
            )
        retry = set(receipt.retry)
        left = retry | receipt.rejected.keys()
        taken = [one for index, (one, _) in enumerate(events) if index not in left]
        self._backoff.update(receipt, monotonic(), failed=bool(events) and len(retry) == len(events))
        self._settle(known, taken, [events[index][0] for index in sorted(retry)], rejected)
        self._pause(self._backoff)

    def _call_sink(self, events: Sequence[Event]) -> Receipt:
        self.counts.batches += 1
        try:
            receipt = self._sink.deliver(events)
            check_receipt(receipt, len(events))
        except Exception as exc:
            self.counts.faults += 1
            self._on_fault(exc)
            receipt = Receipt(retry=range(len(events)), problem=f"delivery failed ({type(exc).__name__})")
        self.counts.bytes_sent += receipt.bytes_sent
        self.is_denied = receipt.denied
        for notice in receipt.notices:
            self._log("notices").warn_apart(notice)
        if receipt.problem:
            self._log("sink").warning(receipt.problem)
        return receipt

    def _settle(
        self,
        known: Sequence[Held],
        taken: Sequence[Held],
        retry: Sequence[Held],
        rejected: Sequence[tuple[Held, str]],
    ) -> None:
        # First, before anything can fail: these are delivered, whether or not the server learns of it.
        self._settled.add(taken)
        self.counts.delivered += len(taken)
        self.counts.repeats += len(known)
        stored = self.consumer.reject(rejected) if rejected else set()
        delay = max(0.0, self._backoff.not_before - monotonic())
        returned = [(one, delay) for one in retry]
        if retry:
            self.counts.given_back["refused"] += len(retry)
        done = [*known, *taken]
        for one, reason in rejected:
            if one.sequence in stored:
                self.counts.rejected[reason] += 1
                done.append(one)
            else:
                self.counts.given_back["no_rejected_stream"] += 1
                returned.append((one, _REJECTION_DELAY))
                self._log("rejections").warning(explain_no_rejected_stream(self.consumer.connection))
        self.consumer.settle(done, returned)

    def _give_back(self, held: Sequence[Held], reason: str) -> None:
        self.counts.given_back[reason] += len(held)
        self.consumer.settle((), [(one, 0.0) for one in held])
