"""The text in Bedrock's requests and responses, of any family.

Needed only if the user has configured a tokenizer, for calls whose usage is missing or incomplete.
"""

from __future__ import annotations

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.shared.content_parts import find_texts
from payi_transport.providers.shared.json_values import decode

__all__ = ["read_output_text", "read_prompt_texts"]

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
_any = msgspec.json.Decoder()


def read_prompt_texts(request: bytes) -> list[str]:
    """Return each text of a request."""
    # One walk serves all families, because InvokeModel's id may be an ARN that doesn't say which family it
    # is.
    return list(find_texts(decode(_any, request), _PROMPT))


def read_output_text(messages: Messages) -> str:
    """Return the text of a response up to where it ended."""
    return "".join(text for _, data in messages for text in find_texts(decode(_any, data), _OUTPUT))
