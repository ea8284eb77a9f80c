"""Exceptions of the caller's code as text, for an event."""

from __future__ import annotations

__all__ = ["describe_error"]


def describe_error(error: BaseException) -> tuple[str, str]:
    """Return the type and text of an exception. The text is empty if its class can't produce one."""
    # The class may be the user's, whose `__str__` may raise.
    try:
        text = str(error)
    except Exception:
        text = ""
    # Lone surrogates can't be encoded.
    return type(error).__name__, text.encode("utf-8", "replace").decode()
