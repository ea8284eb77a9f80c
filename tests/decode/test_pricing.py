"""Model mappings: the first that fits a model and its host says what the call is priced as."""

from __future__ import annotations

from dataclasses import replace

import pytest

from payi_transport.decode.pricing import (
    ModelMapping,
    Price,
    apply_mappings,
    find_mapping,
    find_requested_model,
    name_resource,
    price_call,
)
from payi_transport.routing.hosts import HostPattern, parse_host
from payi_transport.values.event import ParsedResponse
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import by_name

HOST = HostPattern("a.example.com", 8443)
PRICE = Price("system.openai", "m", "region.eu")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (None, True),
        ("a.example.com", True),
        ("https://A.example.com:8443/v1", True),
        ("*.example.com", True),
        ("*.com:8443", True),
        ("a.example.com:9000", False),
        ("b.example.com", False),
        ("*.a.example.com", False),
        ("example.com", False),
    ],
)
def test_a_mapping_with_a_host_applies_only_there(pattern: str | None, fits: bool) -> None:
    mapping = ModelMapping("m", parse_host(pattern) if pattern else None, price_as_resource="p")
    assert find_mapping([mapping], {"m"}, HOST) == (mapping if fits else None)


@pytest.mark.parametrize("model", ["M", "m2", "", "m "])
def test_a_mapping_applies_only_to_its_model(model: str) -> None:
    assert find_mapping([ModelMapping("m")], {model}, HOST) is None


def test_the_first_mapping_that_matches_wins() -> None:
    elsewhere, first, second = (
        ModelMapping("m", parse_host("b.test"), "c0"),
        ModelMapping("m", None, "c1"),
        ModelMapping("m", parse_host("a.example.com"), "c2"),
    )
    assert find_mapping([elsewhere, first, second], {"m"}, HOST) is first
    assert find_mapping([elsewhere, second, first], {"m"}, HOST) is second


@pytest.mark.parametrize(
    ("mapping", "price"),
    [
        (ModelMapping("m", None, "c", "r", "global"), Price("c", "r", "global")),
        (ModelMapping("m", None, "c"), Price("c", "m", "region.eu")),
        (ModelMapping("m", None, None, "r"), Price("system.openai", "r", "region.eu")),
        (ModelMapping("m", None, None, None, "datazone"), Price("system.openai", "m", "datazone")),
        (ModelMapping("other", None, "c", "r", "global"), PRICE),
    ],
)
def test_what_a_mapping_omits_stays_the_same(mapping: ModelMapping, price: Price) -> None:
    assert apply_mappings([mapping], PRICE, {"m"}, HOST) == price


def test_without_mappings_a_price_stays_the_same() -> None:
    assert apply_mappings((), PRICE, {"m"}, HOST) is PRICE


def test_a_mapped_resource_is_not_mapped_again() -> None:
    mappings = [ModelMapping("m", None, None, "n"), ModelMapping("n", None, None, "o")]
    assert apply_mappings(mappings, PRICE, {"m"}, HOST).resource == "n"


@pytest.mark.parametrize(
    ("prefix", "model", "resource"),
    [
        ("google.", "gemini-x", "google.gemini-x"),
        ("google.", "google.gemini-x", "google.gemini-x"),
        ("google.", "models/gemini-x", "google.gemini-x"),
        ("google.", "google/gemini-x", "google.gemini-x"),
        ("google.", "publishers/google/models/gemini-x", "google.gemini-x"),
        ("google.", "projects/p/locations/l/publishers/google/models/gemini-x", "google.gemini-x"),
        ("google.", "meta/llama-x", "meta.llama-x"),
        ("google.", "tunedModels/mine", "google.mine"),
        ("google.", "endpoints/4711", "google.4711"),
        ("google.", "/", "google."),
        ("anthropic.", "claude-x@20260101", "anthropic.claude-x@20260101"),
        ("", "meta/llama-x", "meta/llama-x"),
        ("", "google.gemini-x", "google.gemini-x"),
    ],
)
def test_a_resource_is_the_publisher_and_the_model(prefix: str, model: str, resource: str) -> None:
    assert name_resource(prefix, model) == resource


def test_a_mapping_of_the_model_that_responded_applies_where_none_was_requested() -> None:
    exchange = make_exchange(replace(by_name["openai/chat_unary"], request=b"{}"))
    mappings = [ModelMapping("served", None, price_as_resource="mapped")]
    price = price_call(exchange, ParsedResponse(model="served"), None, "", mappings)
    assert price.resource == "mapped"


PROMPT = "word " * 3000


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (f'{{"model":"a-1","messages":"{PROMPT}"}}', "a-1"),
        (f'{{ "model" : "azure/a.1:b" , "messages": "{PROMPT}"}}', "azure/a.1:b"),
        (f'{{"messages":"{PROMPT}","model":"a"}}', "a"),
        # Of a key that comes twice, the last one counts. One inside of a value doesn't.
        (f'{{"model":"a","messages":"{PROMPT}","model":"b"}}', "b"),
        (f'{{"model":"a","messages":"{PROMPT}","metadata":{{"model":"b"}}}}', "a"),
        (f'{{"model":"a\\u0062","messages":"{PROMPT}"}}', "ab"),
        (f'{{"model":"\u00e9","messages":"{PROMPT}"}}', "\u00e9"),
        (f'{{"model":null,"messages":"{PROMPT}"}}', None),
        (f'{{"model":"","messages":"{PROMPT}"}}', None),
        (f'["model","a","{PROMPT}"]', None),
    ],
)
def test_the_model_of_a_large_request_is_read(body: str, model: str | None) -> None:
    exchange = make_exchange(by_name["openai/chat_unary"])
    exchange.request_body = body.encode()
    exchange.route = exchange.route._replace(resource=None)
    assert find_requested_model(exchange, {}) == model
