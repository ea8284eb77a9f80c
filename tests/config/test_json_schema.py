"""The JSON Schema says what the check says."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from payi_transport.config.json_schema import make_json_schema
from payi_transport.config.schema import Settings


def errors(config: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(make_json_schema())
    return [error.message for error in validator.iter_errors(config)]


def test_it_is_a_schema_that_can_be_written() -> None:
    schema = json.loads(json.dumps(make_json_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "The configuration of payi_transport"
    assert set(schema["$defs"]["Settings"]["properties"]) == {*Settings.__struct_fields__} - {"on_limit"}


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"user_id": "a", "delivery": {"mode": "inline", "flush_interval": 0.5}},
        {"offline_instrumentation": "calls.json"},
        {"offline_instrumentation": {"file_name": "calls.json"}},
        {"host_mappings": {"gw": {"price_as_category": "system.openai"}}},
        {"request_properties": {"team": "a", "n": 1}},
        {"offline_instrumentation": True},
        {"budgets": {"a": {"amount": 5.5}, "b": {"amount": "5.5"}}},
        {
            "prices": {
                "own": [{"units": {"text": {"input": 0.1}}, "from": "2026-01-01"}, {"multiplier": "1.1"}]
            }
        },
    ],
    ids=repr,
)
def test_what_the_check_accepts_is_valid(config: Any) -> None:
    assert errors(config) == []


@pytest.mark.parametrize(
    "config",
    [
        {"user": "a"},
        {"delivery": {"mode": "x"}},
        {"delivery": {"flush_interval": 0}},
        {"proxy": "yes"},
        {"offline_instrumentation": 3},
        {"on_limit": "print"},
        {"budgets": {"a": {"amount": [5]}}},
        {"prices": {"own": [{"free": True, "from": 5}]}},
        {"prices": {"own": [{"multiplier": [1]}]}},
        {"budgets": {"a": {"amount": 5, "warn_at": [11]}}},
    ],
    ids=repr,
)
def test_what_the_check_refuses_is_not(config: Any) -> None:
    assert errors(config)
