"""Texts and content parts in JSON of any shape.

Content nests: a message holds parts, one of them a tool's result, which holds parts again. Providers nest
it in different ways and keep adding new ones. So instead of modeling each shape, these functions walk
whatever is there through the fields of certain names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

import msgspec

__all__ = ["find_texts", "has_field", "has_part"]

# Enough for a message with a tool's result with a search's result in it. A body may nest deeper than the
# stack allows.
_DEEPEST = 10


def find_texts(
    value: Any, names: Set[str], written: Iterable[str] = (), deepest: int = _DEEPEST
) -> Iterator[str]:
    """Yield each text in the fields of these names, and as JSON whatever the `written` fields hold."""
    if isinstance(value, str):
        yield value
    # The bound is passed down instead of relying on RecursionError, which would cost the texts found so
    # far.
    elif deepest:
        for part in _find_parts(value, names):
            yield from find_texts(part, names, written, deepest - 1)
        if isinstance(value, dict):
            yield from (_write(value[name]) for name in written if value.get(name))


def has_part(value: Any, names: Set[str], kinds: Set[str], deepest: int = _DEEPEST) -> bool:
    """Whether the fields of these names hold a part whose `type` is one of the kinds."""
    return deepest > 0 and any(
        _find_kind(part) in kinds or has_part(part, names, kinds, deepest - 1)
        for part in _find_parts(value, names)
    )


def has_field(value: Any, names: Set[str], field: str, deepest: int = _DEEPEST) -> bool:
    """Whether the fields of these names hold a part with this field."""
    return deepest > 0 and any(
        (isinstance(part, dict) and field in part) or has_field(part, names, field, deepest - 1)
        for part in _find_parts(value, names)
    )


def _find_parts(value: Any, names: Set[str]) -> Iterable[Any]:
    if isinstance(value, dict):
        # The order of the document is kept, so the texts read as the model read them.
        return [part for name, part in value.items() if name in names]
    return value if isinstance(value, list) else ()


def _find_kind(part: Any) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) else ""


def _write(value: Any) -> str:
    try:
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    except RecursionError:
        return ""
