"""Run a relay: a few workers side by side, their probes, and a shutdown that returns what they hold.

Each worker has a connection to NATS and a sink of its own, and waits for one call of Pay-i at a time. The
main thread keeps extending their hold until a signal ends it. Then workers finish the call that they are in,
and what is still held after the grace period returns to the stream.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from types import FrameType
from typing import Any, NamedTuple

from payi_transport.config.nats_settings import NatsSettings
from payi_transport.relay.consumer import Consumer
from payi_transport.relay.http import Probes, StatusServer
from payi_transport.relay.metrics import format_metrics, sum_counts
from payi_transport.relay.stranded import Sweep
from payi_transport.relay.worker import Options, RelayWorker, Settled
from payi_transport.runtime.ending_signals import list_ending_signals
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.sinks.protocol import Sink

__all__ = ["Relay", "RelayOptions"]

_LOG_SECONDS = 60.0
_TICK = 0.5


class RelayOptions(NamedTuple):
    """How a relay works. Seconds. `listen` is an address for probes; None for none."""

    parallel: int = 4
    grace: float = 25.0
    listen: str | None = None
    worker: Options = Options()


class Relay:
    """Deliver what is in a stream with sinks of `make_sink`, one for each worker."""

    def __init__(
        self,
        settings: NatsSettings,
        make_sink: Callable[[], Sink],
        options: RelayOptions,
        logger: logging.Logger,
    ) -> None:
        self._options = options
        self._logger = logger
        self._stop = threading.Event()
        self._logs: dict[str, RateLimitedLogger] = {}
        self._faults = RateLimitedLogger(logger, _LOG_SECONDS)
        settled, sweep = Settled(), Sweep()
        self._workers = [
            RelayWorker(
                Consumer(settings, f"payi-transport relay {number}"),
                make_sink(),
                options.worker,
                settled,
                sweep=sweep,
                stop=self._stop,
                log=self._find_log,
                on_fault=lambda exc: self._faults.warning(
                    f"an error of the relay: {type(exc).__name__}", exc
                ),
            )
            for number in range(options.parallel)
        ]
        self._threads: list[threading.Thread] = []
        # Before anything is pulled, because the address may be in use.
        probes = Probes(self.find_illness, self.find_unreadiness, self.format_metrics)
        self.status = None if options.listen is None else StatusServer(options.listen, probes)

    def _find_log(self, kind: str) -> RateLimitedLogger:
        # One for each kind of problem, so that none silences another; and one for all workers.
        return self._logs.setdefault(kind, RateLimitedLogger(self._logger, _LOG_SECONDS))

    def run(self) -> None:
        """Work until `stop` is called, and return when everything held is settled or returned."""
        self._threads = [
            threading.Thread(target=worker.run, name=f"payi-relay-{number}", daemon=True)
            for number, worker in enumerate(self._workers)
        ]
        for thread in self._threads:
            thread.start()
        extended = monotonic()
        # The interval is known once the workers have found the consumer.
        while not self._stop.wait(min(self._find_interval(), _TICK)):
            if monotonic() - extended >= self._find_interval():
                self._extend()
                extended = monotonic()
        self._wait_for_workers()
        if self.status is not None:
            self.status.close()

    def stop(self) -> None:
        """End `run`. A signal handler may call this."""
        self._stop.set()

    def stop_at_signals(self) -> None:
        """Call `stop` at the signals that tell a process to end; for the main thread."""

        def handle(number: int, frame: FrameType | None) -> None:
            self.stop()

        for number in list_ending_signals():
            signal.signal(number, handle)

    def _find_interval(self) -> float:
        # Three times before the server would send held messages to another relay.
        return min(worker.consumer.ack_wait for worker in self._workers) / 3

    def _extend(self) -> None:
        for worker in self._workers:
            worker.consumer.extend()

    def _wait_for_workers(self) -> None:
        deadline = monotonic() + self._options.grace
        for worker, thread in zip(self._workers, self._threads, strict=True):
            while thread.is_alive() and monotonic() < deadline:
                thread.join(min(self._find_interval(), max(0.0, deadline - monotonic())))
                self._extend()
            if thread.is_alive():
                worker.consumer.give_back()

    def find_illness(self) -> str:
        """Return why this process should be replaced, "" if it works."""
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        if dead and not self._stop.is_set():
            return f"{', '.join(dead)} ended"
        return ""

    def find_unreadiness(self) -> str:
        """Return why no events move, "" if they do."""
        if self._stop.is_set():
            return "stopping"
        if not any(worker.consumer.is_bound for worker in self._workers):
            return "not connected to the consumer"
        if all(worker.is_denied for worker in self._workers):
            return "the sink accepts nothing"
        return ""

    def format_metrics(self) -> str:
        """Return the sums of all workers in Prometheus's format."""
        return format_metrics(self.sum_counts())

    def sum_counts(self) -> Mapping[str, Any]:
        """Return the sums of all workers."""
        consumers = [worker.consumer for worker in self._workers]
        return {
            **sum_counts(worker.counts for worker in self._workers),
            "held": sum(consumer.held for consumer in consumers),
            "pending": max(consumer.pending for consumer in consumers)[1],
            "connections": sum(consumer.is_bound for consumer in consumers),
        }
