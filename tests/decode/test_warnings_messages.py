"""What warnings say about calls that are not read, that have no price, and that another SDK records, too."""

from __future__ import annotations

import json
import logging
import sys
import types
from typing import Any

import pytest

from payi_transport.config.mappings import collect_host_mappings
from payi_transport.config.validation import check_config
from payi_transport.decode.pricing import ModelMapping
from payi_transport.decode.warnings import OneTimeWarnings
from payi_transport.routing.hosts import HostPattern
from payi_transport.routing.routes import Route
from payi_transport.values.event import Event

AZURE = "system.azureopenai"


def make_warnings(*mappings: ModelMapping) -> OneTimeWarnings:
    return OneTimeWarnings(logging.getLogger("tests.warnings"), mappings)


def texts(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("reason", "why", "remedy"),
    [
        ("batch", "this version does not read the results of batches", "use client.ingest.units()"),
        ("path", "this version does not read this API", "use client.ingest.units()"),
        ("channel", "its channel was made before payi_instrument() was called", "make the channel later"),
    ],
)
def test_calls_that_are_not_read_are_warned_about_with_why_and_what_to_do(
    reason: str, why: str, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_warnings().warn_unread("api.test", reason, "POST /v1/batches")
    assert texts(caplog) == [
        f"payi_transport: POST /v1/batches at api.test is not reported, because {why}."
        f" payi_stats().unobserved counts such calls; to report their cost, {remedy}"
    ]


def route_to(host: str, category: str, known: bool = True) -> Route:
    return Route("openai.chat", category, f"https://{host}/v1", HostPattern(host, None), known=known)


def event_of(category: str, **fields: Any) -> Event:
    return Event(category=category, units={}, provider_response_id="x", **fields)


def test_a_provider_without_a_category_of_pay_is_is_warned_about_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warnings = make_warnings()
    for host, category in (
        *[("api.moonshot.ai", "moonshot")] * 2,
        ("api.moonshot.cn", "moonshot"),
        ("api.groq.com", "groq"),
    ):
        warnings.check_category(route_to(host, category), event_of(category))
    first, second = texts(caplog)
    assert first == (
        "payi_transport: calls to api.moonshot.ai are reported with the category 'moonshot', because Pay-i"
        " has none of its own for this provider, so they have no price until you define it there. To price"
        " them as another category, add this to the config:"
        ' {"host_mappings": {"api.moonshot.ai": {"price_as_category": "<category>"}}}'
    )
    assert "calls to api.groq.com are reported with the category 'groq'" in second
    ((pattern, mapping),) = collect_host_mappings(check_config(json.loads(first[first.index("{") :]))).items()
    assert (pattern, mapping.category) == (HostPattern("api.moonshot.ai", None), "<category>")


@pytest.mark.parametrize(
    ("route", "category"),
    [
        (route_to("api.openai.com", "system.openai"), "system.openai"),
        (route_to("api.groq.com", "groq", known=False), "groq"),
        # A mapping, or the scope, has set it.
        (route_to("api.groq.com", "mine"), "mine"),
        (route_to("api.groq.com", "groq"), "mine"),
        (route_to("llm.test", "groq"), "groq"),
    ],
)
def test_a_category_of_pay_is_or_of_the_users_own_is_not_warned_about(
    route: Route, category: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_warnings().check_category(route, event_of(category))
    assert texts(caplog) == []


def pretend_that_it_is_instrumented(monkeypatch: pytest.MonkeyPatch, **instrumentor: Any) -> None:
    module = types.ModuleType("payi.lib.instrument")
    module.__dict__["_instrumentor"] = types.SimpleNamespace(**instrumentor) if instrumentor else None
    monkeypatch.setitem(sys.modules, "payi.lib.instrument", module)


def test_calls_that_pay_is_own_sdk_records_too_are_warned_about_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    warnings = make_warnings()
    monkeypatch.delitem(sys.modules, "payi.lib.instrument", raising=False)
    warnings.check_other_sdk()
    pretend_that_it_is_instrumented(monkeypatch)
    warnings.check_other_sdk()
    pretend_that_it_is_instrumented(monkeypatch, _proxy_default=True)
    warnings.check_other_sdk()
    assert texts(caplog) == []
    pretend_that_it_is_instrumented(monkeypatch, _other=1)
    for _ in range(2):
        warnings.check_other_sdk()
    assert texts(caplog) == [
        "payi_transport: payi.lib.instrument.payi_instrument() was called in this process, too. A call that"
        " both record counts twice. Call only one of them: import payi_instrument from payi_transport"
        " everywhere"
    ]


@pytest.mark.parametrize(
    ("operation", "known", "text"),
    [
        (
            "openai.embeddings",
            True,
            "Look at the response in the event: if it states a usage, please report that as a bug; if not,"
            " the provider bills this call by something that it does not send",
        ),
        (
            "openai.embeddings",
            False,
            "Look at the response in the event. If the host's format is that of another provider than the"
            " path suggests, or if its usage has a form of its own, please report that as a bug",
        ),
    ],
)
def test_a_response_without_readable_usage_is_warned_about_with_what_to_look_at(
    operation: str, known: bool, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    route = route_to("llm.test", "mine", known=known)._replace(operation=operation)
    make_warnings().warn_missing_units(route, event_of("mine"))
    assert texts(caplog) == [
        f"payi_transport: a response from llm.test ({operation}) has no usage that can be read, so its event"
        f" has no units, and the property system.units is 'missing'. {text}. payi_stats().missing_units"
        " counts such calls"
    ]


def test_a_stream_of_a_mapped_host_is_warned_about_with_the_category_that_the_mapping_has(
    caplog: pytest.LogCaptureFixture,
) -> None:
    route = route_to("llm.test", "my.models", known=False)
    make_warnings().warn_missing_units(route, event_of("my.models", time_to_first_token_ms=0))
    assert (
        'add this to the config: {"host_mappings": {"llm.test": {"price_as_category": "my.models",'
        ' "include_usage": true}}}. payi_stats()' in caplog.text
    )


def test_a_deployment_of_the_name_that_a_mapping_prices_another_as_is_not_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warnings = make_warnings(ModelMapping("other", None, None, "gpt-4.1"))
    for deployment in ("gpt-4.1", "mine"):
        route = route_to("mine.openai.azure.com", AZURE)._replace(resource=deployment)
        warnings.check_price(route, event_of(AZURE, resource=deployment))
    (text,) = texts(caplog)
    assert 'Azure deployment "mine" has no model mapping' in text
