"""Which of httpx and httpx2 are installed in this process."""

from __future__ import annotations

from collections.abc import Callable

from payi_transport.hooks.httpx.family import BoundFamily

__all__ = ["find_family", "get_families", "get_family"]


def _load_httpx2() -> BoundFamily:
    from payi_transport.hooks.httpx.bind_httpx2 import FAMILY

    return FAMILY


def _load_httpx() -> BoundFamily:
    from payi_transport.hooks.httpx.bind_httpx import FAMILY

    return FAMILY


# "auto" means the first one that is installed. Current SDKs use httpx2. Bundlers such as PyInstaller follow
# import statements only, so none of these names is computed.
_LOADERS: dict[str, Callable[[], BoundFamily]] = {"httpx2": _load_httpx2, "httpx": _load_httpx}
NAMES = tuple(_LOADERS)


def get_families() -> list[BoundFamily]:
    """Return every family that is installed. Where one name is an alias of the other, return it once."""
    families: list[BoundFamily] = []
    for name in NAMES:
        try:
            family = _LOADERS[name]()
        except ImportError:
            continue
        if family not in families:
            families.append(family)
    return families


def get_family(name: str) -> BoundFamily:
    """Return the family called "httpx" or "httpx2"; "auto" is httpx2 if it is installed, else httpx.

    Raises ValueError for another name, and ImportError if that family is not installed.
    """
    if name == "auto":
        return get_families()[0]
    if name not in NAMES:
        raise ValueError(f"family: expected 'auto', 'httpx', or 'httpx2', got {name!r}")
    return _LOADERS[name]()


def find_family(transport: object, base: str) -> BoundFamily:
    """Return the family whose class `base` a transport is an instance of. Raises TypeError if neither is."""
    for family in get_families():
        if isinstance(transport, getattr(family.module, base)):
            return family
    raise TypeError(f"transport: expected an instance of httpx.{base} or httpx2.{base}, got {transport!r}")
