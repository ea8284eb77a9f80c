"""OpenAI's wire format as Google speaks it: thoughts are beside the completion, and long prompts cost more.

Source: https://ai.google.dev/gemini-api/docs/openai and Vertex AI's page on the same. The Gemini API counts
thoughts in the total alone, Vertex AI names them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.providers.google.content import bare_name
from payi_transport.providers.google.usage import find_suffix
from payi_transport.providers.openai import chat as openai
from payi_transport.providers.reading.counts import count, section
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["read_chat"]


def read_chat(raw: RawResponse) -> ParsedResponse:
    """Chat completions of Google's models."""
    model = bare_name(raw.requested_model)
    return openai.read_chat(raw, lambda usage: _map_usage(usage, model))


def _map_usage(usage: Mapping[str, Any], model: str | None) -> dict[str, Units]:
    suffix = find_suffix(model, count(usage, "prompt_tokens"))
    units = openai.map_usage(_tell_thoughts(usage))
    return {f"{name}{suffix}": unit for name, unit in units.items()}


def _tell_thoughts(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """A usage that names what its total holds beside prompt and completion."""
    total, prompt, completion = (
        count(usage, name) or 0 for name in ("total_tokens", "prompt_tokens", "completion_tokens")
    )
    spent = section(usage, "completion_tokens_details")
    thoughts = total - prompt - completion
    if thoughts <= 0 or count(spent, "reasoning_tokens"):
        return usage
    details = {**spent, "reasoning_tokens": thoughts}
    return {**usage, "completion_tokens": completion, "completion_tokens_details": details}
