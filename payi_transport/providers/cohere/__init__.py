"""Cohere's API, whose rerank path other rerankers share. Pay-i has no category for it."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.provider import HostRule, Operation, Provider, Readers, post

__all__ = ["PROVIDER"]

_COHERE = "cohere"


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.cohere.readers import READERS

    return READERS


PROVIDER = Provider(
    name="cohere",
    load_readers=_load_readers,
    hosts=(HostRule("api.cohere.com", _COHERE), HostRule("api.cohere.ai", _COHERE)),
    operations=(
        Operation(
            name="cohere.chat",
            category=_COHERE,
            paths=(post("v[12]/chat"),),
            example="/v2/chat",
            distinctive=False,
        ),
        Operation(
            name="cohere.search",
            category=_COHERE,
            paths=(post("v[12]/embed"), post("v[12]/rerank")),
            example="/v2/embed",
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
            distinctive=False,
        ),
    ),
)
