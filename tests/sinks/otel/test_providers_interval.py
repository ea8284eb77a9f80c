"""What the variables of OpenTelemetry say about exports, and what exports are kept out of."""

from __future__ import annotations

import pytest
from opentelemetry import context

from payi_transport.sinks.otel.providers import _find_interval, is_exported, suppress_tracing


@pytest.mark.parametrize(
    ("variable", "seconds"),
    [
        (None, 60.0),
        ("", 60.0),
        ("soon", 60.0),
        ("10", 0.01),
        ("60001", 60.001),
        ("86399000", 86399.0),
        ("86400000", 60.0),
        ("0", 60.0),
        ("-5", 60.0),
        ("nan", 60.0),
        ("inf", 60.0),
    ],
)
def test_metrics_are_exported_once_a_minute_or_as_the_variable_says(
    variable: str | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", variable)
    assert _find_interval() == seconds


@pytest.mark.parametrize(
    ("value", "exported"),
    [(None, True), ("", True), ("otlp", True), ("none", False), (" None ", False), ("none,otlp", True)],
)
def test_only_none_turns_an_exporter_off(
    value: str | None, exported: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", value)
    assert is_exported("OTEL_TRACES_EXPORTER") is exported


def test_exports_are_in_no_trace() -> None:
    keys = (context._SUPPRESS_INSTRUMENTATION_KEY, context._SUPPRESS_HTTP_INSTRUMENTATION_KEY)
    with suppress_tracing():
        assert [context.get_value(key) for key in keys] == [True, True]
    assert [context.get_value(key) for key in keys] == [None, None]
