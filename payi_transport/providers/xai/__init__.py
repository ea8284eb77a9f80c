"""xAI's own API over gRPC. Its hosts, which speak OpenAI's API over HTTP, are in `compatible`."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.provider import Operation, Provider, Readers, rpc

__all__ = ["PROVIDER"]


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.xai.readers import READERS

    return READERS


PROVIDER = Provider(
    name="xai",
    load_readers=_load_readers,
    operations=(
        Operation(
            name="xai.chat",
            category="xai",
            paths=(rpc(r"xai_api\.Chat/GetCompletion"), rpc(r"xai_api\.Chat/GetCompletionChunk")),
            example="/xai_api.Chat/GetCompletion",
        ),
    ),
)
