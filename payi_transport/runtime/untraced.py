"""Tell OpenTelemetry's instrumentations to be quiet about this library's own traffic."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

__all__ = ["suppress_opentelemetry"]

# Names in `opentelemetry.context`, and the key of earlier versions.
_OTEL_KEYS = ("_SUPPRESS_INSTRUMENTATION_KEY", "_SUPPRESS_HTTP_INSTRUMENTATION_KEY")
_OTEL_PLAIN_KEY = "suppress_instrumentation"


@contextlib.contextmanager
def suppress_opentelemetry() -> Iterator[None]:
    """Keep what the block sends out of the program's traces, if OpenTelemetry is imported."""
    otel: Any = sys.modules.get("opentelemetry.context")
    # Another thread may be importing it right now; this is one of its last functions.
    if not hasattr(otel, "detach"):
        yield
        return
    values = otel.set_value(_OTEL_PLAIN_KEY, True, otel.get_current())
    for name in _OTEL_KEYS:
        values = otel.set_value(getattr(otel, name, name), True, values)
    token = otel.attach(values)
    try:
        yield
    finally:
        otel.detach(token)
