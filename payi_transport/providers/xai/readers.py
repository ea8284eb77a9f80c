"""How what xAI's own API sends is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.failures import read_error
from payi_transport.providers.xai.chat import read_chat

__all__ = ["READERS"]

READERS: Final = {"xai.chat": Readers(read_chat, read_error)}
