"""Mistral's own APIs. Its hosts, which speak OpenAI's API too, are in `compatible`."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.provider import Operation, Provider, Readers, post

__all__ = ["PROVIDER"]

_MISTRAL = "mistral"


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.mistral.readers import READERS

    return READERS


PROVIDER = Provider(
    name="mistral",
    load_readers=_load_readers,
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
            distinctive=False,
            # OpenAI's conversations only store what responses are made of.
            free_elsewhere=True,
        ),
        Operation(
            name="mistral.documents",
            category=_MISTRAL,
            paths=(post("ocr"),),
            example="/v1/ocr",
            # Any program's own server may have such a path.
            distinctive=False,
        ),
    ),
)
