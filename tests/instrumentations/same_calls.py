"""The same 40 calls, which each library makes spans of: a recorded request, sent by the SDK of its provider.

A row names a recorded call of `tests/wire`. Its request becomes the arguments of a method of the SDK, and a
server on loopback sends its response.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.support.origin import CannedResponse
from tests.support.wire_cases import WireCase, by_name

__all__ = ["SAME_CALLS", "SameCall", "respond"]

_ID = re.compile(rb'("(?:id|responseId)": ?)"')
_OPTIONS: dict[str, Any] = {"api_key": "k", "max_retries": 0, "timeout": 60}


class SameCall(NamedTuple):
    """What a reader of the documentation calls it, and the recorded call."""

    title: str
    case: WireCase

    def send(self, url: str) -> None:
        """Make the call at a provider's address, and read the response to its end."""
        for prefix, send in _SENDERS.items():
            if self.case.name.startswith(prefix):
                with contextlib.suppress(Exception):
                    # Some of these calls fail, and each SDK raises an exception of its own.
                    send(url, self.case)
                return


def respond(case: WireCase) -> CannedResponse:
    """Return the recorded response with an id of its own. Libraries skip ids that they have seen."""
    chunks = case.chunks()
    if not case.is_binary:
        name = case.name.encode().replace(b"/", b"-")
        chunks = [_ID.sub(lambda match: match[1] + b'"' + name, chunk) for chunk in chunks]
    return CannedResponse(chunks, case.status, case.headers)


def _send_openai(*path: str) -> Callable[[str, WireCase], None]:
    def send(url: str, case: WireCase) -> None:
        import openai

        with openai.OpenAI(base_url=f"{url}/v1", **_OPTIONS) as client:
            method: Any = client
            for name in path:
                method = getattr(method, name)
            _read(method(**json.loads(case.request)))

    return send


def _send_anthropic(url: str, case: WireCase) -> None:
    import anthropic

    with anthropic.Anthropic(base_url=url, **_OPTIONS) as client:
        _read(client.messages.create(**json.loads(case.request)))


def _send_google(url: str, case: WireCase) -> None:
    from google import genai

    options: Any = {"base_url": url}
    fields = json.loads(case.request)
    config = {**fields.pop("generationConfig", {}), **fields}
    client = genai.Client(api_key="k", http_options=options)
    method: Any = client.models.generate_content_stream if case.streams else client.models.generate_content
    model = case.route["resource"]
    _read(method(model=model, contents=config.pop("contents"), config=config or None))
    client.close()


def _bedrock(url: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _converse(url: str, case: WireCase) -> None:
    client = _bedrock(url)
    method = client.converse_stream if case.is_binary else client.converse
    response = method(modelId=case.route["resource"], **json.loads(case.request))
    list(response.get("stream", ()))


def _invoke(url: str, case: WireCase) -> None:
    client = _bedrock(url)
    method = client.invoke_model_with_response_stream if case.is_binary else client.invoke_model
    response = method(modelId=case.route["resource"], body=case.request)
    list(response["body"]) if case.is_binary else response["body"].read()


def _read(created: Any) -> None:
    """Read a stream to its end."""
    if not hasattr(created, "model_dump"):
        list(created)


# The first that the name of a recorded call starts with.
_SENDERS: dict[str, Callable[[str, WireCase], None]] = {
    "openai/chat": _send_openai("chat", "completions", "create"),
    "openai/completions": _send_openai("completions", "create"),
    "openai/responses": _send_openai("responses", "create"),
    "openai/embeddings": _send_openai("embeddings", "create"),
    "anthropic/": _send_anthropic,
    "google/": _send_google,
    "bedrock/converse": _converse,
    "bedrock/": _invoke,
}

_ROWS = """\
openai/chat_unary                     chat
openai/chat_stream                    chat, stream
openai/chat_stream_without_usage      chat, stream that asks for no usage
openai/chat_cached_and_reasoning      chat, cached and reasoning tokens
openai/chat_tools                     chat, tools
openai/chat_stream_tools              chat, stream, tools
openai/chat_two_choices               chat, two choices
openai/chat_audio_and_image           chat, audio and image
openai/chat_error_429                 chat, status 429
openai/chat_stream_error_event        chat, stream that fails
openai/completions_unary              completion
openai/completions_stream             completion, stream
openai/embeddings_float               embedding
openai/embeddings_base64              embeddings of two texts
openai/responses_unary                Responses
openai/responses_stream               Responses, stream
openai/responses_function_call        Responses, tools
openai/responses_cache_write_details  Responses, tokens written to the cache
openai/responses_incomplete           Responses, cut by a limit
openai/responses_stream_failed        Responses, stream that fails
anthropic/message_unary               message
anthropic/message_stream              message, stream
anthropic/cache_unary                 message, cache
anthropic/cache_stream                message, stream, cache
anthropic/thinking_unary              message, thinking
anthropic/tools_unary                 message, tools
anthropic/tools_stream                message, stream, tools
anthropic/web_search_unary            message, web search
anthropic/error_529                   message, status 529
google/gemini_unary                   content
google/gemini_stream                  content, stream
google/gemini_function_calls          content, tools
google/gemini_no_details_and_thoughts content, thoughts
google/gemini_tool_use_and_search     content, web search
google/gemini_error_400               content, status 400
bedrock/converse_unary                Converse
bedrock/converse_stream               Converse, stream
bedrock/converse_cache                Converse, cache
bedrock/nova_unary                    InvokeModel, Nova
bedrock/anthropic_stream              InvokeModel, stream, Claude
"""
SAME_CALLS = [
    SameCall(title.strip(), by_name[name])
    for name, _, title in (row.partition(" ") for row in _ROWS.splitlines())
]
