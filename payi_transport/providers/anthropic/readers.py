"""How what Anthropic's API sends is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.anthropic.messages import is_repeatable, read_message
from payi_transport.providers.anthropic.text import read_output_text, read_prompt_texts
from payi_transport.providers.google.content import read_error as read_google_error
from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.failures import read_error

__all__ = ["READERS"]

READERS: Final = {
    "anthropic.messages": Readers(
        read_message, read_error, read_output_text, read_prompt_texts, is_repeatable=is_repeatable
    ),
    # An error has Anthropic's shape or Google's, and Google's reader reads both. Models of Google and of
    # Anthropic share this category, so a prefix tells them apart.
    "anthropic.vertex": Readers(
        *(read_message, read_google_error, read_output_text, read_prompt_texts),
        prefix="anthropic.",
        is_repeatable=is_repeatable,
    ),
}
