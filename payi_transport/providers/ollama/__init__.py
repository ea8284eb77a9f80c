"""Ollama's API. It is known at its port on this machine and in its cloud; users map any other host."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.provider import HostRule, Operation, Provider, Readers, post

__all__ = ["PROVIDER"]

_OLLAMA = "ollama"
_PORT = 11434
_ADDRESSES = ("localhost", "127.0.0.1", "[::1]")


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.ollama.readers import READERS

    return READERS


PROVIDER = Provider(
    name="ollama",
    load_readers=_load_readers,
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
            # Any program's own server may have a path such as `/api/chat`, so only Ollama's port causes a
            # warning.
            distinctive=False,
            ports=frozenset({_PORT}),
        ),
    ),
)
