"""Refusing secrets in files: they are committed, copied, and read by many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_type_hints

from payi_transport.config.expected import find_section
from payi_transport.config.schema import Section, Settings
from payi_transport.errors import PayiConfigError
from payi_transport.values.shown import has_password, is_secret_name, show

__all__ = ["refuse_secrets"]

# Addresses that contain a secret as a whole, and that a file may name all the same.
_ALLOWED = frozenset({"webhook"})


def refuse_secrets(values: Mapping[str, Any]) -> None:
    """Raise PayiConfigError for a key that looks like a secret, and for an address with a password.

    The error names the environment variable for it.
    """
    _walk(values, Settings, "PAYI_TRANSPORT_", "")


def _walk(values: Mapping[str, Any], section: type[Section] | None, variable: str, above: str) -> None:
    """Walk a section, or a table that is not one. Tables whose keys are the user's own have no secrets."""
    hints = get_type_hints(section, include_extras=True) if section is not None else {}
    for name, value in values.items():
        known = name in hints
        own = f"{variable}{name.upper()}" if known else "PAYI_API_KEY"
        path = f"{above}{name}"
        if is_secret_name(name) and name not in _ALLOWED:
            raise PayiConfigError(
                f"{name!r} looks like a secret, and a file is no place for one; set the environment variable"
                f" {own}"
            )
        for text in _list_texts(name, value):
            if has_password(text):
                raise PayiConfigError(
                    f"{path}: {show(text)} has a password in it, and a file is no place for one; set the"
                    f" environment variable {own}"
                )
        below = find_section(hints.get(name))
        if isinstance(value, Mapping) and (below is not None or not known):
            _walk(value, below, f"{variable}{name.upper()}__", f"{path}.")


def _list_texts(name: str, value: object) -> list[str]:
    """Return the texts in which an address may be: the value, its items, or the keys of mappings."""
    items = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    keys = value if name == "host_mappings" and isinstance(value, Mapping) else ()
    return [text for text in (*items, *keys) if isinstance(text, str)]
