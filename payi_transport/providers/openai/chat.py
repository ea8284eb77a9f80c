"""Chat completions: one document, or a stream whose fullest usage counts.

Source: https://platform.openai.com/docs/api-reference/chat and the types of OpenAI's SDK 3.54. Many hosts
implement this API, each with its own additions, so a body is read field by field and nothing in it has to
be there. Groq and Moonshot have the usage of a stream in places of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from payi_transport.providers.openai.function_calls import Calls, MessagePart
from payi_transport.providers.openai.usage import find_extras, map_usage
from payi_transport.providers.shared.counts import count
from payi_transport.providers.shared.extras import describe_extras
from payi_transport.providers.shared.failures import Failing, find_failure, read_failure
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.providers.shared.merged_usage import fuller_usage
from payi_transport.providers.shared.prompt_size import price_by_size
from payi_transport.providers.shared.raw_response import DONE, RawResponse
from payi_transport.values.event import Failure, ParsedResponse, Units

__all__ = ["is_repeatable", "read_chat"]


class _Part(MessagePart):
    usage: Any = None


class _Choice(msgspec.Struct):
    index: int | None = None
    message: _Part | None = None
    delta: _Part | None = None
    finish_reason: str | None = None
    usage: Any = None
    error: Any = None


class _Head(Failing):
    """What can still be read of a body whose choices are malformed."""

    id: Any = None
    model: Any = None
    usage: Any = None
    service_tier: Any = None
    x_groq: Any = None


class _Chat(_Head):
    choices: list[_Choice] | None = None


_chat = msgspec.json.Decoder(_Chat)
# Deltas without a function call and usage.
_PLAIN = (None, _Part())
_head = msgspec.json.Decoder(_Head)


def read_chat(
    raw: RawResponse, map_usage: Callable[[Mapping[str, Any]], dict[str, Units]] = map_usage
) -> ParsedResponse:
    """Read chat completions and legacy completions: one document, or a stream whose fullest usage counts."""
    state = _State(Calls())
    done = False
    for _, data in raw.messages:
        if data.startswith(DONE):
            done = True
            continue
        chat = _decode(data)
        if chat is not None:
            state.gather(chat)
    usage = state.usage
    names = (raw.priced_model, state.model, raw.requested_model)
    units, tier = price_by_size(map_usage(usage), names)
    return ParsedResponse(
        model=state.model,
        response_id=state.id,
        units=units,
        function_calls=state.calls.named(),
        failure=state.failure,
        properties={**describe_extras(state.service_tier, find_extras(usage)), **tier},
        # The usage may come in a chunk of its own after the finish reason, so that reason alone isn't the
        # end.
        finished=done or (state.stopped and (raw.read_to_end or bool(usage))) or state.failure is not None,
    )


class _State(msgspec.Struct):
    """What is known so far: the first id and model, the fullest usage, and the last tier and failure."""

    calls: Calls
    id: str | None = None
    model: str | None = None
    service_tier: Any = None
    failure: Failure | None = None
    stopped: bool = False
    _usage: dict[str, Any] = {}
    # Where no other usage is: by the index of the choice.
    _by_choice: dict[int, dict[str, Any]] = {}

    @property
    def usage(self) -> dict[str, Any]:
        return self._usage or _join_choices(list(self._by_choice.values()))

    def gather(self, chat: _Head) -> None:
        self.id = self.id or text(chat.id)
        self.model = self.model or text(chat.model)
        self.service_tier = chat.service_tier or self.service_tier
        usage, failure = chat.usage, find_failure(chat)
        if isinstance(chat.x_groq, dict):
            usage = usage if usage and isinstance(usage, dict) else chat.x_groq.get("usage")
            failure = failure or read_failure(chat.x_groq.get("error"))
        if usage and isinstance(usage, dict):
            self._usage = fuller_usage(self._usage, usage)
        self.failure = failure or self.failure
        for choice in (chat.choices if isinstance(chat, _Chat) else None) or ():
            self._gather_choice(choice)

    def _gather_choice(self, choice: _Choice) -> None:
        part = choice.delta or choice.message
        self.stopped = self.stopped or choice.finish_reason is not None
        usage = choice.usage
        if part is not None:
            self.calls.gather(choice.index, part)
            usage = usage or part.usage
        if isinstance(usage, dict):
            index = choice.index or 0
            self._by_choice[index] = fuller_usage(self._by_choice.get(index, {}), usage)
        failure = read_failure(choice.error)
        if failure is None and choice.finish_reason == "error":
            # An error beside the choices says more than this.
            failure = self.failure or Failure(code="error")
        self.failure = failure or self.failure


def _join_choices(usages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the usage of all choices. Each has the whole prompt and a completion of its own."""
    if len(usages) < 2:
        return usages[0] if usages else {}
    prompt = max(count(usage, "prompt_tokens") or 0 for usage in usages)
    completion = sum(count(usage, "completion_tokens") or 0 for usage in usages)
    # Their grand totals are of single choices.
    return {**usages[0], "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": None}


def is_repeatable(data: bytes) -> bool:
    """Return whether a chunk tells nothing by being repeated, as a piece of a function call would."""
    chat = decode(_chat, data)
    if chat is None or not chat.choices or find_failure(chat) is not None:
        return False
    return (chat.usage or chat.x_groq) is None and all(
        (choice.usage or choice.error or choice.message) is None and choice.delta in _PLAIN
        for choice in chat.choices
    )


def _decode(data: bytes) -> _Head | None:
    """Return what can be read of a body, None if it is not a JSON object."""
    return decode(_chat, data) or decode(_head, data)
