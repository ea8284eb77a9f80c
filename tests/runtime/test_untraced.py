"""OpenTelemetry's instrumentations are quiet inside of a block, and nothing happens without OpenTelemetry."""

from __future__ import annotations

import sys

import pytest

from payi_transport.runtime.untraced import suppress_opentelemetry

otel = pytest.importorskip("opentelemetry.context")
KEY = "suppress_instrumentation"


def test_instrumentations_are_quiet_inside_and_not_outside() -> None:
    keys = [KEY, otel._SUPPRESS_INSTRUMENTATION_KEY, otel._SUPPRESS_HTTP_INSTRUMENTATION_KEY]
    with suppress_opentelemetry():
        assert [otel.get_value(key) for key in keys] == [True] * 3
    assert [otel.get_value(key) for key in keys] == [None] * 3


@pytest.mark.parametrize("module", [None, sys], ids=["missing", "half imported"])
def test_without_opentelemetry_the_block_just_runs(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.context", module)
    with suppress_opentelemetry():
        assert otel.get_value(KEY) is None
