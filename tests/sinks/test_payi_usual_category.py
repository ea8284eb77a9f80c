"""The categories that an address has without the user's mappings."""

from __future__ import annotations

import pytest

from payi_transport.sinks.payi_usual_category import find_usual_categories
from payi_transport.values.event import Event


@pytest.mark.parametrize(
    ("uri", "categories"),
    [
        ("https://api.openai.com/v1/chat/completions", ["system.openai", "system.openai"]),
        ("https://llm.test/v1/messages", ["system.anthropic"]),
        ("https://api.anthropic.com/other", ["system.anthropic"]),
        ("https://llm.test/other", []),
        (None, []),
    ],
)
def test_host_and_path_each_have_a_category(uri: str | None, categories: list[str]) -> None:
    sent = Event(category="my.own", units={}, provider_response_id="id", provider_uri=uri)
    assert find_usual_categories(sent) == categories
