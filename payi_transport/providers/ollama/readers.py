"""How what Ollama's API sends is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.ollama.responses import read_generation, read_generation_text
from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.failures import read_error

__all__ = ["READERS"]

READERS: Final = {"ollama.generation": Readers(read_generation, read_error, read_generation_text)}
