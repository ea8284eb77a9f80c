"""The text in Bedrock's requests and responses, of any family.

Needed only if the user has configured a tokenizer, for calls whose usage is missing or incomplete.
"""

from __future__ import annotations

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.anthropic import text as anthropic
from payi_transport.providers.openai import text as openai
from payi_transport.providers.shared.content_parts import find_texts, has_field
from payi_transport.providers.shared.json_values import decode

__all__ = ["read_image_prompt_texts", "read_output_text", "read_prompt_texts"]

# Fields that hold the text of a prompt, or lead to it, in any family.
_PROMPT = frozenset(
    {"system", "messages", "message", "content", "text", "prompt", "inputText", "texts", "chat_history"}
)
# The same for a response, whole or in events. `input` and `arguments` are those of a function call.
_OUTPUT = frozenset(
    {
        "output",
        "outputs",
        "outputText",
        "results",
        "generation",
        "generations",
        "completion",
        "choices",
        "message",
        "content",
        "contentBlockDelta",
        "delta",
        "text",
        "thinking",
        "reasoningContent",
        "reasoningText",
        "toolUse",
        "input",
        "partial_json",
        "tool_calls",
        "function",
        "arguments",
    }
)
# Where Converse and Nova have the parts of a prompt. A field of a part names its kind.
_CONVERSE = frozenset({"system", "messages", "content", "text", "toolResult", "toolUse", "toolConfig"})
# Fields that a model reads as JSON, or close to it.
_WRITTEN = ("tools", "input", "json")

_any = msgspec.json.Decoder()


def read_prompt_texts(request: bytes) -> list[str]:
    """Return each text of a request."""
    # One walk serves all families, because InvokeModel's id may be an ARN that doesn't say which family it
    # is.
    return list(find_texts(decode(_any, request), _PROMPT))


def read_image_prompt_texts(request: bytes) -> list[str] | None:
    """Return each text of a prompt that has an image, None if it has none."""
    # Each looks for the images of its own API, so at most one finds any.
    for read in (anthropic.read_prompt_texts, openai.read_prompt_texts, _read_converse_texts):
        texts = read(request)
        if texts is not None:
            return texts
    return None


def _read_converse_texts(request: bytes) -> list[str] | None:
    body = decode(_any, request) if b'"image"' in request else None
    return list(find_texts(body, _CONVERSE, _WRITTEN)) if has_field(body, _CONVERSE, "image") else None


def read_output_text(messages: Messages) -> str:
    """Return the text of a response up to where it ended."""
    return "".join(text for _, data in messages for text in find_texts(decode(_any, data), _OUTPUT))
