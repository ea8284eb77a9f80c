"""The section `otel`: beside Pay-i by default, and in its place if it says so."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import PayiConfigError, payi_instrument
from payi_transport.config.otel_settings import OtelSettings
from payi_transport.config.schema import Settings
from payi_transport.config.validation import check_config
from payi_transport.sinks.configured import find_sink_names


@pytest.mark.parametrize(("only", "names"), [(False, ["payi", "otel"]), (True, ["otel"])])
def test_pay_i_gets_events_unless_only_is_set(only: bool, names: list[str]) -> None:
    assert find_sink_names(Settings(otel=OtelSettings(only=only))) == names


def test_the_defaults_are_spans_and_metrics_without_content() -> None:
    settings = OtelSettings()
    assert (settings.traces, settings.metrics, settings.content, settings.only) == (True, True, False, False)
    assert (settings.cost_attribute, settings.content_limit) == ("gen_ai.usage.cost", 16384)
    assert (settings.metric_attributes, settings.metric_values) == ((), 100)


def test_the_values_at_the_bounds_are_accepted() -> None:
    given = {"content_limit": 1, "metric_values": 2**31, "metric_attributes": ["user_id", "account_name"]}
    settings = check_config({"otel": given}).otel
    assert settings == OtelSettings(
        content_limit=1, metric_values=2**31, metric_attributes=("user_id", "account_name")
    )


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"content": "yes"}, "content"),
        ({"metric_values": 0}, r"metric_values: expected an integer from 1 to 2\*\*31, got 0"),
        ({"metric_values": 2**31 + 1}, "metric_values"),
        ({"content_limit": 0}, "content_limit"),
        ({"cost_attribute": ""}, "cost_attribute"),
        (
            {"metric_attributes": ["team"]},
            r"metric_attributes\[0\]: expected 'user_id', 'account_name' or 'use_case_name', got 'team'",
        ),
        ({"trace": True}, "trace"),
    ],
)
def test_a_wrong_value_is_named(section: Any, named: str) -> None:
    with pytest.raises(PayiConfigError, match=named):
        payi_instrument(config={"otel": section})
