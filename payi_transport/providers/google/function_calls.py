"""Function calls of Google's generated content: whole, or begun by name and followed by pieces of arguments.

Source: the types of Google's SDK 3.4. Vertex AI streams pieces where a caller asks for them: each has the
path of a value and, of a text, one more part.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from payi_transport.values.event import FunctionCall

__all__ = ["CallPart", "Calls", "read_arguments"]

# `$.city`, `$.days[0].name`, `$['two words']`
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,9})\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")
# Deeper values are a fault of the server's.
_DEEPEST = 32
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


class CallPart(msgspec.Struct, rename="camel"):
    """A function call as a part of an answer has it."""

    name: Any = None
    args: msgspec.Raw = msgspec.Raw(b"null")
    partial_args: Any = None


def read_arguments(raw: msgspec.Raw) -> str | None:
    """The arguments of a function call as on the wire; None where there are none."""
    text = bytes(raw).decode("utf-8", "replace")
    return None if text == "null" else text


class Calls:
    """The function calls of an answer, in the order in which they began."""

    def __init__(self) -> None:
        self._begun: list[_Begun] = []

    def gather(self, part: CallPart) -> None:
        """Take one part: a call, or more of the one that began last."""
        if isinstance(part.name, str) and part.name:
            self._begun.append(_Begun(part.name, read_arguments(part.args)))
        if self._begun and isinstance(part.partial_args, list):
            for piece in part.partial_args:
                self._begun[-1].join(piece)

    def named(self) -> tuple[FunctionCall, ...]:
        return tuple(FunctionCall(call.name, call.read_arguments()) for call in self._begun)


class _Begun:
    """A call of which pieces may still come. Objects are dicts, arrays too, by index; a text is its parts."""

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
        if kind is None or not 0 < len(steps) <= _DEEPEST:
            return
        inside = self._pieces
        for step in steps[:-1]:
            inside = inside.setdefault(step, {})
            if not isinstance(inside, dict):
                return
        _put(inside, steps[-1], None if kind == "nullValue" else piece[kind])

    def read_arguments(self) -> str | None:
        if not self._pieces:
            return self._arguments
        return json.dumps(_whole(self._pieces), ensure_ascii=False, separators=(",", ":"))


def _read_step(found: re.Match[str]) -> str | int:
    name, index, single, double = found.groups()
    return (
        int(index) if index is not None else next(text for text in (name, single, double) if text is not None)
    )


def _put(inside: dict[str | int, Any], step: str | int, value: Any) -> None:
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
    if all(isinstance(step, int) for step in value):
        return [_whole(value[index]) for index in sorted(value)]
    return {str(step): _whole(item) for step, item in value.items()}
