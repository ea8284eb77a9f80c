"""How what Databricks Model Serving sends is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.databricks.invocations import read_invocation
from payi_transport.providers.openai.chat import is_repeatable
from payi_transport.providers.openai.text import read_output_text, read_prompt_texts
from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.failures import read_error

__all__ = ["READERS"]

READERS: Final = {
    "databricks.invocations": Readers(
        read_invocation, read_error, read_output_text, read_prompt_texts, is_repeatable=is_repeatable
    ),
}
