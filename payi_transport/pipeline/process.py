"""The part of a pipeline that belongs to one process. A forked child gets a new one.

A fork copies memory but only one thread. In the child, the worker is gone, locks may be held by threads that
no longer exist, and the calls in the queue are the parent's to deliver. So everything with threads, locks, or
queued calls is in `ProcessState`, and a child replaces it as a whole.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from payi_transport.capture.exchange import Exchange, Outcome
from payi_transport.capture.rewrites import HookAbilities, RequestRewrite
from payi_transport.context.baggage import IGNORED
from payi_transport.context.frame import Frame
from payi_transport.context.results import Result, set_last
from payi_transport.decode.content_logger import ContentLogger
from payi_transport.decode.exchange_decoder import ExchangeDecoder
from payi_transport.delivery.delivery import Delivery
from payi_transport.delivery.inline import InlineDelivery
from payi_transport.delivery.limit_polling import LimitPoller
from payi_transport.delivery.limits import LimitStates
from payi_transport.delivery.results import ResultTracker
from payi_transport.delivery.stats import PayiStats
from payi_transport.pipeline.parts import Parts
from payi_transport.runtime.clock import monotonic
from payi_transport.runtime.counter import Counter
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.runtime.signal_handlers import was_raised_by_signal_handler
from payi_transport.runtime.threads import may_wait
from payi_transport.sinks.protocol import Sink

if TYPE_CHECKING:
    from payi_transport.budgets.tracker import BudgetTracker

__all__ = ["ProcessState"]

# How long the last write of the budgets' sums may take, even where delivery used up the time.
_BUDGET_SECONDS = 0.5
# How long spans may take to get to the application's tracer before that is shut down.
_TRACE_SECONDS = 1.0


class ProcessState:
    """Ring, worker, counts, decoder, and limit polling of one process."""

    def __init__(self, parts: Parts, limits: LimitStates, budgets: BudgetTracker | None = None) -> None:
        self._parts = parts
        self._limits = limits
        self._faults = Counter()
        self._make_lock = threading.Lock
        if budgets is None and parts.make_budgets is not None:
            budgets = parts.make_budgets(self.count_fault)
        self.budgets = budgets
        self.results = ResultTracker(
            limits,
            self._make_poller(),
            self.count_fault,
            warn=parts.logs.rewrites.warning,
            note=lambda exchange: self._decoder.note_counted(exchange),
            charge=self._charge_proxied,
        )
        # Pay-i's response to a batch has no results for single events.
        listener = None if parts.settings.delivery.mode == "bulk" else self.results.on_response
        tracing = parts.sinks.tracing
        if tracing is not None:
            tracing.observe(self.stats, partial(self.flush, _TRACE_SECONDS))
        self._decoder = ExchangeDecoder(
            parts.decode_options,
            parts.warnings,
            content_logger=self._make_content_logger(),
            listener=listener,
            charge=None if budgets is None else budgets.charge,
            trace=None if tracing is None else tracing.trace_call,
        )
        self.delivery = Delivery(
            parts.settings,
            parts.sinks.workers,
            self._decoder.decode,
            listener=listener,
            make_log=self._make_sink_log,
            loss_log=parts.logs.losses,
            on_fault=self.count_fault,
        )
        # The fast path for nearly every finished call.
        self.push = self.delivery.push
        self.inline = None if parts.sinks.inline is None else self._make_inline(parts.sinks.inline)
        if budgets is not None:
            budgets.read_lost = lambda: sum(self.stats().lost.values())
        # True if some calls bypass the queue.
        self.has_other_ends = self.inline is not None or (budgets is not None and budgets.enforces)

    @property
    def is_outdated(self) -> bool:
        """Whether gevent has patched threading since this was made, as gunicorn's workers do after the fork.

        The workers would be greenlets then, and one that waits for the lock of a thread stops all others.
        """
        return threading.Lock is not self._make_lock

    def start(self) -> None:
        """Start the workers and the thread of the budgets in this process."""
        self.delivery.start()
        if self.budgets is not None:
            self.budgets.start()

    def _make_sink_log(self, name: str) -> RateLimitedLogger:
        # A log line needs the sink's name only if there are several sinks.
        logs = self._parts.logs
        return logs.delivery if len(self._parts.sinks.workers) == 1 else logs.make_sink_log(name)

    def _make_poller(self) -> LimitPoller | None:
        parts = self._parts
        if parts.fetch_limit is None:
            return None

        def warn(exc: Exception) -> None:
            parts.logs.delivery.warning(
                f"the state of a limit could not be fetched from Pay-i ({type(exc).__name__}), so its last"
                " known state stays in force; it is fetched again at the next interval"
            )

        return LimitPoller(self._limits, parts.fetch_limit, parts.settings.limit_check_interval, warn)

    def _make_content_logger(self) -> ContentLogger | None:
        parts = self._parts
        if parts.prompt_logger is None:
            return None
        return ContentLogger(parts.prompt_logger, parts.decode_options, self._count_logger_fault)

    def _make_inline(self, sink: Sink) -> InlineDelivery:
        return InlineDelivery(
            sink,
            self._parts.settings.ingest_retry,
            decode=self._decoder.decode,
            queue=self.end_charged if self.budgets is not None else self.delivery.push,
            on_fault=self.count_fault,
            on_problem=self._parts.logs.delivery.warning,
            on_notice=self._parts.logs.delivery.warn_apart,
            on_reported=self.delivery.push_reported,
        )

    def count_fault(self, exc: BaseException) -> None:
        """Count an error of this library's own, and log it at a limited rate. Callers never see it.

        What a signal handler of the program has raised meanwhile is raised again.
        """
        if was_raised_by_signal_handler(exc):
            raise exc
        self._faults.add()
        self._parts.logs.faults.warning(
            f"an internal error ({type(exc).__name__}); the application is not affected, but an event may"
            " be missing; please report it with this traceback",
            fault=exc,
        )

    def _count_logger_fault(self, exc: BaseException) -> None:
        self._faults.add()
        name = type(exc).__name__
        self._parts.logs.content_logger.warning(
            f"prompt_and_response_logger failed ({name}); the event was delivered, but its content was not"
            " logged; fix the function",
            fault=exc,
        )

    def choose_end(
        self, rewrite: RequestRewrite | None, abilities: HookAbilities, frame: Frame
    ) -> tuple[Callable[[Exchange], None], bool]:
        """Return what takes a call when it ends, and whether that waits for the call's own report."""
        # A call that is refused brings no result, so the limit's state has to be asked for.
        if rewrite is not None and rewrite.blocked_response is not None:
            self.results.poll_limits()
        # Pay-i counts what goes through its proxy. An event would count it a second time.
        if rewrite is not None and rewrite.counted:
            return self.results.end_proxied, False
        if self.inline is not None and abilities.may_wait:
            return self.end_inline, True
        if self.budgets is not None and self.budgets.is_enforced(frame):
            return self.end_charged, False
        return self.delivery.push, False

    def end_charged(self, exchange: Exchange) -> None:
        """Queue a call whose cost is counted before it returns, so that the next call is refused in time."""
        budgets = self.budgets
        if (
            budgets is not None
            # A finalizer may have interrupted code that holds a lock.
            and exchange.outcome is not Outcome.ABANDONED
            and not self.delivery.closed
            and self.delivery.pid == os.getpid()
            and budgets.is_enforced(exchange.context)
        ):
            exchange = self._decode_early(exchange)
        self.delivery.push(exchange)

    def _decode_early(self, exchange: Exchange) -> Exchange:
        try:
            decoded = self._decoder.decode(exchange)
        except Exception:
            # The worker finds the same error, and counts it.
            return exchange
        if isinstance(decoded, str):
            return exchange
        # The event travels with the exchange, so that it is not charged again.
        queued = msgspec.structs.replace(exchange, event=decoded.event, listener=decoded.listener)
        exchange.forget()
        return queued

    def _charge_proxied(self, exchange: Exchange, result: Result | None) -> None:
        if self.budgets is not None:
            self.budgets.charge_proxied(exchange.context, exchange.timestamp, result)

    def end_inline(self, exchange: Exchange) -> None:
        """Report a call while its caller waits, or queue it if that is not possible."""
        inline = self.inline
        # A child that was forked during the call has inherited this state, and the call is the parent's.
        inherited = self.delivery.pid != os.getpid()
        # Without a thread to wait on, waiting would stop the event loop.
        if inline is None or self.delivery.closed or inherited or not may_wait():
            self.delivery.push(exchange)
        else:
            inline.deliver(exchange)
        # Only for responses that were read to their end. A finalizer, for one, runs in an arbitrary context,
        # and would overwrite the last result of whatever runs there.
        if exchange.outcome is Outcome.EXHAUSTED:
            set_last(exchange.result_slot)

    def stats(self) -> PayiStats:
        """Return how many calls were captured in this process, and what became of them."""
        stats = self.delivery.stats(self._faults.value)
        stats = stats if self.inline is None else self.inline.counts.add_to(stats)
        fields = self._decoder.missing_fields
        return replace(
            stats,
            ignored_baggage=IGNORED.value,
            missing_units=self._decoder.missing_units.value,
            missing_fields={name: counter.value for name, counter in fields.items() if counter.value},
            unobserved=self._parts.routes.unobserved.read(),
        )

    def flush(self, timeout: float) -> bool:
        """Deliver what was captured before, and write what was spent; return whether all was delivered."""
        flushed = self.delivery.flush(timeout)
        if self.budgets is not None:
            self.budgets.flush()
        self._write_counts()
        return flushed

    def close(self, timeout: float) -> bool:
        """Flush within `timeout` seconds and stop; return whether everything was delivered.

        Writing what budgets have spent may take half a second more.
        """
        deadline = monotonic() + timeout
        flushed = self.delivery.close(timeout)
        if self.budgets is not None:
            # At least a moment: what calls have cost should be known to the next process.
            self.budgets.close(max(_BUDGET_SECONDS, deadline - monotonic()))
        # After the flush, during which a result may still start the polling.
        self.results.stop()
        self._parts.sinks.close_inline()
        self._write_counts()
        return flushed

    def _write_counts(self) -> None:
        """Write what no event reports to the sinks that keep it beside their events."""
        for sink in self._parts.sinks.workers.values():
            write = getattr(sink, "write_counts", None)
            if write is not None:
                try:
                    write(self.stats().to_file_counts())
                except Exception as exc:
                    self.count_fault(exc)

    def fork(self) -> ProcessState:
        """Return a new state for a forked child.

        No thread is started yet: the child may be about to execute another program, or never make a call.
        """
        self.delivery.discard_inherited()
        self._parts.routes.forget_counts()
        budgets = None if self.budgets is None else self.budgets.fork()
        child = ProcessState(self._parts, self._limits, budgets)
        # A program that was shut down before the fork stays shut down in the child.
        child.delivery.closed = child.delivery.ended = self.delivery.closed
        self._parts.sinks.fork(child.count_fault)
        return child
