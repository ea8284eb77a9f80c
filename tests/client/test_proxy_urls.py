"""The base URLs that make each provider's SDK call through Pay-i."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from payi_transport import (
    payi_anthropic_url,
    payi_aws_bedrock_url,
    payi_azure_anthropic_url,
    payi_azure_openai_url,
    payi_openai_url,
)

PATHS: dict[Callable[[str | None], str], str] = {
    payi_openai_url: "/api/v1/proxy/openai/v1",
    payi_azure_openai_url: "/api/v1/proxy/azure.openai",
    payi_anthropic_url: "/api/v1/proxy/anthropic",
    payi_azure_anthropic_url: "/api/v1/proxy/azure.anthropic",
    payi_aws_bedrock_url: "/api/v1/proxy/aws.bedrock",
}


@pytest.mark.parametrize(("make", "path"), PATHS.items(), ids=[make.__name__ for make in PATHS])
def test_the_base_is_the_argument_else_the_environment_else_the_public_url(
    make: Callable[..., str], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert make() == "https://api.pay-i.com" + path
    monkeypatch.setenv("PAYI_BASE_URL", "https://payi.example.org")
    assert make() == "https://payi.example.org" + path
    assert make("https://other.example.org/") == "https://other.example.org" + path
    assert make(payi_base_url=None) == "https://payi.example.org" + path


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_BASE_URL", "")
    assert payi_openai_url() == "https://api.pay-i.com/api/v1/proxy/openai/v1"
