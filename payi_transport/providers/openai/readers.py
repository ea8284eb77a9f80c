"""How what OpenAI's API sends is read, by operation."""

from __future__ import annotations

from typing import Final

from payi_transport.providers.openai.chat import is_repeatable, read_chat
from payi_transport.providers.openai.jobs import read_batch, read_video
from payi_transport.providers.openai.live import LIVE, read_live
from payi_transport.providers.openai.media import (
    read_embeddings,
    read_images,
    read_speech,
    read_transcription,
)
from payi_transport.providers.openai.realtime import read_realtime
from payi_transport.providers.openai.responses import read_response
from payi_transport.providers.openai.sockets import REALTIME, RESPONSES
from payi_transport.providers.openai.text import read_output_text, read_prompt_texts
from payi_transport.providers.provider import Readers
from payi_transport.providers.shared.failures import read_error

__all__ = ["READERS"]

_VIDEO = Readers(read_video, read_error)

READERS: Final = {
    "openai.chat": Readers(
        read_chat, read_error, read_output_text, read_prompt_texts, is_repeatable=is_repeatable
    ),
    "openai.responses": Readers(read_response, read_error, read_output_text, read_prompt_texts),
    "openai.responses.again": Readers(read_response, read_error, read_output_text),
    "openai.responses.websocket": Readers(
        read_response, read_error, read_output_text, read_prompt_texts, session=RESPONSES
    ),
    "openai.realtime": Readers(read_realtime, read_error, session=REALTIME),
    "openai.live.again": Readers(read_live, read_error, session=LIVE),
    "openai.decisions": Readers(read_response, read_error, read_output_text, read_prompt_texts),
    "openai.embeddings": Readers(read_embeddings, read_error),
    "openai.images": Readers(read_images, read_error),
    "openai.transcription": Readers(read_transcription, read_error),
    "openai.speech": Readers(read_speech, read_error),
    "openai.batch.again": Readers(read_batch, read_error),
    "openai.video": _VIDEO,
    "openai.video.again": _VIDEO,
    "openai.completions": Readers(read_chat, read_error, read_output_text, is_repeatable=is_repeatable),
}
