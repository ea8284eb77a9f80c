"""Cohere's API. None of its hosts is known: users map them to the category that they price it by."""

from __future__ import annotations

from payi_transport.providers.cohere.responses import read_chat, read_chat_text, read_error, read_search
from payi_transport.providers.provider import Operation, Provider, Readers, post
from payi_transport.values.names import PayiCategories

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="cohere",
    operations=(
        Operation(
            name="cohere.chat",
            category=PayiCategories.openai,
            paths=(post("v[12]/chat"),),
            example="/v2/chat",
            readers=Readers(read_chat, read_error, read_chat_text),
            distinctive=False,
        ),
        Operation(
            name="cohere.search",
            category=PayiCategories.openai,
            paths=(post("v[12]/embed"), post("v[12]/rerank")),
            example="/v2/embed",
            readers=Readers(read_search, read_error),
            # Any program's own server may have a path such as `/v1/embed`, so it causes no warning.
            distinctive=False,
        ),
    ),
)
