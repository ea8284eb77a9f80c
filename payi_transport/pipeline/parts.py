"""What a pipeline is made of. `assembly.py` builds these parts from the user's arguments."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from payi_transport.config.schema import Settings
from payi_transport.decode.content_logger import PromptAndResponseLogger
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.rewrite.proxy import Proxy
from payi_transport.routing.routes import Routes
from payi_transport.runtime.rate_limited_logger import RateLimitedLogger
from payi_transport.sinks.protocol import Sink, TracingSink

if TYPE_CHECKING:
    from payi_transport.budgets.tracker import BudgetTracker

__all__ = ["Logs", "Parts", "Sinks"]


class Logs:
    """One rate-limited logger for each kind of message, so that none can silence another."""

    def __init__(self, logger: logging.Logger, seconds: float) -> None:
        self._logger = logger
        self._seconds = seconds
        self.delivery = RateLimitedLogger(logger, seconds)
        self.faults = RateLimitedLogger(logger, seconds)
        self.losses = RateLimitedLogger(logger, seconds)
        self.headers = RateLimitedLogger(logger, seconds)
        self.budgets = RateLimitedLogger(logger, seconds)
        self.rewrites = RateLimitedLogger(logger, seconds)
        self.content_logger = RateLimitedLogger(logger, seconds)

    def make_sink_log(self, name: str) -> RateLimitedLogger:
        """Return the log for the problems of one of several sinks, which names it in each message."""
        return RateLimitedLogger(self._logger, self._seconds, prefix=f"{name}: ")


class Sinks(msgspec.Struct, frozen=True):
    """Where workers deliver, by name, and where inline delivery does.

    The first is Pay-i, if events go there. Inline delivery uses this one, or a sink of its own that does the
    same. `tracing` is the one that makes spans of calls, if there is one.
    """

    workers: Mapping[str, Sink]
    inline: Sink | None = None
    tracing: TracingSink | None = None

    def fork(self, on_fault: Callable[[BaseException], None]) -> None:
        """Call `fork` of each sink once, in a forked child. A sink may be the user's, and may raise."""
        sinks = [*self.workers.values(), *([] if self.inline is None else [self.inline])]
        # By identity, because a sink of the user's need not be hashable.
        for sink in {id(sink): sink for sink in sinks}.values():
            try:
                sink.fork()
            except Exception as exc:
                on_fault(exc)

    def close_inline(self) -> None:
        """Close the inline sink; the workers close their own."""
        if self.inline is not None and all(self.inline is not sink for sink in self.workers.values()):
            self.inline.close()


# Immutable, because a forked child builds its own state from the same parts.
class Parts(msgspec.Struct, frozen=True):
    """The parts of a pipeline.

    `fetch_limit` fetches a limit's state; None if limits aren't enforced. `make_budgets` makes what counts
    calls under budgets, from the function that counts a fault; None if there are no budgets.
    """

    settings: Settings
    routes: Routes
    sinks: Sinks
    proxy: Proxy
    decode_options: DecodeOptions
    warnings: OneTimeWarnings
    logs: Logs
    log_content: bool = True
    prompt_logger: PromptAndResponseLogger | None = None
    fetch_limit: Callable[[str], str] | None = None
    make_budgets: Callable[[Callable[[BaseException], None]], BudgetTracker] | None = None
