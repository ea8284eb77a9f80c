"""OpenTelemetry's variables as properties of every event."""

from __future__ import annotations

import pytest

from payi_transport import MemorySink, get_context, payi_flush, payi_instrument
from payi_transport.config.resource_attributes import read_resource_attributes
from tests.support.calls import call

ATTRIBUTES = "deployment.environment.name=production,service.version=1.2,service.name=other,team=pay%20ments"


@pytest.mark.parametrize(
    ("variables", "attributes"),
    [
        ({}, {}),
        ({"OTEL_SERVICE_NAME": " shop "}, {"service.name": "shop"}),
        ({"OTEL_SERVICE_NAME": "", "OTEL_RESOURCE_ATTRIBUTES": "a=1"}, {"a": "1"}),
        ({"OTEL_RESOURCE_ATTRIBUTES": " a = 1 ,b,=c,d=,, e=x=y"}, {"a": "1", "e": "x=y"}),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": ATTRIBUTES, "OTEL_SERVICE_NAME": "shop"},
            {
                "deployment.environment.name": "production",
                "service.version": "1.2",
                "service.name": "shop",
                "team": "pay ments",
            },
        ),
    ],
    ids=repr,
)
def test_the_variables_are_read(variables: dict[str, str], attributes: dict[str, str]) -> None:
    assert read_resource_attributes(variables) == attributes


def test_every_event_has_them_and_properties_of_the_config_win(
    sink: MemorySink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=a,service.version=1")
    payi_instrument(sink=sink, config={"request_properties": {"team": "b"}})
    call()
    payi_flush()
    properties = sink.events[0].properties or {}
    assert (properties["service.name"], properties["service.version"], properties["team"]) == (
        "shop",
        "1",
        "b",
    )


def test_a_key_switches_them_off(sink: MemorySink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    payi_instrument(sink=sink, config={"resource_attributes": False})
    assert "request_properties" not in get_context()
