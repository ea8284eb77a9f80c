"""Each warning appears once, with the configuration that ends it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from payi_transport.config.mappings import collect_host_mappings, collect_model_mappings
from payi_transport.config.validation import check_config
from payi_transport.decode.pricing import ModelMapping
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.routing.hosts import HostPattern, parse_host
from payi_transport.routing.routes import Route
from payi_transport.values.event import Event

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
    route = Route("openai.chat", route_category, "https://x", HOST, deployment)
    warnings.check_price(
        route, Event(category=category, units={}, provider_response_id="x", resource=resource)
    )


def config_in(message: str) -> dict[str, Any]:
    """Return the config in a message, which is its first JSON object."""
    return dict(json.JSONDecoder().raw_decode(message[message.index("{") :])[0])


@pytest.mark.parametrize(
    ("operation", "category"),
    [("openai.chat", "system.openai"), ("anthropic.messages", "system.anthropic")],
)
def test_an_unmapped_host_is_warned_about_with_the_mapping_to_add(
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
def test_a_stream_without_usage_is_warned_about_once_per_host_with_the_mapping_that_asks_for_it(
    route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    warnings = make_warnings()
    for _ in range(3):
        warnings.warn_missing_units(route, make_event(properties={"team": "mine"}))
    warnings.warn_missing_units(route._replace(host=HostPattern("other.test", None)), make_event())
    message, other = (record.getMessage() for record in caplog.records)
    assert str(route.host) in message and "other.test" in other
    ((pattern, mapping),) = collect_host_mappings(check_config(config_in(message))).items()
    assert (pattern, mapping.include_usage) == (route.host, True)
    assert mapping.category == (None if route.known else route.category)


@pytest.mark.parametrize("way", ["asks_usage", "proxied"])
def test_a_stream_that_only_the_caller_can_ask_for_usage_is_warned_about_with_how_to_ask(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    route = LOCAL._replace(asks_usage=way == "asks_usage", proxied=way == "proxied")
    make_warnings().warn_missing_units(route, make_event())
    assert 'stream_options={"include_usage": True}' in caplog.text


UNARY = {"time_to_first_token_ms": None}


@pytest.mark.parametrize(
    ("operation", "fields"),
    [("openai.chat", UNARY), ("openai.embeddings", UNARY), ("openai.speech", {}), ("cohere.chat", {})],
)
@pytest.mark.parametrize(
    "route", [LOCAL, OWN, LOCAL._replace(proxied=True)], ids=["mapped", "known", "proxied"]
)
def test_a_response_without_readable_usage_is_warned_about_once_per_host_and_names_the_operation(
    operation: str, fields: dict[str, Any], route: Route, caplog: pytest.LogCaptureFixture
) -> None:
    warnings = make_warnings()
    for _ in range(3):
        warnings.warn_missing_units(route._replace(operation=operation), make_event(**fields))
    (record,) = caplog.records
    assert f"a response from {route.host} ({operation}) has no usage" in record.getMessage()
    assert "please report that as a bug" in record.getMessage()
    assert "stream_options" not in record.getMessage()


def test_the_number_of_hosts_that_are_warned_about_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    warnings = make_warnings()
    for number in range(1100):
        warnings.warn_missing_units(LOCAL._replace(host=HostPattern(f"h{number}", None)), make_event())
    assert len(caplog.records) == 1000


@pytest.mark.parametrize("deployment", ["my-gpt", None], ids=["in the path", "in a header or the body"])
def test_an_azure_deployment_without_a_mapping_is_warned_about_once(
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
    "priced by the scope": ([], {"deployment": "d", "resource": "gpt-4.1"}),
    "priced as Azure's by the scope": (
        [],
        {"deployment": None, "resource": "d", "route_category": "system.openai"},
    ),
    "not Azure OpenAI": ([], {"deployment": None, "resource": "d", "category": "system.azure"}),
    "unknown model": ([], {"deployment": None, "resource": "system.unknown_model"}),
    "no model": ([], {"deployment": None, "resource": None}),
}


@pytest.mark.parametrize(("mappings", "call"), QUIET.values(), ids=QUIET)
def test_a_call_with_a_price_or_without_a_name_is_not_warned_about(
    caplog: pytest.LogCaptureFixture, mappings: list[ModelMapping], call: dict[str, Any]
) -> None:
    check(make_warnings(*mappings), **call)
    assert not caplog.records


def test_a_mapping_for_another_host_does_not_prevent_the_warning(caplog: pytest.LogCaptureFixture) -> None:
    mapping = ModelMapping("d", parse_host("other.openai.azure.com"), None, None, "global")
    check(make_warnings(mapping), "d", "d")
    assert len(caplog.records) == 1


def test_a_price_that_a_scope_sets_does_not_hide_a_deployment_of_the_same_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warnings = make_warnings()
    check(warnings, "d", "gpt-4.1")
    check(warnings, "gpt-4.1", "gpt-4.1")
    assert len(caplog.records) == 1


def test_a_name_with_line_breaks_stays_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    check(make_warnings(), "a\nb", "a\nb")
    assert "\n" not in caplog.records[0].getMessage()


def test_the_number_of_warnings_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    warnings = make_warnings()
    for number in range(1100):
        check(warnings, None, f"d{number}")
    assert len(caplog.records) == 1000


@pytest.mark.parametrize("decorator", ["ingest", "proxy"])
def test_a_decorator_for_the_other_mode_is_warned_about_once(
    decorator: str, caplog: pytest.LogCaptureFixture
) -> None:
    warnings = make_warnings()
    for _ in range(3):
        warnings.warn_mixed_modes(decorator)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"inside a function decorated with @{decorator} goes" in record.getMessage()


TEXTS = {
    "unmapped host": (
        lambda warnings: warnings.warn_unmapped_host("llm.test", "openai.chat"),
        "calls to llm.test look like LLM calls (openai.chat) but are not reported, because the host is"
        " neither known nor mapped. To report them, add this to the config, with the category to price them"
        ' as: {"host_mappings": {"llm.test": {"price_as_category": "system.openai"}}}',
    ),
    "@ingest in proxy mode": (
        lambda warnings: warnings.warn_mixed_modes("ingest"),
        "a call inside a function decorated with @ingest goes through Pay-i's proxy, because of its client's"
        " base URL or proxy=True. Decorate the function with @proxy or @track, or point the client at the"
        " provider and remove proxy=True",
    ),
    "@proxy without proxy mode": (
        lambda warnings: warnings.warn_mixed_modes("proxy"),
        "a call inside a function decorated with @proxy goes through Pay-i's proxy, but the program is not in"
        " proxy mode. Decorate the function with @ingest or @track, or send all calls through the proxy with"
        ' config={"proxy": True}',
    ),
    "no usage, and a mapping asks for it": (
        lambda warnings: warnings.warn_missing_units(OWN, make_event()),
        "a stream from api.openai.com reported no usage, so its event has no units, and the property"
        " system.units is 'missing'. If the host accepts stream_options, add this to the config:"
        ' {"host_mappings": {"api.openai.com": {"include_usage": true}}}. payi_stats().missing_units counts'
        " such calls",
    ),
    "no usage, and only the caller can ask for it": (
        lambda warnings: warnings.warn_missing_units(LOCAL._replace(proxied=True), make_event()),
        "a stream from llm.test:8000 reported no usage, so its event has no units, and the property"
        " system.units is 'missing'. If the host accepts stream_options, make the call with"
        ' stream_options={"include_usage": True}. payi_stats().missing_units counts such calls',
    ),
    "a body that is too large": (
        lambda warnings: warnings.warn_missing_units(
            OWN, make_event(properties={"system.units.reason": "it is over capture.max_body_bytes"})
        ),
        "a response from api.openai.com (openai.chat) can't be read to its end, because it is over"
        " capture.max_body_bytes. So its event lacks units, and the property system.units.reason says why. To"
        ' keep larger bodies, raise it in the config: {"capture": {"max_body_bytes": <bytes>}}.'
        " payi_stats().missing_units counts such calls",
    ),
    "a body in a coding that is not installed": (
        lambda warnings: warnings.warn_missing_units(
            OWN, make_event(properties={"system.units.reason": "its coding needs pip install x"})
        ),
        "a response from api.openai.com (openai.chat) can't be read to its end, because its coding needs pip"
        " install x. So its event lacks units, and the property system.units.reason says why. If the host can"
        " send gzip, make the calls with the header Accept-Encoding: gzip. payi_stats().missing_units counts"
        " such calls",
    ),
    "deployment": (
        lambda warnings: check(warnings, "my-gpt", "my-gpt"),
        'Azure deployment "my-gpt" has no model mapping, so it is priced by its own name, which may have no'
        ' price. To price it as a model, add this to the config: {"openai_config": {"model_mappings":'
        ' [{"model": "my-gpt", "price_as_resource": "<model>"}]}}',
    ),
}


@pytest.mark.parametrize(("warn", "text"), TEXTS.values(), ids=TEXTS)
def test_a_warning_says_what_happened_what_it_means_and_what_to_do(
    warn: Callable[[OneTimeWarnings], None], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    warn(make_warnings())
    assert [record.getMessage() for record in caplog.records] == [f"payi_transport: {text}"]
