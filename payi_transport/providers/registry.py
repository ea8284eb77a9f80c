"""Which dialect knows the wire format of an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from payi_transport.framing import Frames
from payi_transport.providers.anthropic import text as anthropic_text
from payi_transport.providers.anthropic.messages import read_message
from payi_transport.providers.bedrock import converse as bedrock
from payi_transport.providers.bedrock import text as bedrock_text
from payi_transport.providers.bedrock.guardrail import read_checks, read_guardrail
from payi_transport.providers.bedrock.invoke import read_invocation, unwrap_chunks
from payi_transport.providers.cohere import responses as cohere
from payi_transport.providers.databricks import invocations as databricks
from payi_transport.providers.google import content as google
from payi_transport.providers.google import openai_compatible as google_openai
from payi_transport.providers.google.embeddings import read_embeddings as read_google_embeddings
from payi_transport.providers.google.embeddings import read_predictions
from payi_transport.providers.google.interactions import read_interaction, read_interaction_text
from payi_transport.providers.ollama.responses import read_generation, read_generation_text
from payi_transport.providers.openai.chat import read_chat, read_error
from payi_transport.providers.openai.jobs import read_batch, read_video
from payi_transport.providers.openai.media import (
    read_embeddings,
    read_images,
    read_speech,
    read_transcription,
)
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.openai.text import read_output_text, read_prompt_texts
from payi_transport.providers.reading.raw_response import RawResponse
from payi_transport.values.event import Failure, ParsedResponse
from payi_transport.values.names import PayiCategories

__all__ = ["ACCENTS", "DIALECTS", "Dialect", "find_dialect"]


def _read_nothing(body: bytes) -> None:
    return None


def _unwrap_nothing(frames: Frames) -> Frames:
    return frames


class Dialect(NamedTuple):
    """How an operation's bodies are read.

    `read_error` reads the body of a 4xx or 5xx answer, of which the headers are by lower-case name.
    `read_output_text` is the text of an answer as far as it came, `read_prompt_texts` the texts of a request
    that holds an image, None for any other: both are for models that do not tell all of their usage.
    `prefix` stands before a model's name in the name of its resource. `unwrap` takes the messages out of
    frames in which a host has wrapped them; all else sees them so.
    """

    read: Callable[[RawResponse], ParsedResponse]
    read_error: Callable[[bytes, Mapping[str, str]], Failure | None] = read_error
    read_output_text: Callable[[Frames], str] = read_output_text
    read_prompt_texts: Callable[[bytes], list[str] | None] = _read_nothing
    prefix: str = ""
    unwrap: Callable[[Frames], Frames] = _unwrap_nothing


_MESSAGES = Dialect(
    read_message,
    read_output_text=anthropic_text.read_output_text,
    read_prompt_texts=anthropic_text.read_prompt_texts,
)
_INTERACTIONS = Dialect(read_interaction, google.read_error, read_interaction_text, prefix="google.")

DIALECTS: dict[str, Dialect] = {
    "anthropic.messages": _MESSAGES,
    "anthropic.vertex": _MESSAGES._replace(read_error=google.read_error, prefix="anthropic."),
    "bedrock.converse": Dialect(bedrock.read_converse, bedrock.read_error, bedrock_text.read_output_text),
    "bedrock.invoke": Dialect(
        read_invocation, bedrock.read_error, bedrock_text.read_output_text, unwrap=unwrap_chunks
    ),
    "bedrock.guardrail": Dialect(read_guardrail, bedrock.read_error),
    "bedrock.checks": Dialect(read_checks, bedrock.read_error),
    "openai.chat": Dialect(read_chat, read_prompt_texts=read_prompt_texts),
    "openai.completions": Dialect(read_chat),
    "databricks.invocations": Dialect(databricks.read_invocation, read_prompt_texts=read_prompt_texts),
    "openai.responses": Dialect(read_response, read_prompt_texts=read_prompt_texts),
    "openai.responses.again": Dialect(read_response),
    "openai.decisions": Dialect(read_response, read_prompt_texts=read_prompt_texts),
    "openai.embeddings": Dialect(read_embeddings),
    "openai.images": Dialect(read_images),
    "openai.transcription": Dialect(read_transcription),
    "openai.speech": Dialect(read_speech),
    "openai.batch.again": Dialect(read_batch),
    "openai.video": Dialect(read_video),
    "openai.video.again": Dialect(read_video),
    "cohere.chat": Dialect(cohere.read_chat, cohere.read_error, cohere.read_chat_text),
    "cohere.search": Dialect(cohere.read_search, cohere.read_error),
    "ollama.generation": Dialect(read_generation, read_output_text=read_generation_text),
    "google.content": Dialect(
        google.read_content, google.read_error, google.read_content_text, prefix="google."
    ),
    "google.embeddings": Dialect(read_google_embeddings, google.read_error, prefix="google."),
    "google.predict": Dialect(read_predictions, google.read_error, prefix="google."),
    "google.interactions": _INTERACTIONS,
    "google.interactions.again": _INTERACTIONS,
}
# Where the host's provider speaks another's wire format in its own way.
ACCENTS: dict[tuple[str, str], Dialect] = {
    (PayiCategories.google_vertex, "openai.chat"): Dialect(
        google_openai.read_chat, google.read_error, read_prompt_texts=read_prompt_texts, prefix="google."
    ),
    (PayiCategories.google_vertex, "openai.embeddings"): Dialect(
        read_embeddings, google.read_error, prefix="google."
    ),
    (PayiCategories.google_vertex, "openai.images"): Dialect(
        read_images, google.read_error, prefix="google."
    ),
}


def find_dialect(operation: str, category: str) -> Dialect:
    """The dialect of an operation at a host of that category."""
    return ACCENTS.get((category, operation)) or DIALECTS[operation]
