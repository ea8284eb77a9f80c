"""The section `otel`: beside Pay-i by default, and in its place if it says so."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import PayiConfigError, payi_instrument
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.config.schema import Settings
from payi_transport.sinks.configured import find_sink_names


@pytest.mark.parametrize(("only", "names"), [(False, ["payi", "otel"]), (True, ["otel"])])
def test_pay_i_gets_events_unless_only_is_set(only: bool, names: list[str]) -> None:
    assert find_sink_names(Settings(otel=OtelSettings(only=only))) == names


@pytest.mark.parametrize(
    ("section", "named"),
    [({"content": "yes"}, "content"), ({"metric_values": 0}, "metric_values"), ({"trace": True}, "trace")],
)
def test_a_wrong_value_is_named(section: Any, named: str) -> None:
    with pytest.raises(PayiConfigError, match=named):
        payi_instrument(config={"otel": section})
