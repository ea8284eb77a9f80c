"""How what Google's APIs send is read, by operation, also those of OpenAI that Google serves."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.google.content import read_content, read_content_text, read_error
from payi_transport.providers.google.embeddings import read_embeddings, read_predictions
from payi_transport.providers.google.interactions import (
    read_decision,
    read_interaction,
    read_interaction_text,
)
from payi_transport.providers.google.live import LIVE, read_live
from payi_transport.providers.google.openai_compatible import read_chat
from payi_transport.providers.openai.chat import is_repeatable
from payi_transport.providers.openai.chat import read_chat as read_openai_chat
from payi_transport.providers.openai.media import read_embeddings as read_openai_embeddings
from payi_transport.providers.openai.media import read_images as read_openai_images
from payi_transport.providers.openai.text import read_output_text, read_prompt_texts
from payi_transport.providers.provider import Readers

__all__ = ["READERS"]

# Other makers' models are in the same category, so the prefix is part of a resource's name.
_PREFIX = "google."
_INTERACTION = Readers(read_interaction, read_error, read_interaction_text, prefix=_PREFIX)

READERS: Final = {
    "google.content": Readers(read_content, read_error, read_content_text, prefix=_PREFIX),
    "google.embeddings": Readers(read_embeddings, read_error, prefix=_PREFIX),
    "google.predict": Readers(read_predictions, read_error, prefix=_PREFIX),
    "google.live": Readers(read_live, read_error, prefix=_PREFIX, session=LIVE),
    "google.mistral": Readers(
        read_openai_chat, read_error, read_output_text, read_prompt_texts, prefix="mistralai."
    ),
    "google.interactions": _INTERACTION,
    "google.interactions.again": _INTERACTION,
    "openai.chat": Readers(
        *(read_chat, read_error, read_output_text, read_prompt_texts, _PREFIX),
        is_repeatable=is_repeatable,
    ),
    "openai.embeddings": Readers(read_openai_embeddings, read_error, prefix=_PREFIX),
    "openai.images": Readers(read_openai_images, read_error, prefix=_PREFIX),
    # Google's decisions have the path of OpenAI's, and the usage of an interaction.
    "openai.decisions": Readers(read_decision, read_error, prefix=_PREFIX),
}
