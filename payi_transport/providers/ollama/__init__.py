"""Ollama's API. It is known at its port on this machine and in its cloud; users map any other host."""

from __future__ import annotations

from payi_transport.providers.ollama.responses import read_generation, read_generation_text
from payi_transport.providers.provider import HostRule, Operation, Provider, Readers, post
from payi_transport.providers.shared.failures import read_error

__all__ = ["PROVIDER"]

_OLLAMA = "ollama"
_PORT = 11434
_ADDRESSES = ("localhost", "127.0.0.1", "[::1]")

PROVIDER = Provider(
    name="ollama",
    hosts=(
        *(HostRule(f"{address}:{_PORT}", _OLLAMA) for address in _ADDRESSES),
        HostRule("ollama.com", _OLLAMA),
    ),
    operations=(
        Operation(
            name="ollama.generation",
            category=_OLLAMA,
            paths=(post("api/chat"), post("api/embed"), post("api/generate")),
            example="/api/chat",
            readers=Readers(read_generation, read_error, read_generation_text),
            # Any program's own server may have a path such as `/api/chat`, so only Ollama's port causes a
            # warning.
            distinctive=False,
            ports=frozenset({_PORT}),
        ),
    ),
)
