"""Cohere's API, whose rerank path other rerankers share. Pay-i has no category for it."""

from __future__ import annotations

from payi_transport.providers.cohere.responses import read_chat, read_chat_text, read_error, read_search
from payi_transport.providers.provider import HostRule, Operation, Provider, Readers, post

__all__ = ["PROVIDER"]

_COHERE = "cohere"
_SEARCH = Readers(read_search, read_error)

PROVIDER = Provider(
    name="cohere",
    hosts=(HostRule("api.cohere.com", _COHERE), HostRule("api.cohere.ai", _COHERE)),
    operations=(
        Operation(
            name="cohere.chat",
            category=_COHERE,
            paths=(post("v[12]/chat"),),
            example="/v2/chat",
            readers=Readers(read_chat, read_error, read_chat_text),
            distinctive=False,
        ),
        Operation(
            name="cohere.search",
            category=_COHERE,
            paths=(post("v[12]/embed"), post("v[12]/rerank")),
            example="/v2/embed",
            readers=_SEARCH,
            # Any program's own server may have a path such as `/v1/embed`, so it causes no warning.
            distinctive=False,
            distinctive_ends=("/rerank",),
        ),
        Operation(
            # Other rerankers have the path at their root, as vLLM does, or below one of their own.
            name="cohere.rerank",
            category=_COHERE,
            paths=(post("rerank"),),
            example="/rerank",
            readers=_SEARCH,
            distinctive=False,
        ),
    ),
)
