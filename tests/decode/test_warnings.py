"""Warnings about missing mappings: once each, with the line of configuration that ends them."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from payi_transport.config.mappings import collect_host_mappings, collect_model_mappings
from payi_transport.config.validation import check_config
from payi_transport.decode.pricing import ModelMapping
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.routing.hosts import HostPattern, parse_host
from payi_transport.routing.routes import Route
from payi_transport.values.event import Event, Units

AZURE = "system.azureopenai"
HOST = HostPattern("mine.openai.azure.com", None)


@pytest.fixture(autouse=True)
def every_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def make_warnings(*mappings: ModelMapping) -> OneTimeWarnings:
    return OneTimeWarnings(logging.getLogger("tests.warnings"), mappings)


def check(
    warnings: OneTimeWarnings,
    deployment: str | None,
    resource: str | None,
    category: str = AZURE,
    route_category: str = AZURE,
) -> None:
    asked = Route("openai.chat", route_category, "https://x", HOST, deployment)
    warnings.check_price(
        asked, Event(category=category, units={}, provider_response_id="x", resource=resource)
    )


def config_in(message: str) -> dict[str, Any]:
    """The first JSON object of a message that is a config."""
    return dict(json.JSONDecoder().raw_decode(message[message.index("{") :])[0])


@pytest.mark.parametrize(
    ("operation", "category"),
    [("openai.chat", "system.openai"), ("anthropic.messages", "system.anthropic")],
)
def test_an_unmapped_host_is_told_with_the_mapping_to_add(
    operation: str, category: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_warnings().warn_unmapped_host("llm.test:8443", operation)
    (record,) = caplog.records
    message = record.getMessage()
    assert record.levelno == logging.WARNING
    assert "llm.test:8443" in message and operation in message
    mappings = collect_host_mappings(check_config(config_in(message)))
    assert [(key, value.category) for key, value in mappings.items()] == [
        (HostPattern("llm.test", 8443), category)
    ]


LOCAL = Route(
    "openai.chat", "my.models", "http://llm.test:8000/v1/chat/completions", HostPattern("llm.test", 8000)
)
OWN = Route("openai.chat", "system.openai", "https://x", HostPattern("api.openai.com", None), known=True)


def make_event(**more: Any) -> Event:
    fields = {"units": {}, "http_status_code": 200, "time_to_first_token_ms": 5, **more}
    return Event(category="my.models", provider_response_id="x", **fields)


@pytest.mark.parametrize("route", [LOCAL, OWN], ids=["mapped", "known"])
def test_a_stream_without_usage_is_told_once_a_host_with_the_mapping_that_asks(
    route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    warnings = make_warnings()
    for _ in range(3):
        warnings.check_usage(route, make_event(properties={"team": "mine"}))
    warnings.check_usage(route._replace(host=HostPattern("other.test", None)), make_event())
    message, other = (record.getMessage() for record in caplog.records)
    assert str(route.host) in message and "other.test" in other
    ((pattern, mapping),) = collect_host_mappings(check_config(config_in(message))).items()
    assert (pattern, mapping.include_usage) == (route.host, True)
    assert mapping.category == (None if route.known else route.category)


@pytest.mark.parametrize("way", ["asks_usage", "proxied"])
def test_a_stream_that_could_not_be_asked_is_told_with_what_the_program_can_do(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    route = LOCAL._replace(asks_usage=way == "asks_usage", proxied=way == "proxied")
    make_warnings().check_usage(route, make_event())
    assert 'stream_options={"include_usage": True}' in caplog.text


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("openai.chat", {"units": {"text": Units(1, 1)}}),
        ("openai.chat", {"time_to_first_token_ms": None}),
        ("openai.chat", {"http_status_code": 500}),
        ("openai.chat", {"properties": {"system.stream": "partial"}}),
        ("openai.chat", {"properties": {"system.failure": "server_error"}}),
        ("openai.speech", {}),
    ],
    ids=["counted", "no stream", "an error", "cut", "failed", "nothing to ask for"],
)
def test_nothing_is_told_of_what_could_tell_no_usage(
    operation: str, fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    make_warnings().check_usage(LOCAL._replace(operation=operation), make_event(**fields))
    assert not caplog.records


@pytest.mark.parametrize("deployment", ["my-gpt", None], ids=["in the path", "in a header or the body"])
def test_an_azure_deployment_without_a_mapping_is_told_once(
    caplog: pytest.LogCaptureFixture, deployment: str | None
) -> None:
    warnings = make_warnings(ModelMapping("other", None, None, "gpt-4.1"))
    for _ in range(3):
        check(warnings, deployment, "my-gpt")
    (record,) = caplog.records
    assert '"my-gpt"' in record.getMessage()
    (mapping,) = collect_model_mappings(check_config(config_in(record.getMessage())))
    assert (mapping.model, mapping.price_as_resource) == ("my-gpt", "<model>")
    check(warnings, deployment and "second", "second")
    assert len(caplog.records) == 2


QUIET: dict[str, tuple[list[ModelMapping], dict[str, Any]]] = {
    "mapped to another model": (
        [ModelMapping("d", None, None, "gpt-4.1")],
        {"deployment": "d", "resource": "gpt-4.1"},
    ),
    "mapped to another model, the path names none": (
        [ModelMapping("d", None, None, "gpt-4.1")],
        {"deployment": None, "resource": "gpt-4.1"},
    ),
    "mapped to another category": (
        [ModelMapping("d", None, "system.openai")],
        {"deployment": "d", "resource": "d", "category": "system.openai"},
    ),
    "mapped for this host to a scope alone": (
        [ModelMapping("d", parse_host("*.openai.azure.com"), None, None, "global")],
        {"deployment": "d", "resource": "d"},
    ),
    "priced by the context": ([], {"deployment": "d", "resource": "gpt-4.1"}),
    "priced as Azure's by the context": (
        [],
        {"deployment": None, "resource": "d", "route_category": "system.openai"},
    ),
    "no Azure OpenAI": ([], {"deployment": None, "resource": "d", "category": "system.azure"}),
    "nobody knows the model": ([], {"deployment": None, "resource": "system.unknown_model"}),
    "no model at all": ([], {"deployment": None, "resource": None}),
}


@pytest.mark.parametrize(("mappings", "asked"), QUIET.values(), ids=QUIET)
def test_what_has_a_price_or_no_name_is_not_told(
    caplog: pytest.LogCaptureFixture, mappings: list[ModelMapping], asked: dict[str, Any]
) -> None:
    check(make_warnings(*mappings), **asked)
    assert not caplog.records


def test_a_mapping_for_another_host_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    mapping = ModelMapping("d", parse_host("other.openai.azure.com"), None, None, "global")
    check(make_warnings(mapping), "d", "d")
    assert len(caplog.records) == 1


def test_a_price_of_the_context_does_not_hide_a_deployment_of_its_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warnings = make_warnings()
    check(warnings, "d", "gpt-4.1")
    check(warnings, "gpt-4.1", "gpt-4.1")
    assert len(caplog.records) == 1


def test_names_with_line_breaks_stay_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    check(make_warnings(), "a\nb", "a\nb")
    assert "\n" not in caplog.records[0].getMessage()


def test_so_many_deployments_are_told_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    warnings = make_warnings()
    for number in range(1100):
        check(warnings, None, f"d{number}")
    assert len(caplog.records) == 1000


@pytest.mark.parametrize("decorator", ["ingest", "proxy"])
def test_a_decorator_for_the_other_mode_is_told_once(
    decorator: str, caplog: pytest.LogCaptureFixture
) -> None:
    warnings = make_warnings()
    for _ in range(3):
        warnings.warn_mixed_modes(decorator)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"inside a function decorated with @{decorator} goes" in record.getMessage()
