"""Reads and writes nested settings by dotted paths."""

from __future__ import annotations

from typing import Any

__all__ = ["read", "write"]


def read(settings: Any, path: str) -> Any:
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


def write(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: write(rest, value) if rest else value}
