"""Chat completions of Google's OpenAI-compatible endpoint.

Source: https://ai.google.dev/gemini-api/docs/openai and Vertex AI's page on the same. Unlike OpenAI's own,
thoughts are not part of the completion tokens. The Gemini API counts them only in the grand total, so they
are what remains of it; Vertex AI names them as reasoning tokens too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.openai import chat as openai
from payi_transport.providers.openai.usage import map_usage
from payi_transport.providers.shared.counts import count, section
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse

__all__ = ["read_chat"]


def read_chat(raw: RawResponse) -> ParsedResponse:
    """Read chat completions of Google's models."""
    return openai.read_chat(raw, lambda usage: map_usage(_name_thoughts(usage)))


def _name_thoughts(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the usage with thoughts as reasoning tokens: the total minus prompt and completion."""
    total, prompt, completion = (
        count(usage, name) or 0 for name in ("total_tokens", "prompt_tokens", "completion_tokens")
    )
    known = section(usage, "completion_tokens_details")
    thoughts = total - prompt - completion
    # If reasoning is named already, adding the rest of the total would count it twice.
    if thoughts <= 0 or count(known, "reasoning_tokens"):
        return usage
    details = {**known, "reasoning_tokens": thoughts}
    # The reader for OpenAI sees that the total exceeds prompt and completion by exactly the reasoning, and
    # adds it to the completion by itself.
    return {**usage, "completion_tokens": completion, "completion_tokens_details": details}
