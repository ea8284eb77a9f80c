"""Show values of a configuration in errors: on one line, without secrets, and not endlessly long.

The value that is wrong may be a key in the wrong place, or a table with a password beside what is wrong. So a
secret is removed by the name that it stands under, and by its form.
"""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.values.patterns import lazy_compile
from payi_transport.values.redaction import cut_urls, remove_secrets

__all__ = ["has_password", "is_secret_name", "show"]

_REMOVED = "<removed>"
_LONGEST = 200
_SECRET_NAME = lazy_compile(
    r"(^|[-_. ]|(?<=[a-z])(?=[A-Z]))(?i:(api|access|secret)?key|token|secret|pass(wd|word|phrase|code)?|pwd"
    r"|credentials?|auth(orization)?|bearer|jwt|cookie|webhook)$"
)
_PASSWORD = lazy_compile(r"://[^/@\s:]*:[^/@\s]+@")


def show(value: object, name: object = None) -> str:
    """Return the value as an error shows it: its repr, without what looks like a secret.

    Nothing is shown of a value whose `name` is that of a secret, unless it is empty.
    """
    if is_secret_name(name) and value != "":
        return repr(_REMOVED)
    text = remove_secrets(repr(_without_secrets(value)))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def is_secret_name(name: object) -> bool:
    """Return whether what stands under this name is a secret, by the words that names of secrets end in."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None


def has_password(text: str) -> bool:
    """Return whether a text has an address with a password in it."""
    return _PASSWORD.search(text) is not None


def _without_secrets(value: object) -> object:
    if isinstance(value, Mapping):
        return {
            # The key of a mapping may be an address with a password.
            remove_secrets(cut_urls(key)) if isinstance(key, str) else key: _REMOVED
            if is_secret_name(key)
            else _without_secrets(item)
            for key, item in value.items()
        }
    # Before the repr, which adds backslashes to what a secret is recognized by.
    if isinstance(value, str):
        return remove_secrets(value)
    if isinstance(value, bytes):
        return remove_secrets(value.decode("latin-1")).encode("latin-1")
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value
