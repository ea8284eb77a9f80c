"""How what Cohere's API sends is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.cohere.responses import read_chat, read_chat_text, read_error, read_search
from payi_transport.providers.provider import Readers

__all__ = ["READERS"]

_SEARCH = Readers(read_search, read_error)

READERS: Final = {
    "cohere.chat": Readers(read_chat, read_error, read_chat_text),
    "cohere.search": _SEARCH,
    "cohere.rerank": _SEARCH,
}
