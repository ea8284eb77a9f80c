"""Show values of a configuration in errors: on one line, without secrets, and not endlessly long.

The value that is wrong may be a key in the wrong place, or a table with a password beside what is wrong. So a
secret is removed by the name that it stands under, and by its form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from payi_transport.values.patterns import lazy_compile
from payi_transport.values.redaction import remove_secrets, remove_tokens

__all__ = ["has_password", "is_secret_name", "show", "show_whole"]

_REMOVED = "<removed>"
_LONGEST = 200
_BRACKETS: Mapping[type[Collection[object]], tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
}
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
    text = show_whole(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def show_whole(value: object) -> str:
    """Return the repr of a value without what looks like a secret, however long it is."""
    if isinstance(value, Mapping):
        items = (
            f"{show_whole(key)}: {_REMOVED if _names_secret(key) else show_whole(item)}"
            for key, item in value.items()
        )
        return f"{{{', '.join(items)}}}"
    for kind, (start, end) in _BRACKETS.items():
        if isinstance(value, kind) and value:
            only = "," if kind is tuple and len(value) == 1 else ""
            return f"{start}{', '.join(map(show_whole, value))}{only}{end}"
    # Before the repr, whose backslashes hide a secret, and whose quotes look like a part of one.
    if isinstance(value, str):
        return repr(remove_secrets(value))
    if isinstance(value, bytes):
        return repr(remove_secrets(value.decode("latin-1")).encode("latin-1"))
    return remove_secrets(repr(value))


def is_secret_name(name: object) -> bool:
    """Return whether what stands under this name is a secret, by the words that names of secrets end in."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None


def has_password(text: str) -> bool:
    """Return whether a text has an address with a password in it."""
    return _PASSWORD.search(text) is not None


def _names_secret(key: object) -> bool:
    # Of names in texts, such as that of a signature, what stands behind them tells what they are.
    return is_secret_name(key) or remove_tokens(f"{key}: x").endswith(_REMOVED)
