"""From a caller's request to the delivery of its event: the part of this library that hooks use.

A hook asks `routes` whether a request is observed, gets a `SentRequest` from `begin`, and ends it; where
a finished call goes is decided once, in `begin`. `begin` runs on the caller's thread for every observed call,
so it must neither block nor raise. Decoding and delivery run on the worker's thread (see `process.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import partial
from typing import Any

from payi_transport.capture.attempts import collecting
from payi_transport.capture.exchange import Exchange, SentRequest
from payi_transport.capture.rewrites import HookAbilities
from payi_transport.capture.session import Session
from payi_transport.context import scope
from payi_transport.context.entered import by_frame, find_entered, innermost
from payi_transport.context.frame import Frame
from payi_transport.context.headers import (
    NO_HEADERS,
    OWN_PREFIX,
    find_own_headers,
    find_removable_headers,
    override_frame,
)
from payi_transport.context.results import ResultSlot, set_last
from payi_transport.context.scope import current_frame, current_mode
from payi_transport.delivery.limits import LimitStates
from payi_transport.delivery.process_exit import run_at_child_exit
from payi_transport.delivery.stats import PayiStats
from payi_transport.pipeline.parts import Parts
from payi_transport.pipeline.process import ProcessState
from payi_transport.rewrite.include_usage import STREAM_KEY
from payi_transport.rewrite.requests import RequestRewriter
from payi_transport.routing.routes import Route
from payi_transport.runtime.process_lock import ProcessLock
from payi_transport.values.headers import Headers, KeptHeaders, flatten
from payi_transport.values.json_keys import SMALL_BODY

__all__ = ["EXIT_SECONDS", "Pipeline"]

# How much longer a process may take to exit so that events are delivered.
EXIT_SECONDS = 2.0


class Pipeline:
    """One pipeline serves a process and the children that it forks."""

    def __init__(self, parts: Parts) -> None:
        settings = parts.settings
        self.routes = parts.routes
        self.traces_guardrails = settings.aws_config.guardrail_trace
        self.adds_streaming_results = settings.aws_config.add_streaming_xproxy_result
        self.limits = LimitStates(settings.on_limit, settings.enforce_states)
        self._proxies_everything = settings.proxy
        self._log_content = parts.log_content
        self._body_limit = settings.capture.max_body_bytes
        tracing = parts.sinks.tracing
        # A copy keeps alive whatever the caller's context variables hold until the event is delivered, so it
        # is made only for the user's logger. For spans, a reference to the current one is enough.
        self._remember_caller: Callable[[], Any] | None = (
            copy_context if parts.prompt_logger is not None else None if tracing is None else tracing.remember
        )
        self._warnings = parts.warnings
        self._header_log = parts.logs.headers
        enforces_budgets = any(budget.enforce for budget in settings.budgets.values())
        self._rewriter = RequestRewriter(
            parts.proxy,
            self.limits if settings.enforce_limits else None,
            find_refusal=self._find_refusal if enforces_budgets else None,
            adds_results=parts.sinks.inline is not None,
            warn=parts.logs.rewrites.warning,
            warn_apart=parts.logs.rewrites.warn_apart,
            registry=parts.decode_options.registry,
        )
        self._registry = parts.decode_options.registry
        self._starting = ProcessLock()
        self._state = ProcessState(parts, self.limits)
        # Start the workers now. A thread that already runs can still deliver while the interpreter exits,
        # and by then no new one can be started.
        self._state.start()

    def observes(self, host: str, port: int | None) -> bool:
        """Return whether calls to a host are recorded in the current scope."""
        match = self.routes.hosts.find(host, port)
        return match is not None and self.routes.observes(match) and current_frame() is not None

    def begin(
        self, route: Route, headers: KeptHeaders, body: bytes | None, abilities: HookAbilities
    ) -> SentRequest | None:
        """Remember a request. Return None if it is outside all scopes and only calls in scopes are recorded.

        Send its `rewrite`, if it has one, instead. Common cases are inlined, because calls take time.
        """
        # Nearly no call is made in the scope of a generator, which takes longer to find.
        entered = find_entered() if by_frame else innermost.get()
        frame = scope.outermost if entered is None else entered.frame
        if frame is None:
            return None
        own_headers = NO_HEADERS
        # Few requests have headers of Pay-i's. `in` would try the prefix as a number first, and raise, and
        # `find` parses its arguments, which takes longer than the tuple that `partition` returns.
        if type(headers) is not bytes or headers.partition(OWN_PREFIX)[1]:
            frame, own_headers = self._read_own_headers(frame, headers)
        state = self._state
        # uWSGI forks without running at-fork hooks, so compare process ids on every call.
        if state.delivery.pid != os.getpid():
            state = self._start_state()
        # Most calls are sent as they are, and end in the queue. Look closer only at what can be different.
        on_end: Callable[[Exchange], None] = state.push
        rewrite, waits, result_slot = None, False, None
        proxied = route.proxied or frame.proxy
        # The rewriter looks through a large body in a better way.
        may_ask = body and route.asks_usage and (len(body) >= SMALL_BODY or body.partition(STREAM_KEY)[1])
        if may_ask or own_headers or proxied or self._rewriter.looks_at_all:
            rewrite = self._rewriter.plan(route, frame, body, own_headers, abilities, headers)
            if rewrite is not None or state.has_other_ends:
                on_end, waits = state.choose_end(rewrite, abilities, frame)
            if proxied or state.inline is not None:
                result_slot = self._expect_result(route, proxied)
        logged = frame.log_prompt_and_response
        request = SentRequest(
            on_end,
            route,
            frame,
            self._log_content if logged is None else logged,
            headers,
            body if rewrite is None else rewrite.body or body,
            self._body_limit,
            state.delivery.open_responses,
            rewrite,
            waits,
            result_slot,
            None if self._remember_caller is None else self._remember_caller(),
        )
        attempts = collecting.get()
        if attempts:
            request.collected = True
            attempts[0].append(request)
        return request

    def _read_own_headers(self, frame: Frame, headers: KeptHeaders) -> tuple[Frame, frozenset[bytes]]:
        """Return the frame with what Pay-i's headers set, and the names of those to remove."""
        if not find_own_headers(headers):
            return frame, NO_HEADERS
        # All of Pay-i's headers count, even those that an AWS signature keeps from being removed.
        frame = override_frame(frame, flatten(headers), self._warn_malformed)
        return frame, find_removable_headers(headers)

    def _expect_result(self, route: Route, proxied: bool | None) -> ResultSlot:
        """Return where the result of a call will be, from now on the caller's last one."""
        if proxied:
            self._check_mode(route)
        result_slot = ResultSlot()
        set_last(result_slot)
        return result_slot

    def open_session(self, route: Route, headers: Headers, query: Mapping[str, str]) -> Session | None:
        """Return what remembers the messages of a WebSocket, None if its operation has none.

        `headers` are those of the request that opens it, and `query` its parameters.
        """
        rules = self._registry.find_readers(route.operation, route.category).session
        if rules is None:
            return None
        frame = current_frame()
        if frame is not None and find_own_headers(headers):
            frame = override_frame(frame, headers, self._warn_malformed)
        state = self._state
        if state.delivery.pid != os.getpid():
            state = self._start_state()
        session = Session(
            state.delivery.push_session,
            rules,
            route,
            frame,
            headers,
            model=next(filter(None, map(query.get, rules.model_parameters)), None),
            log_content=self._log_content,
            body_limit=self._body_limit,
            remember=self._remember_caller,
        )
        state.delivery.watch(session)
        return session

    def _check_mode(self, route: Route) -> None:
        """Warn if a call goes through Pay-i but its decorator says otherwise."""
        mode = current_mode()
        if mode == "ingest" or (mode == "proxy" and not route.proxied and not self._proxies_everything):
            self._warnings.warn_mixed_modes(mode)

    def _find_refusal(self, frame: Frame) -> str | None:
        """Return why a call must not be sent for a budget. Asks the state of this process each time."""
        budgets = self._state.budgets
        return None if budgets is None else budgets.find_refusal(frame)

    def _warn_malformed(self, name: str) -> None:
        self._header_log.warning(
            f"the header {name} of a call is malformed and was ignored, so its event lacks that field;"
            " see create_headers() for the format"
        )

    def count_fault(self, exc: BaseException) -> None:
        """Count an error of this library's own, and log it at a limited rate. Callers never see it.

        What a signal handler of the program has raised meanwhile is raised again.
        """
        self._state.count_fault(exc)

    def flush(self, timeout: float) -> bool:
        """Deliver what was captured before. Return False if that takes longer than `timeout` seconds."""
        return self._own_state().flush(timeout)

    def close(self, timeout: float) -> bool:
        """Accept no more calls, and flush. Return False if that takes longer than `timeout` seconds."""
        return self._own_state().close(timeout)

    @property
    def closed(self) -> bool:
        """Whether it accepts no more calls. A forked child inherits this."""
        return self._state.delivery.closed

    def stats(self) -> PayiStats:
        """Return how many calls were captured, and what became of them."""
        return self._own_state().stats()

    def count_late_calls_in(self, successor: Pipeline | None) -> None:
        """Count the calls that end after `close` in another pipeline's stats, or in its own for None."""
        account = None if successor is None else successor._state.delivery.account
        self._state.delivery.account.successor = account

    def reset_after_fork(self) -> None:
        """Reset the state in a process that was just forked."""
        self._state = self._state.fork()

    def _own_state(self) -> ProcessState:
        """Return the state of this process, started or not."""
        # A state that has not been started has the pid 0, and was made for this process.
        if self._state.delivery.pid not in (0, os.getpid()):
            self.reset_after_fork()
        return self._state

    def _start_state(self) -> ProcessState:
        """Return the state of this process, running. The first call of a forked child starts the workers."""
        with self._starting:
            state = self._own_state()
            if not state.delivery.pid:
                if state.is_outdated:
                    self.reset_after_fork()
                    state = self._state
                state.start()
                run_at_child_exit(partial(self.close, EXIT_SECONDS))
        return state
