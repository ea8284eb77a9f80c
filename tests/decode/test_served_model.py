"""The model that served a call is reported where it is another one than the one that is priced."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.decode.served_model import describe_served_model
from payi_transport.values.event import ParsedResponse
from tests.support.exchanges import make_exchange, read
from tests.support.wire_cases import UNARY

SAME = [
    ("gpt-4.1", "gpt-4.1"),
    ("gpt-4.1", "gpt-4.1-2025-04-14"),
    ("gpt-4.1-2025-04-14", "gpt-4.1"),
    ("gpt-4", "gpt-4-0613"),
    ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
    ("mistral-large-latest", "mistral-large-2411"),
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
    ("anthropic.claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929"),
    ("google.gemini-2.5-flash", "gemini-2.5-flash-001"),
    ("google.gemini-2.5-pro", "models/gemini-2.5-pro"),
    ("Qwen/Qwen3-8B", "qwen/qwen3-8b"),
]
OTHERS = [
    ("openrouter/auto", "anthropic/claude-sonnet-4.5"),
    ("model-router", "gpt-5-mini-2025-08-07"),
    ("my-deployment", "gpt-4.1-2025-04-14"),
    ("gpt-4o", "gpt-4o-mini-2024-07-18"),
    ("gpt-4o-mini", "gpt-4o"),
    ("claude-sonnet-4", "claude-sonnet-4-5-20250929"),
    ("gpt-4.1", "gpt-4.5"),
    ("arn:aws:bedrock:us-east-1:1:application-inference-profile/a1", "claude-sonnet-4-5-20250929"),
]


@pytest.mark.parametrize(("resource", "served"), SAME)
def test_a_version_of_the_model_is_no_other_model(resource: str, served: str) -> None:
    assert describe_served_model(ParsedResponse(model=served), resource) == {}


@pytest.mark.parametrize(("resource", "served"), OTHERS)
def test_another_model_is_reported(resource: str, served: str) -> None:
    expected = {"provider.served_model": served}
    assert describe_served_model(ParsedResponse(model=served), resource) == expected
    # A model that stood in for the one that the response names.
    stood_in = ParsedResponse(model="declined", resource=served)
    assert describe_served_model(stood_in, resource) == expected
    assert describe_served_model(stood_in, served) == {}


def test_a_response_may_name_no_model_or_write_a_novel() -> None:
    assert describe_served_model(ParsedResponse(), "m") == {}
    assert describe_served_model(ParsedResponse(model="x" * 999), "m") == {"provider.served_model": "x" * 200}


@given(st.text(max_size=60), st.text("ab.-/@:v0123456789latest", max_size=60))
def test_any_name_is_itself(name: str, other: str) -> None:
    assert describe_served_model(ParsedResponse(model=name), name) == {}
    describe_served_model(ParsedResponse(model=other), name)


@pytest.mark.parametrize("log_content", [True, False])
def test_it_is_reported_without_content_too(log_content: bool) -> None:
    body: Any = {**json.loads(UNARY.response), "model": "anthropic/claude-sonnet-4.5"}
    case = replace(UNARY, response=json.dumps(body).encode(), request=b'{"model":"openrouter/auto"}')
    event = read(make_exchange(case, log_content=log_content))
    assert event.resource == "openrouter/auto"
    assert event.properties == {"provider.served_model": "anthropic/claude-sonnet-4.5"}
