"""Ties routes, ring and worker together: `begin` is all that adapters know of what comes behind."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

from payi_transport.capture.attempts import note_attempt
from payi_transport.capture.exchange import Exchange, Outcome, RequestRewrite
from payi_transport.config.schema import Settings
from payi_transport.context.frame import Frame
from payi_transport.context.headers import find_own_headers, find_removable_headers, override_frame
from payi_transport.context.results import ResultSlot, set_last
from payi_transport.context.scope import current_frame, current_mode
from payi_transport.decode.content_logger import ContentLogger, PromptAndResponseLogger
from payi_transport.decode.exchange_decoder import ExchangeDecoder
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.delivery.delivery import Delivery
from payi_transport.delivery.inline import InlineDelivery
from payi_transport.delivery.limit_polling import LimitPoller
from payi_transport.delivery.limits import LimitStates
from payi_transport.delivery.process_exit import run_at_child_exit
from payi_transport.delivery.results import ResultTracker
from payi_transport.delivery.ring import Counter
from payi_transport.delivery.stats import PayiStats
from payi_transport.rewrite.proxy import Proxy
from payi_transport.rewrite.requests import RequestRewriter
from payi_transport.routing.routes import Route, Routes
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.sinks.protocol import Sink
from payi_transport.values.headers import Headers

__all__ = ["EXIT_SECONDS", "Pipeline"]

# What is added to the end of a process at most.
EXIT_SECONDS = 2.0


class Pipeline:
    """From the beginning of a request to the delivery of its event."""

    def __init__(
        self,
        settings: Settings,
        routes: Routes,
        sink: Sink,
        *,
        decode_options: DecodeOptions,
        warnings: OneTimeWarnings,
        proxy: Proxy,
        inline_sink: Sink | None = None,
        fetch_limit: Callable[[str], str] | None = None,
        log_content: bool,
        logger: logging.Logger,
        prompt_logger: PromptAndResponseLogger | None = None,
    ) -> None:
        self.routes = routes
        self.traces_guardrails = settings.aws_config.guardrail_trace
        self.adds_streaming_results = settings.aws_config.add_streaming_xproxy_result
        self._settings = settings
        self._sink = sink
        self._log_content = log_content
        self._body_limit = settings.capture.max_body_bytes
        self._decode_options = decode_options
        self.warnings = warnings
        self.limits = LimitStates(settings.on_limit)
        self._fetch_limit = fetch_limit
        self._inline_sink = inline_sink
        window = settings.connection_error_logging_window
        self._delivery_log = RateLimitedLogger(logger, window)
        self._fault_log = RateLimitedLogger(logger, window)
        self._loss_log = RateLimitedLogger(logger, window)
        self._header_log = RateLimitedLogger(logger, window)
        self._content_logger_log = RateLimitedLogger(logger, window)
        self._content_logger = prompt_logger and ContentLogger(
            prompt_logger, decode_options, self._count_prompt_fault
        )
        self._detours = RequestRewriter(
            proxy,
            self.limits if settings.enforce_limits else None,
            adds_results=inline_sink is not None,
            warn=RateLimitedLogger(logger, window).warning,
        )
        self._entering: dict[int, threading.Lock] = {}
        self._begin_line()
        self._line.start()

    def _begin_line(self) -> None:
        """Begin empty: at first, and again in a child that was forked."""
        self._faults = Counter()
        self._results = ResultTracker(self.limits, self._make_limit_check(), self.count_fault)
        # In a batch, no event is answered by itself.
        hear = None if self._settings.delivery.mode == "bulk" else self._results.on_response
        decoder = ExchangeDecoder(
            self._decode_options, self.warnings, content_logger=self._content_logger, listener=hear
        )
        self._decode = decoder.decode
        self._inline = None if self._inline_sink is None else self._make_inline(self._inline_sink)
        self._line = Delivery(
            self._settings,
            self._sink,
            self._decode,
            listener=hear,
            delivery_log=self._delivery_log,
            loss_log=self._loss_log,
            on_fault=self.count_fault,
        )

    def observes(self, host: str, port: int | None) -> bool:
        """Whether calls to a host are recorded here and now."""
        match = self.routes.hosts.find(host, port)
        return match is not None and self.routes.observes(match) and current_frame() is not None

    def _make_limit_check(self) -> LimitPoller | None:
        if self._fetch_limit is None:
            return None

        def tell(exc: Exception) -> None:
            self._delivery_log.warning(f"the state of a limit can not be asked for ({type(exc).__name__})")

        return LimitPoller(self.limits, self._fetch_limit, self._settings.limit_check_interval, tell)

    def _make_inline(self, sink: Sink) -> InlineDelivery:
        return InlineDelivery(
            sink,
            self._settings.ingest_retry,
            decode=self._decode,
            queue=self._push,
            on_fault=self.count_fault,
            on_problem=self._delivery_log.warning,
        )

    def begin(
        self,
        route: Route,
        headers: Headers,
        body: bytes | None,
        *,
        changes: bool = True,
        rewrites: bool = True,
        waits: bool = True,
    ) -> Exchange | None:
        """Remember a request; None when calls outside a scope don't count and this is one.

        Where the exchange has a `detour`, that is what to send; it has none without `changes`, and none for
        what has to be rewritten in the answer without `rewrites`. Without `waits` the call is reported in the
        background, as it ends where nobody may wait.
        """
        frame = current_frame()
        if frame is None:
            return None
        own = find_own_headers(headers)
        if own:
            frame = override_frame(frame, headers, self._tell_malformed)
            own = find_removable_headers(headers)
        tells = inline = self._inline is not None
        if route.proxied or frame.proxy:
            self._check_mode(route)
            tells = True
        exchange = self._make_exchange(route, frame, headers, body, waits=waits and inline, tells=tells)
        if changes:
            detour = self._detours.find(route, frame, body, own, rewrites=rewrites)
            if detour is not None:
                self._divert(exchange, detour)
        return exchange

    def _make_exchange(
        self, route: Route, frame: Frame, headers: Headers, body: bytes | None, *, waits: bool, tells: bool
    ) -> Exchange:
        """`tells`: the caller may see what Pay-i says of this call, and no more of what it said before."""
        line = self._line
        # A fork may have called no hook, as uWSGI's does not.
        if line.pid != os.getpid():
            line = self._enter_process()
        logged = frame.log_prompt_and_response
        exchange = Exchange(
            partial(self._end_inline, line) if waits else line.push,
            route,
            frame,
            log_content=self._log_content if logged is None else logged,
            request_headers=headers,
            request_body=body,
            body_limit=self._body_limit,
            answering=line.open_exchanges,
        )
        exchange.waits = waits
        if tells:
            exchange.result_slot = ResultSlot()
            set_last(exchange.result_slot)
        if self._content_logger is not None:
            exchange.caller = copy_context()
        note_attempt(exchange)
        return exchange

    def _divert(self, exchange: Exchange, detour: RequestRewrite) -> None:
        exchange.detour = detour
        if detour.body is not None:
            exchange.request_body = detour.body
        if detour.counted:
            exchange.push, exchange.waits = self._results.end_proxied, False
        if detour.refusal is not None:
            self._results.poll_limits()

    def _check_mode(self, route: Route) -> None:
        """Tell of a decorator that is for another mode than the call, which goes through Pay-i."""
        mode = current_mode()
        if mode == "ingest" or (mode == "proxy" and not route.proxied and not self._settings.proxy):
            self.warnings.warn_mixed_modes(mode)

    def _tell_malformed(self, name: str) -> None:
        self._header_log.warning(f"the header {name} of a call can not be read and is left out")

    def count_fault(self, exc: BaseException) -> None:
        """An error of our own that nobody may feel: counted, and the first of a window logged."""
        self._faults.add()
        self._fault_log.warning(f"a fault of this library's own ({type(exc).__name__})", fault=exc)

    def _count_prompt_fault(self, exc: BaseException) -> None:
        self._faults.add()
        name = type(exc).__name__
        self._content_logger_log.warning(f"prompt_and_response_logger failed ({name})", fault=exc)

    def flush(self, timeout: float) -> bool:
        """Deliver all that was captured before and waits, within `timeout` seconds; False if any is not."""
        return self._own_line().flush(timeout)

    def close(self, timeout: float) -> bool:
        """Take no more, and flush within `timeout` seconds."""
        flushed = self._own_line().close(timeout)
        self._results.stop()
        if self._inline_sink is not None and self._inline_sink is not self._sink:
            self._inline_sink.close()
        return flushed

    @property
    def closed(self) -> bool:
        """Whether it takes no more, here or already in the process that this one was forked from."""
        return self._line.closed

    def stats(self) -> PayiStats:
        """Where everything is that was captured."""
        stats = self._own_line().stats(self._faults.value)
        return stats if self._inline is None else self._inline.counts.add_to(stats)

    def leave_parent(self) -> None:
        """This process was just forked: queue, threads, files and connections are the parent's.

        No thread is started: the child may be about to become another program, or never call anything.
        """
        closed = self._line.closed
        self._line.leave_to_parent()
        self._begin_line()
        self._line.closed = closed
        for sink in (self._sink, None if self._inline_sink is self._sink else self._inline_sink):
            try:
                if sink is not None:
                    sink.fork()
            except Exception as exc:  # of a sink of the user's
                self.count_fault(exc)

    def _own_line(self) -> Delivery:
        """The line of this process, started or not."""
        if self._line.pid not in (0, os.getpid()):
            self.leave_parent()
        return self._line

    def _enter_process(self) -> Delivery:
        """The line of this process, running; the first call of a forked child starts it."""
        # A lock a process: that of the parent may have been held when this one was forked.
        with self._entering.setdefault(os.getpid(), threading.Lock()):
            line = self._own_line()
            if not line.pid:
                line.start()
                run_at_child_exit(partial(self.close, EXIT_SECONDS))
        return line

    def _end_inline(self, line: Delivery, exchange: Exchange) -> None:
        inline = self._inline
        # In a child that was forked since the call began, the line is the parent's, and so is the call.
        if inline is None or line.closed or line.pid != os.getpid():
            line.push(exchange)
        else:
            inline.deliver(exchange)
        # A stream that is left early is not the last call any more, and a finaliser's context is anybody's.
        if exchange.outcome is Outcome.EXHAUSTED:
            set_last(exchange.result_slot)

    def _push(self, exchange: Exchange) -> None:
        self._line.push(exchange)
