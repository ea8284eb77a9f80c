"""Ollama's API. It runs on the user's own hosts, so users map these."""

from __future__ import annotations

from payi_transport.providers.ollama.responses import read_generation, read_generation_text
from payi_transport.providers.provider import Operation, Provider, Readers, post
from payi_transport.providers.shared.failures import read_error
from payi_transport.values.names import PayiCategories

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="ollama",
    operations=(
        Operation(
            name="ollama.generation",
            category=PayiCategories.openai,
            paths=(post("api/chat"), post("api/embed"), post("api/generate")),
            example="/api/chat",
            readers=Readers(read_generation, read_error, read_generation_text),
            # Any program's own server may have a path such as `/api/chat`, so it causes no warning.
            distinctive=False,
        ),
    ),
)
