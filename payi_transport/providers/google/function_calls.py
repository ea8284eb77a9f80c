"""Function calls of generated content: whole, or a name followed by pieces of its arguments.

Source: the types of Google's SDK 3.4. Vertex AI streams arguments in pieces if the caller asks for it. A
piece is a path into the arguments, such as `$.days[0].name`, and a value; a long string comes as several
pieces of the same path. The pieces are collected in a tree, which is written as JSON once the call is
complete.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from payi_transport.values.event import FunctionCall
from payi_transport.values.patterns import lazy_compile

__all__ = ["CallPart", "Calls", "read_arguments"]

# `$.city`, `$.days[0].name`, `$['two words']`
_STEP = lazy_compile(r"\.([^.\[\]]+)|\[(\d{1,9})\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")
# Deeper values are a mistake of the server.
_DEEPEST = 32
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


class CallPart(msgspec.Struct, rename="camel"):
    """A function call as it appears in a part of a response."""

    name: Any = None
    args: msgspec.Raw = msgspec.Raw(b"null")
    partial_args: Any = None


def read_arguments(raw: msgspec.Raw) -> str | None:
    """Return the arguments of a function call as they are on the wire, None if there are none."""
    # Raw's default is `null`, so a missing field and a null are the same here: the call has no arguments.
    text = bytes(raw).decode("utf-8", "replace")
    return None if text == "null" else text


class Calls:
    """The function calls of a response, in the order of their first parts."""

    def __init__(self) -> None:
        self._calls: list[_PartialCall] = []

    def gather(self, part: CallPart) -> None:
        """Add one part: a new call, or more of the latest one."""
        # Only the first part of a call names it. Parts without a name continue the latest call.
        if isinstance(part.name, str) and part.name:
            self._calls.append(_PartialCall(part.name, read_arguments(part.args)))
        if self._calls and isinstance(part.partial_args, list):
            for piece in part.partial_args:
                self._calls[-1].join(piece)

    def named(self) -> tuple[FunctionCall, ...]:
        return tuple(FunctionCall(call.name, call.read_arguments()) for call in self._calls)


class _PartialCall:
    """A call that may still get pieces.

    In its tree, objects are dicts, arrays are dicts by index, and a string is the list of its parts.
    """

    __slots__ = ("_arguments", "_pieces", "name")

    def __init__(self, name: str, arguments: str | None) -> None:
        self.name = name
        self._arguments = arguments
        self._pieces: dict[str | int, Any] = {}

    def join(self, piece: Any) -> None:
        path = piece.get("jsonPath") if isinstance(piece, dict) else None
        if not isinstance(path, str):
            return
        steps = [_read_step(found) for found in _STEP.finditer(path)]
        kind = next((kind for kind in _VALUES if kind in piece), None)
        # The path comes from a server: one without steps has no place to put the value.
        if kind is None or not 0 < len(steps) <= _DEEPEST:
            return
        inside = self._pieces
        for step in steps[:-1]:
            inside = inside.setdefault(step, {})
            # The server contradicts itself if one piece makes a string of what another treats as an object.
            # The first one stays.
            if not isinstance(inside, dict):
                return
        _put(inside, steps[-1], None if kind == "nullValue" else piece[kind])

    def read_arguments(self) -> str | None:
        # Whole arguments stay as they are on the wire, and only those in pieces have to be written anew.
        if not self._pieces:
            return self._arguments
        return json.dumps(_whole(self._pieces), ensure_ascii=False, separators=(",", ":"))


def _read_step(found: re.Match[str]) -> str | int:
    name, index, single, double = found.groups()
    return (
        int(index) if index is not None else next(text for text in (name, single, double) if text is not None)
    )


def _put(inside: dict[str | int, Any], step: str | int, value: Any) -> None:
    # Pieces of a string are kept in a list and joined at the end; joining at each piece would copy it every
    # time.
    if isinstance(value, str):
        parts = inside.setdefault(step, [])
        if isinstance(parts, list):
            parts.append(value)
    elif value is None or isinstance(value, int | float):
        inside[step] = value


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return "".join(value)
    if not isinstance(value, dict):
        return value
    # Arrays are dicts by index while they are being filled, because their pieces may come in any order and
    # an index of a hostile server may be huge.
    if all(isinstance(step, int) for step in value):
        return [_whole(value[index]) for index in sorted(value)]
    return {str(step): _whole(item) for step, item in value.items()}
