"""Chat completions, and what other APIs share with them: usage, errors, extras.

Source: https://platform.openai.com/docs/api-reference/chat and the types of OpenAI's SDK 3.54. Many hosts
implement this API, each with its own additions, so a body is read field by field and nothing in it has to
be there.

The details of a usage are parts of its totals: cached, audio and image tokens are among the prompt tokens,
reasoning tokens among the completion tokens. Units must not overlap, so each detail is subtracted from its
total and the rest is text. xAI is the exception, which counts reasoning tokens in addition to the
completion; its grand total shows that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from payi_transport.providers.shared.counts import count, count_parts, section, take
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import Failure, FunctionCall, ParsedResponse, Units

__all__ = ["describe_extras", "find_extras", "map_usage", "read_chat", "read_error", "read_failure"]

DONE = b"[DONE]"
# Details that DeepSeek, Moonshot, xAI and Perplexity put next to the totals.
_PROMPT_FLAT = {
    "cached_tokens": "text_cache_read",
    "prompt_cache_hit_tokens": "text_cache_read",
    "cached_prompt_text_tokens": "text_cache_read",
    "prompt_image_tokens": "vision",
}
_COMPLETION_FLAT = {"reasoning_tokens": "reasoning"}
# Details where OpenAI has them.
_PROMPT_PARTS = {
    "cached_tokens": "text_cache_read",
    "cache_write_tokens": "text_cache_write",
    "audio_tokens": "audio",
    "image_tokens": "vision",
}
_COMPLETION_PARTS = {"reasoning_tokens": "reasoning", "audio_tokens": "audio", "image_tokens": "image"}
# Fields that become units, or are sums of them. All other fields of a usage become properties.
_COUNTED = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "input_tokens",
        "output_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "input_tokens_details",
        "output_tokens_details",
        "prompt_cache_miss_tokens",
        "prompt_text_tokens",
        *_PROMPT_FLAT,
        *_COMPLETION_FLAT,
    }
)
_USUAL_TIERS = ("default", "auto", "")
# A usage comes from a server, so limit what it can add to an event: levels, properties, characters.
_DEEPEST, _MOST_EXTRAS, _LONGEST_EXTRA = 4, 32, 200


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Custom(_Function):
    """A call of a custom tool. Its arguments are free text."""

    arguments: str | None = msgspec.field(default=None, name="input")


class _ToolCall(msgspec.Struct):
    id: Any = None
    index: int | None = None
    function: _Function | None = None
    custom: _Custom | None = None


class _Message(msgspec.Struct):
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct):
    index: int | None = None
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None


class _Head(msgspec.Struct):
    """What can still be read of a body whose choices are malformed."""

    id: Any = None
    model: Any = None
    usage: Any = None
    error: Any = None
    service_tier: Any = None
    x_groq: Any = None


class _Chat(_Head):
    choices: list[_Choice] | None = None


_chat = msgspec.json.Decoder(_Chat)
_head = msgspec.json.Decoder(_Head)


def map_usage(usage: Mapping[str, Any]) -> dict[str, Units]:
    """Return the units of a usage object of chat completions, or of any API that counts the same way."""
    inputs, outputs = _map_prompt(usage), _map_completion(usage)
    return {name: Units(inputs.get(name), outputs.get(name)) for name in (inputs | outputs)}


def _map_prompt(usage: Mapping[str, Any]) -> dict[str, int]:
    prompt = count(usage, "prompt_tokens", "input_tokens")
    if prompt is None:
        return {}
    parts = count_parts(section(usage, "prompt_tokens_details", "input_tokens_details"), _PROMPT_PARTS)
    # Where a host has both spellings of a detail, the nested one wins, so nothing counts twice.
    taken, text = take(prompt, count_parts(usage, _PROMPT_FLAT) | parts)
    return {"text": text, **taken}


def _map_completion(usage: Mapping[str, Any]) -> dict[str, int]:
    completion = count(usage, "completion_tokens", "output_tokens")
    if completion is None:
        return {}
    details = section(usage, "completion_tokens_details", "output_tokens_details")
    parts = count_parts(usage, _COMPLETION_FLAT) | count_parts(details, _COMPLETION_PARTS)
    reasoning = parts.get("reasoning")
    if reasoning and _is_in_addition(reasoning, usage, completion, details):
        completion += reasoning
    taken, text = take(completion, parts)
    return {"text": text, **taken}


def _is_in_addition(
    reasoning: int, usage: Mapping[str, Any], completion: int, details: Mapping[str, Any]
) -> bool:
    # Perplexity's grand total leaves reasoning out. But what is larger than the completion can't be a part
    # of it.
    if reasoning > completion and not details:
        return True
    prompt = count(usage, "prompt_tokens", "input_tokens") or 0
    return count(usage, "total_tokens") == prompt + completion + reasoning


def read_chat(
    raw: RawResponse, map_usage: Callable[[Mapping[str, Any]], dict[str, Units]] = map_usage
) -> ParsedResponse:
    """Read chat completions and legacy completions: one document, or a stream whose last usage counts."""
    head = _Head()
    calls = _Calls()
    finished = done = False
    for _, data in raw.messages:
        if data.startswith(DONE):
            done = True
            continue
        chat = _decode(data)
        if chat is None:
            continue
        _merge(head, chat)
        for choice in (chat.choices if isinstance(chat, _Chat) else None) or ():
            finished = finished or choice.finish_reason is not None
            calls.gather(choice)
    failure = read_failure(head.error)
    return ParsedResponse(
        model=head.model,
        response_id=head.id,
        units=map_usage(head.usage or {}),
        function_calls=calls.named(),
        failure=failure,
        properties=describe_extras(head.service_tier, find_extras(head.usage or {})),
        # The usage may come in a chunk of its own after the finish reason, so that reason alone isn't the
        # end.
        finished=done or (finished and (raw.read_to_end or bool(head.usage))) or failure is not None,
    )


def read_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """Return the error of a body that has OpenAI's shape: `{"error": {"type", "code", "message"}}`."""
    head = _decode(body)
    return None if head is None else read_failure(head.error)


def describe_extras(service_tier: Any, extras: Mapping[str, Any]) -> dict[str, str]:
    """Return what a provider reports besides units as properties: `provider.service_tier`, costs, times."""
    tier = None if service_tier in _USUAL_TIERS else service_tier
    properties: dict[str, str] = {}
    if tier or extras:
        _flatten(properties, "provider", {"service_tier": tier, **extras})
    return properties


def _flatten(properties: dict[str, str], prefix: str, values: Mapping[Any, Any]) -> None:
    for name, value in values.items():
        path = f"{prefix}.{name}"
        if isinstance(value, dict) and path.count(".") < _DEEPEST:
            _flatten(properties, path, value)
        elif isinstance(value, str | int | float) and len(properties) < _MOST_EXTRAS:
            properties[path] = str(value)[:_LONGEST_EXTRA]


def find_extras(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a usage that are not OpenAI's own token counts, and not 0."""
    return {name: value for name, value in usage.items() if name not in _COUNTED and value not in (0, 0.0)}


def _decode(data: bytes) -> _Head | None:
    """Return what can be read of a body, None if it is not a JSON object."""
    for decoder in (_chat, _head):
        try:
            return decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return None


def _merge(head: _Head, chat: _Head) -> None:
    """Keep the first id and model, and the last usage and error, which Groq puts in `x_groq`."""
    head.id = head.id or _text(chat.id)
    head.model = head.model or _text(chat.model)
    groq = chat.x_groq if isinstance(chat.x_groq, dict) else {}
    for usage in (chat.usage, groq.get("usage")):
        if usage and isinstance(usage, dict):
            head.usage = usage
            break
    head.service_tier = chat.service_tier or head.service_tier
    head.error = next(filter(read_failure, (chat.error, groq.get("error"))), head.error)


class _PartialCall:
    """A function call that may still get deltas. `id` is that of its first delta."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self, call_id: Any) -> None:
        self.id = call_id
        self.name: str | None = None
        self.arguments: list[str] = []


class _Calls:
    """The function calls of a response, assembled from its deltas, in the order of their first ones."""

    def __init__(self) -> None:
        self._calls: list[_PartialCall] = []
        self._by_place: dict[tuple[int, int], _PartialCall] = {}

    def gather(self, choice: _Choice) -> None:
        message = choice.delta or choice.message
        if message is None:
            return
        number = choice.index or 0
        if message.function_call is not None:
            self._join((number, -1), None, message.function_call)
        for place, call in enumerate(message.tool_calls or ()):
            part = call.function or call.custom
            if part is not None:
                self._join((number, place if call.index is None else call.index), call.id, part)

    def named(self) -> tuple[FunctionCall, ...]:
        return tuple(
            FunctionCall(call.name, "".join(call.arguments) if call.arguments else None)
            for call in self._calls
            if call.name
        )

    def _join(self, key: tuple[int, int], call_id: Any, part: _Function) -> None:
        call = self._by_place.get(key)
        # Gemini gives every call of a stream the index 0. Only the first delta of a call has its name.
        if call is None or (call.name and part.name and call_id != call.id):
            call = self._by_place[key] = _PartialCall(call_id)
            self._calls.append(call)
        call.name = call.name or part.name
        if part.arguments is not None:
            call.arguments.append(part.arguments)


def read_failure(error: Any) -> Failure | None:
    """Return what an `error` value says, an object or a string; None for anything else."""
    if isinstance(error, str) and error:
        return Failure(message=error)
    if not error or not isinstance(error, dict):
        return None
    code = error.get("code")
    code = str(code) if isinstance(code, int) else code
    return Failure(_text(error.get("type")), _text(code), _text(error.get("message")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
