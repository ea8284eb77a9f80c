"""The text of context headers: how each type of value is written and read.

A value is written as plain ASCII where possible, and as an extended value of RFC 8187 (`UTF-8''%C3%A4`)
otherwise, because SDKs refuse headers that are not ASCII. Properties are compact JSON, which has its own
escapes. For requests to Pay-i's proxy, this library writes the headers itself, and no SDK is in the way. They
carry UTF-8 unescaped, and properties in base64, as Pay-i documents for the proxy.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

from payi_transport.values.patterns import lazy_compile

__all__ = [
    "LARGEST_VERSION",
    "UNREADABLE",
    "decode_header",
    "encode_properties",
    "read_list",
    "read_logging",
    "read_properties",
    "read_switch",
    "read_text",
    "read_version",
    "to_properties",
    "to_text",
    "write_list",
    "write_logging",
    "write_properties",
    "write_text",
]

# JSON numbers lose precision above this value.
LARGEST_VERSION: Final = 2**53
# What reading a malformed header may raise. The errors of base64 and of decoding text are ValueErrors.
UNREADABLE: Final = (ValueError, msgspec.DecodeError, RecursionError)

_EXTENDED = "UTF-8''"
# A plain value is printable ASCII without a space at either end. A plain list item has no comma either.
_PLAIN = lazy_compile(r"[!-~]([ -~]*[!-~])?")
_PLAIN_ITEM = lazy_compile(r"[!-+\--~]([ -+\--~]*[!-+\--~])?")
_FALSE = frozenset({"0", "false", "no", "off"})
_properties = msgspec.json.Decoder(dict[str, Any])


def to_text(value: object) -> str:
    """Return `value` as text that can be sent: lone surrogates, which have no encoding, become `?`."""
    text = str(value)
    # CPython knows whether a string is ASCII without looking at its characters.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def to_properties(properties: Mapping[Any, object]) -> dict[str, str]:
    """Return names and values as text, without the properties that are None."""
    return {to_text(name): to_text(value) for name, value in properties.items() if value is not None}


def decode_header(value: bytes) -> str:
    """Decode a header's bytes as UTF-8, or as ISO 8859-1, which older clients send."""
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()


def write_text(value: object) -> str:
    """Write any value as plain ASCII, or escaped if a header can't hold it as it is."""
    return _escape(to_text(value), _PLAIN)


def read_text(value: str) -> str | None:
    """Read plain or escaped text; an empty header is None, which clears the field."""
    # The name of a charset may come in either case (RFC 8187).
    extended = value[: len(_EXTENDED)].upper() == _EXTENDED
    return (unquote(value[len(_EXTENDED) :]) if extended else value) or None


def write_list(items: Iterable[object]) -> str:
    """Write items separated by commas, without empty ones."""
    texts = (to_text(item).strip() for item in items)
    return ",".join(_escape(text, _PLAIN_ITEM) for text in texts if text)


def read_list(value: str) -> tuple[str, ...]:
    """Read items separated by commas, without empty ones and repeats, in order."""
    # An item with a comma was escaped, so every comma here separates items.
    items = (read_text(item.strip()) for item in value.split(","))
    return tuple(dict.fromkeys(item for item in items if item))


def write_properties(properties: Mapping[str, object]) -> str:
    """Write compact JSON, or an empty header if no property has a value."""
    texts = to_properties(properties)
    return json.dumps(texts, separators=(",", ":")) if texts else ""


def read_properties(value: str) -> Mapping[str, str]:
    """Read compact JSON, or its base64, which is what proxy mode sends."""
    # Without `validate`, base64 skips foreign characters, and would decode almost any text.
    text = value if value.startswith("{") else base64.b64decode(value, validate=True)
    return to_properties(_properties.decode(text)) if text else {}


def encode_properties(properties: Mapping[str, str]) -> str:
    """Write properties as Pay-i's proxy takes them: the base64 of compact JSON."""
    return base64.b64encode(write_properties(properties).encode()).decode()


def read_version(value: str) -> int | None:
    """Read a version. Raises ValueError if it is not an integer, or out of range."""
    version = int(value) if value else None
    if version is not None and not 0 <= version <= LARGEST_VERSION:
        raise ValueError("out of range")
    return version


def read_switch(value: str) -> bool | None:
    """Read a switch. Every value is true except the usual words for false."""
    return value.lower() not in _FALSE if value else None


def write_logging(logs: object) -> str:
    """Write the header that disables logging, which has the opposite meaning of its field."""
    return str(not logs)


def read_logging(value: str) -> bool | None:
    """Read the header that disables logging as whether content is logged."""
    disabled = read_switch(value)
    return None if disabled is None else not disabled


def _escape(text: str, plain: re.Pattern[str]) -> str:
    # Plain text that begins like an escaped value has to be escaped, or it would be unescaped when it is
    # read.
    as_is = not text or (plain.fullmatch(text) and not text.upper().startswith(_EXTENDED))
    return text if as_is else _EXTENDED + quote(text, safe="")
