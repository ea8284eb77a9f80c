"""How what Mistral's own APIs send is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.mistral.conversations import read_conversation, read_conversation_text
from payi_transport.providers.mistral.documents import read_document
from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.failures import read_error

__all__ = ["READERS"]

READERS: Final = {
    "mistral.conversations": Readers(read_conversation, read_error, read_conversation_text),
    "mistral.documents": Readers(read_document, read_error),
}
