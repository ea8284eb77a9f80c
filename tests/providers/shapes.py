"""What tests of readers share: messages made of bodies, and JSON of any shape."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from payi_transport.framing import Messages

__all__ = ["DEEP", "Shown", "make_messages", "objects_of", "show"]

Shown = dict[str, tuple[int | None, int | None]]


def show(units: Any) -> Shown:
    return {name: (unit.input, unit.output) for name, unit in units.items()}


def make_messages(*bodies: Any) -> Messages:
    """A frame a body; bytes stand for themselves, anything else for its JSON."""
    return [("", body if isinstance(body, bytes) else json.dumps(body).encode()) for body in bodies]


def objects_of(names: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of these fields, each of any type."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=5)
        | st.sampled_from(names)
    )
    values = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names), inner, max_size=4)
        ),
        max_leaves=12,
    )
    return st.dictionaries(st.sampled_from(names), values, max_size=8)


# JSON that no parser follows to its end.
DEEP = [
    b"[" * 200_000,
    b'{"usage":' + b"[" * 200_000,
    b'{"x":' + b'{"x":' * 200_000,
    b'{"data":' + b"[" * 200_000,
    b'{"output":' + b"[" * 200_000,
    b'{"duration":' + b"9" * 400 + b"}",
    b'{"usage":{"seconds":' + b"9" * 400 + b"}}",
    b'{"id":"\xff"}',
]
