"""What calls are priced as: their scope wins over mappings, and mappings win over the route."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from payi_transport.context.frame import Frame
from payi_transport.decode.options import DecodeOptions
from payi_transport.decode.pricing import ModelMapping
from payi_transport.routing.hosts import HostPattern
from tests.support.exchanges import ROUTE, decode_case, make_exchange, read
from tests.support.wire_cases import UNARY, WireCase, by_name


def test_the_price_that_a_scope_sets_wins_over_host_and_model() -> None:
    frame = Frame(price_as_category="system.azure", price_as_resource="gpt-cheap")
    event = decode_case(UNARY, context=frame)
    assert (event.category, event.resource) == ("system.azure", "gpt-cheap")


@pytest.mark.parametrize(
    ("request_body", "answer_model", "resource"),
    [
        (b'{"model":"asked"}', "answered", "asked"),
        (b"{}", "answered", "answered"),
        (b'{"model":7}', "answered", "answered"),
        (b"", None, "system.unknown_model"),
    ],
)
def test_the_resource_is_the_requested_model_and_else_the_one_in_the_response(
    request_body: bytes, answer_model: str | None, resource: str
) -> None:
    body = msgspec.json.encode({"id": "x", "model": answer_model})
    case = WireCase("model", request_body, body, 200, {"content-type": "application/json"}, {})
    assert decode_case(case).resource == resource


AZURE = {"category": "system.azureopenai"}


@pytest.mark.parametrize(
    ("route", "headers", "resource"),
    [
        (AZURE, {"x-ms-deployment-name": "mine"}, "mine"),
        ({"category": "system.azure"}, {"X-Ms-Deployment-Name": "mine"}, "mine"),
        ({**AZURE, "resource": "in-path"}, {"x-ms-deployment-name": "mine"}, "in-path"),
        ({**AZURE, "resource": "in-path"}, {}, "in-path"),
        (AZURE, {"x-ms-deployment-name": ""}, "gpt-4.1"),
        (AZURE, {}, "gpt-4.1"),
        ({}, {"x-ms-deployment-name": "mine"}, "gpt-4.1"),
    ],
)
def test_an_azure_deployment_is_in_the_path_or_in_a_header(
    route: dict[str, Any], headers: dict[str, str], resource: str
) -> None:
    event = read(make_exchange(UNARY, headers=headers, route=ROUTE._replace(**route)))
    assert (event.category, event.resource) == (route.get("category", "system.openai"), resource)


MAPPED = ModelMapping("gpt-4.1", None, "my.models", "mapped", "datazone")


@pytest.mark.parametrize(
    ("context", "mapping", "price"),
    [
        (Frame(), None, ("system.openai", "gpt-4.1", None)),
        (Frame(), MAPPED, ("my.models", "mapped", "datazone")),
        (Frame(resource_scope="global"), MAPPED, ("my.models", "mapped", "datazone")),
        (
            Frame(resource_scope="global"),
            msgspec.structs.replace(MAPPED, resource_scope=None),
            ("my.models", "mapped", "global"),
        ),
        (Frame(price_as_category="c"), MAPPED, ("c", "gpt-4.1", None)),
        (Frame(price_as_resource="r"), MAPPED, ("system.openai", "r", None)),
        (
            Frame(price_as_category="c", price_as_resource="gpt-4.1", resource_scope="global"),
            MAPPED,
            ("c", "gpt-4.1", "global"),
        ),
    ],
)
def test_a_scope_wins_over_mappings_and_mappings_win_over_the_route(
    context: Frame, mapping: ModelMapping | None, price: tuple[str, str, str | None]
) -> None:
    options = DecodeOptions(model_mappings=(mapping,) if mapping else ())
    event = read(make_exchange(UNARY, context=context), options)
    assert (event.category, event.resource, event.scope) == price


@pytest.mark.parametrize("model", ["claude-haiku-4-5@20251001", "anthropic.claude-haiku-4-5@20251001"])
def test_a_mapping_may_name_a_model_on_vertex_with_or_without_its_prefix(model: str) -> None:
    mapping = ModelMapping(model, None, "my.models", "mapped", "region.eu")
    event = read(make_exchange(by_name["anthropic/vertex_unary"]), DecodeOptions(model_mappings=(mapping,)))
    assert (event.category, event.resource, event.scope) == ("my.models", "mapped", "region.eu")


@pytest.mark.parametrize(
    ("case", "model"),
    [
        ("google/gemini_latest_alias", "gemini-flash-latest"),
        ("google/gemini_latest_alias", "google.gemini-flash-latest"),
        ("google/gemini_latest_alias", "gemini-3.8-flash"),
        ("google/gemini_latest_alias", "google.gemini-3.8-flash"),
        ("google/vertex_tuned_endpoint", "4711"),
        ("google/vertex_openai_chat", "google/gemini-3.1-pro-preview"),
        ("google/vertex_openai_chat", "google.gemini-3.1-pro-preview"),
        ("google/vertex_openai_chat", "gemini-3.1-pro-preview"),
        ("google/gemini_error_400", "gemini-2.5-flash"),
        ("google/gemini_error_400", "google.gemini-2.5-flash"),
    ],
)
def test_a_mapping_may_use_any_name_of_a_google_model(case: str, model: str) -> None:
    mapping = ModelMapping(model, None, "my.models", "mapped", "region.eu")
    event = read(make_exchange(by_name[case]), DecodeOptions(model_mappings=(mapping,)))
    assert (event.category, event.resource, event.scope) == ("my.models", "mapped", "region.eu")


def test_a_call_to_google_is_priced_as_its_scope_says() -> None:
    frame = Frame(price_as_category="c", price_as_resource="r", resource_scope="region.eu")
    event = decode_case(by_name["google/gemini_unary"], context=frame)
    assert (event.category, event.resource, event.scope) == ("c", "r", "region.eu")
    frame = Frame(resource_scope="region.eu")
    event = decode_case(by_name["google/gemini_unary"], context=frame)
    assert (event.resource, event.scope) == ("google.gemini-2.5-flash", "region.eu")


@pytest.mark.parametrize(
    ("more", "scope"),
    [
        ({}, "datazone.us"),
        ({"price_as_resource": "claude-mine"}, "global"),
        ({"price_as_category": "my.models"}, "global"),
    ],
)
def test_where_a_request_was_processed_wins_unless_the_scope_states_a_price(more: Any, scope: str) -> None:
    case = by_name["anthropic/geo_tier_speed_unary"]
    assert decode_case(case).scope == "datazone.us"
    assert decode_case(case, context=Frame(resource_scope="global", **more)).scope == scope
    assert decode_case(case, context=Frame(**more)).scope == "datazone.us"
    elsewhere = by_name["anthropic/message_unary"]
    assert decode_case(elsewhere, context=Frame(resource_scope="global", **more)).scope == "global"


def test_a_resource_that_the_user_sets_gets_no_prefix() -> None:
    frame = Frame(price_as_resource="claude-mine")
    event = decode_case(by_name["anthropic/vertex_unary"], context=frame)
    assert (event.category, event.resource) == ("system.google.vertex", "claude-mine")


@pytest.mark.parametrize("host", ["bedrock-runtime.us-east-1.amazonaws.com", "other.test"])
def test_a_mapping_for_a_host_applies_to_a_model_named_in_the_path(host: str) -> None:
    case = by_name["bedrock/llama_unary"]
    name = "bedrock-runtime.us-east-1.amazonaws.com"
    mapping = ModelMapping(case.route["resource"], HostPattern(host, None), None, "my-llama")
    exchange = make_exchange(case)
    route = exchange.route._replace(host=HostPattern(name, None))
    event = read(replace(exchange, route=route), DecodeOptions(model_mappings=(mapping,)))
    assert event.resource == ("my-llama" if host == name else case.route["resource"])


PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
CLAUDE = "anthropic.claude-sonnet-4-5"


@pytest.mark.parametrize(
    ("context", "mapping", "resource", "unit"),
    [
        (Frame(), ModelMapping(PROFILE, None, None, CLAUDE), CLAUDE, "text_large_context"),
        (Frame(price_as_resource=CLAUDE), None, CLAUDE, "text_large_context"),
        (Frame(), ModelMapping(PROFILE, None, None, "mine"), "mine", "text"),
        (Frame(), None, PROFILE, "text"),
    ],
)
def test_an_inference_profile_has_the_units_of_the_model_that_it_is_priced_as(
    context: Frame, mapping: ModelMapping | None, resource: str, unit: str
) -> None:
    exchange = make_exchange(by_name["bedrock/converse_large_context"], context=context)
    route = exchange.route._replace(resource=PROFILE)
    event = read(replace(exchange, route=route), DecodeOptions(model_mappings=(mapping,) if mapping else ()))
    assert event.resource == resource
    assert unit in event.units
