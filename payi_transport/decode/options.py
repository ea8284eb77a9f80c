"""What the user's configuration says about decoding."""

from __future__ import annotations

import msgspec

from payi_transport.decode.pricing import ModelMapping
from payi_transport.decode.token_counts import CountTokens
from payi_transport.providers.registry import REGISTRY, Registry

__all__ = ["DecodeOptions"]


class DecodeOptions(msgspec.Struct, frozen=True):
    """Say what to record of an exchange and how to price it; the same for every exchange of a process.

    `extra_request_headers` are lower-case names of request headers to record in addition to the usual ones.
    `keep_inline_data` records images, audio, and files instead of a placeholder. `model_mappings` apply in
    order, the first match wins. `count_tokens` is None if no model has a tokenizer. An event says which of
    the `required_fields` its call had no value for. `registry` has the readers of every provider.
    """

    extra_request_headers: frozenset[str] = frozenset()
    keep_inline_data: bool = False
    model_mappings: tuple[ModelMapping, ...] = ()
    count_tokens: CountTokens | None = None
    required_fields: tuple[str, ...] = ()
    registry: Registry = REGISTRY
