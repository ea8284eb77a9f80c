"""Mistral's own APIs. Its hosts, which speak OpenAI's API too, are in `compatible`."""

from __future__ import annotations

from payi_transport.providers.mistral.conversations import read_conversation, read_conversation_text
from payi_transport.providers.mistral.documents import read_document
from payi_transport.providers.provider import Operation, Provider, Readers, post
from payi_transport.providers.shared.failures import read_error

__all__ = ["PROVIDER"]

_MISTRAL = "mistral"

PROVIDER = Provider(
    name="mistral",
    operations=(
        Operation(
            name="mistral.conversations",
            category=_MISTRAL,
            paths=(
                post("conversations"),
                post("conversations/[^/]+"),
                post("conversations/[^/]+/restart"),
            ),
            example="/v1/conversations",
            readers=Readers(read_conversation, read_error, read_conversation_text),
            distinctive=False,
            # OpenAI's conversations only store what responses are made of.
            free_elsewhere=True,
        ),
        Operation(
            name="mistral.documents",
            category=_MISTRAL,
            paths=(post("ocr"),),
            example="/v1/ocr",
            readers=Readers(read_document, read_error),
            # Any program's own server may have such a path.
            distinctive=False,
        ),
    ),
)
