"""Reading TOML files, with errors that name the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import msgspec.toml

from payi_transport.errors import PayiConfigError

__all__ = ["read_toml"]


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises PayiConfigError if it can't be read."""
    try:
        # The `-sig` codec skips a byte order mark, which editors on Windows write.
        values: dict[str, Any] = msgspec.toml.decode(path.read_text("utf-8-sig"))
    except ImportError:
        # Newer versions of Python have a parser of their own.
        raise PayiConfigError(
            f"{path}: reading TOML on Python 3.10 needs one more package: pip install 'payi-transport[cli]'"
        ) from None
    except OSError as exc:
        raise PayiConfigError(f"{path}: can't read the file: {exc.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise PayiConfigError(f"{path}: not a TOML file: {exc}") from None
    return values
