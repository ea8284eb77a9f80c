"""The local service, which needs an extra: the other commands work without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payi_transport.errors import PayiError

__all__ = ["load_serve"]


def load_serve() -> Callable[[Mapping[str, Any], Callable[[str], None]], None]:
    """Return the function that runs the local service. Raises PayiError if the extra is not installed."""
    try:
        from payi_transport.serve.start import serve
    except ModuleNotFoundError as exc:
        raise PayiError(f'the local service needs {exc.name}: pip install "payi-transport[serve]"') from None
    return serve
