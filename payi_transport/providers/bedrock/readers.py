"""How what Amazon Bedrock sends is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.bedrock.converse import read_converse, read_error
from payi_transport.providers.bedrock.guardrail import read_checks, read_guardrail
from payi_transport.providers.bedrock.invoke import read_invocation, unwrap_chunks
from payi_transport.providers.bedrock.text import read_image_prompt_texts, read_output_text
from payi_transport.providers.provider import Readers

__all__ = ["READERS"]

READERS: Final = {
    "bedrock.converse": Readers(read_converse, read_error, read_output_text, read_image_prompt_texts),
    "bedrock.invoke": Readers(
        read_invocation, read_error, read_output_text, read_image_prompt_texts, unwrap=unwrap_chunks
    ),
    "bedrock.guardrail": Readers(read_guardrail, read_error),
    "bedrock.checks": Readers(read_checks, read_error),
}
