"""Reading TOML files, with errors that name the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import msgspec.toml

from payi_transport.errors import PayiConfigError
from payi_transport.values.redaction import remove_secrets

__all__ = ["read_toml"]

_EXAMPLE = "user_id = 'u-1', proxy = true, or [delivery]"


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises PayiConfigError if it can't be read."""
    try:
        values: dict[str, Any] = msgspec.toml.decode(_decode(path.read_bytes()))
    except ImportError:
        # Newer versions of Python have a parser of their own.
        raise PayiConfigError(
            f"{path}: reading TOML on Python 3.10 needs one more package: pip install 'payi-transport[cli]'"
        ) from None
    except OSError as exc:
        raise PayiConfigError(f"{_show(path)}: can't read the file: {exc.strerror}") from None
    except UnicodeError:
        raise PayiConfigError(
            f"{path}: not a TOML file: expected text in UTF-8, got another encoding, or no text"
        ) from None
    except (msgspec.DecodeError, RecursionError) as exc:
        raise PayiConfigError(f"{path}: not a TOML file: {exc}; expected lines such as {_EXAMPLE}") from None
    except ValueError as exc:
        # A path with a character that the name of no file has.
        raise PayiConfigError(f"{_show(path)}: can't read the file: {exc}") from None
    return values


def _decode(data: bytes) -> str:
    if b"\0" in data:
        # Text in UTF-16 without a mark is UTF-8 with many of these.
        raise UnicodeError
    # The `-sig` codec skips a byte order mark, which editors on Windows write.
    return data.decode("utf-8-sig")


def _show(path: Path) -> str:
    """Return a path on one line, however long it is and whatever it has in it."""
    text = remove_secrets(str(path))
    return text if text.isprintable() and len(text) <= 300 else f"{text[:300]!r}"
