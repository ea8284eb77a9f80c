"""Function calls of chat completions: whole, or assembled from the deltas of a stream.

Source: https://platform.openai.com/docs/api-reference/chat and the types of OpenAI's SDK 3.54. Arguments are
JSON in a string. Mistral's types allow them to be an object, too.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from payi_transport.providers.shared.json_values import NOTHING, decode, written
from payi_transport.values.event import FunctionCall
from payi_transport.values.patterns import lazy_compile

__all__ = ["Calls", "MessagePart"]


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: msgspec.Raw = NOTHING


class _Custom(_Function):
    """A call of a custom tool. Its arguments are free text."""

    arguments: msgspec.Raw = msgspec.field(default=NOTHING, name="input")


class _ToolCall(msgspec.Struct):
    id: Any = None
    index: int | None = None
    function: _Function | None = None
    custom: _Custom | None = None


class MessagePart(msgspec.Struct):
    """The function calls of a message, or of a delta to it."""

    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None


_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
# What decides where an object ends: braces, and the quotes around those that don't count. A backslash at the
# end of a piece escapes the first character of the next one.
_MARKS = lazy_compile(r'[{}"]|\\.?', re.DOTALL)


class _End:
    """Finds the end of a JSON object in the pieces of a text. Each piece is looked at once."""

    __slots__ = ("_depth", "_escape", "_is_quoted", "_seen")

    def __init__(self) -> None:
        self._depth, self._seen = 0, 0
        self._is_quoted, self._escape = False, ""

    def is_reached(self, pieces: list[str]) -> bool:
        """Return whether a brace in the pieces that were added since the last time closes the object."""
        marks = _MARKS.findall(self._escape + "".join(pieces[self._seen :]))
        self._seen = len(pieces)
        self._escape = "\\" if marks and marks[-1] == "\\" else ""
        for mark in marks:
            if mark == '"':
                self._is_quoted = not self._is_quoted
            elif not self._is_quoted and mark in "{}":
                self._depth += 1 if mark == "{" else -1
                if self._depth <= 0:
                    return True
        return False


class _PartialCall:
    """A function call that may still get deltas. `id` is that of its first delta."""

    __slots__ = ("_end", "_is_object", "arguments", "id", "name")

    def __init__(self, call_id: Any) -> None:
        self.id = call_id
        self.name: str | None = None
        self.arguments: list[str] = []
        self._end: _End | None = _End()
        self._is_object = False

    def continues(self, call_id: Any, name: str | None, arguments: str | None) -> bool:
        """Whether a delta at the same index belongs to this call.

        Gemini gives every call of a stream the index 0, and an earlier version of it gave no ids. MiniMax
        repeats the name of a call in each delta, without its id.
        """
        if not (self.name and name):
            return True
        if self.id and call_id:
            return bool(call_id == self.id)
        return name == self.name and not (arguments and self._is_complete())

    def _is_complete(self) -> bool:
        # An object ends once, so the arguments are decoded once, whether they turn out to be one or not.
        if self._end is not None and self._end.is_reached(self.arguments):
            self._end = None
            self._is_object = decode(_object, "".join(self.arguments).encode()) is not None
        return self._is_object


class Calls(msgspec.Struct):
    """The function calls of a response, assembled from its deltas, in the order of their first ones."""

    _calls: list[_PartialCall] = []
    _by_place: dict[tuple[int, int], _PartialCall] = {}

    def gather(self, choice: int | None, message: MessagePart) -> None:
        """Add the calls of a message of the choice with that index, or the pieces of a delta to it."""
        if message.tool_calls is None and message.function_call is None:
            return
        number = choice or 0
        if message.function_call is not None:
            self._join((number, -1), None, message.function_call)
        for place, call in enumerate(message.tool_calls or ()):
            part = call.function or call.custom
            if part is not None:
                self._join((number, place if call.index is None else call.index), call.id, part)

    def named(self) -> tuple[FunctionCall, ...]:
        """Return the calls whose name is known."""
        if not self._calls:
            return ()
        return tuple(
            FunctionCall(call.name, "".join(call.arguments) if call.arguments else None)
            for call in self._calls
            if call.name
        )

    def _join(self, key: tuple[int, int], call_id: Any, part: _Function) -> None:
        call, arguments = self._by_place.get(key), written(part.arguments)
        if call is None or not call.continues(call_id, part.name, arguments):
            call = self._by_place[key] = _PartialCall(call_id)
            self._calls.append(call)
        call.id = call.id or call_id
        call.name = call.name or part.name
        if arguments is not None:
            call.arguments.append(arguments)
