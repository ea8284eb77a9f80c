"""Costs per agent with the OpenAI Agents SDK: the step of a call is the agent that makes it.

The SDK opens a span for each turn that an agent has, in the context in which the agent calls its model. So a
processor of these spans is the one place that knows the agent of a call: hooks of a run are called in tasks
of their own, and what they enter ends with the task.

Without tracing there are no spans. `ModelSettings(extra_headers=create_headers(use_case_step=...))` of each
agent does the same then.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from agents import AgentSpanData, TracingProcessor, add_trace_processor

from payi_transport.context.scope import track_context
from payi_transport.runtime.process_lock import ProcessLock

__all__ = ["AgentStepProcessor", "install"]

_logger = logging.getLogger("payi.instrument")
_lock = ProcessLock()
_installed = False


class AgentStepProcessor(TracingProcessor):
    """Sets `use_case_step` to the name of the agent whose turn it is, also of agents that are tools."""

    def __init__(self) -> None:
        # The scopes of the turns that are not over, by trace and span.
        self._entered: dict[str, dict[str, track_context]] = {}

    def on_trace_start(self, trace: Any) -> None:
        """Do nothing: a trace is not an agent."""

    def on_trace_end(self, trace: Any) -> None:
        """Leave the scopes of turns that were never ended, so that later calls are not theirs."""
        for scope in reversed(self._entered.pop(trace.trace_id, {}).values()):
            scope.__exit__(None, None, None)

    def on_span_start(self, span: Any) -> None:
        """Enter the scope of an agent."""
        if isinstance(span.span_data, AgentSpanData):
            scope = track_context(use_case_step=str(span.span_data.name))
            self._entered.setdefault(span.trace_id, {})[span.span_id] = scope.__enter__()

    def on_span_end(self, span: Any) -> None:
        """Leave the scope of an agent."""
        scope = self._entered.get(span.trace_id, {}).pop(span.span_id, None)
        if scope is not None:
            scope.__exit__(None, None, None)

    def shutdown(self) -> None:
        """Do nothing: there is nothing to deliver here."""

    def force_flush(self) -> None:
        """Do nothing: there is nothing to deliver here."""


def install() -> None:
    """Report the calls of each agent of this process with its name as `use_case_step`.

    Calling it again changes nothing. Logs a warning if the SDK's tracing is turned off by its environment
    variable, because there is no step then.
    """
    global _installed
    with _lock:
        if os.environ.get("OPENAI_AGENTS_DISABLE_TRACING", "").lower() in ("1", "true"):
            _logger.warning(
                "payi_transport: OPENAI_AGENTS_DISABLE_TRACING is set, so the calls of agents have no"
                " use_case_step; unset it, or set the step with create_headers() in each agent's"
                " model_settings"
            )
        if not _installed:
            _installed = True
            add_trace_processor(AgentStepProcessor())
