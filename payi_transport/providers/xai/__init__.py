"""xAI's own API over gRPC. Its hosts, which speak OpenAI's API over HTTP, are in `compatible`."""

from __future__ import annotations

from payi_transport.providers.provider import Operation, Provider, Readers, rpc
from payi_transport.providers.shared.failures import read_error
from payi_transport.providers.xai.chat import read_chat

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="xai",
    operations=(
        Operation(
            name="xai.chat",
            category="xai",
            paths=(rpc(r"xai_api\.Chat/GetCompletion"), rpc(r"xai_api\.Chat/GetCompletionChunk")),
            example="/xai_api.Chat/GetCompletion",
            readers=Readers(read_chat, read_error),
        ),
    ),
)
