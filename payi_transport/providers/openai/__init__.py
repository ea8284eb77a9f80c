"""OpenAI's API, which many other hosts speak too."""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.providers.provider import (
    Forwarding,
    HostRule,
    Operation,
    Provider,
    Readers,
    connect,
    get,
    post,
)
from payi_transport.values.names import PayiCategories
from payi_transport.values.patterns import lazy_compile

__all__ = ["PROVIDER"]

_OPENAI = PayiCategories.openai
# Where a server has the API at its root, as LiteLLM's proxy does.
_AT_ROOT = "(?<![^/]/)"


def _load_readers() -> Mapping[str, Readers]:
    from payi_transport.providers.openai.readers import READERS

    return READERS


PROVIDER = Provider(
    name="openai",
    load_readers=_load_readers,
    names_requests=True,
    reads_batches=True,
    # OpenAI documents `stream_options.include_usage` for its own API; elsewhere it may be an error.
    hosts=(
        HostRule("api.openai.com", _OPENAI, accepts_usage=True),
        HostRule("*.api.openai.com", _OPENAI, accepts_usage=True),
    ),
    operations=(
        Operation(
            name="openai.chat",
            category=_OPENAI,
            # Mistral's agents are called the way its models are.
            paths=(post("(chat|agents)/completions"),),
            example="/v1/chat/completions",
            has_usage_chunk=True,
        ),
        Operation(
            name="openai.responses",
            category=_OPENAI,
            paths=(post("responses"), post("responses/compact")),
            example="/v1/responses",
        ),
        Operation(
            # These report the usage of a response that was created before, so that one in the background is
            # counted once it is done.
            name="openai.responses.again",
            category=_OPENAI,
            paths=(get("responses/resp_[^/]+"), post("responses/[^/]+/cancel")),
            example="/v1/responses/resp_1",
        ),
        Operation(
            name="openai.responses.websocket",
            category=_OPENAI,
            paths=(connect("responses"),),
            example="/v1/responses",
        ),
        Operation(
            name="openai.realtime",
            category=_OPENAI,
            paths=(connect("realtime"),),
            example="/v1/realtime",
            # A program's own server may well have such a path.
            distinctive=False,
            distinctive_ends=("/v1/realtime", "/openai/realtime"),
        ),
        Operation(
            # A second connection of the same session reports the same, which counts once.
            name="openai.live.again",
            category=_OPENAI,
            paths=(
                connect("live/sessions"),
                connect("live/sessions/[^/]+/attach"),
                connect("live/sessions/[^/]+/fork"),
            ),
            example="/v1/live/sessions",
            distinctive=False,
        ),
        Operation(
            name="openai.decisions",
            category=_OPENAI,
            paths=(post("decisions"),),
            example="/v1/decisions",
            distinctive=False,
        ),
        Operation(
            name="openai.embeddings",
            category=_OPENAI,
            paths=(post("embeddings"),),
            example="/v1/embeddings",
        ),
        Operation(
            name="openai.images",
            category=_OPENAI,
            paths=(post("images/generations"), post("images/edits"), post("images/variations")),
            example="/v1/images/generations",
        ),
        Operation(
            name="openai.transcription",
            category=_OPENAI,
            paths=(post("audio/transcriptions"), post("audio/translations")),
            example="/v1/audio/transcriptions",
        ),
        Operation(
            name="openai.speech",
            category=_OPENAI,
            paths=(post("audio/speech"),),
            example="/v1/audio/speech",
        ),
        Operation(
            name="openai.batch.again",
            category=_OPENAI,
            paths=(get("batches/batch_[^/]+"),),
            example="/v1/batches/batch_1",
            distinctive=False,
        ),
        Operation(
            name="openai.video",
            category=_OPENAI,
            paths=(post("videos"), post("videos/[^/]+/remix")),
            example="/v1/videos",
            distinctive=False,
        ),
        Operation(
            name="openai.video.again",
            category=_OPENAI,
            paths=(get("videos/video_[^/]+"),),
            example="/v1/videos/video_1",
            distinctive=False,
        ),
        Operation(
            # With more of its path than the others, because the paths of chats end in `completions` too.
            name="openai.completions",
            category=_OPENAI,
            paths=(
                post(
                    rf"({_AT_ROOT}|(v\d\w*|beta|fim|openai|deployments/[^/]+|serving-endpoints)/)completions"
                ),
            ),
            example="/v1/completions",
            has_usage_chunk=True,
        ),
    ),
    forwarded=(
        Forwarding(
            "openai",
            _OPENAI,
            lazy_compile("/v1/(chat/completions|responses|embeddings|images/generations)"),
            "api.openai.com",
        ),
    ),
)
