"""Which families of httpx this process has."""

from __future__ import annotations

import importlib

from payi_transport.hooks.httpx.family import BoundFamily

__all__ = ["find_family", "get_families", "get_family"]

# The current SDKs' one first: it is what "auto" means.
NAMES = ("httpx2", "httpx")


def get_families() -> list[BoundFamily]:
    """Every family that is installed, none twice."""
    families: list[BoundFamily] = []
    for name in NAMES:
        try:
            family: BoundFamily = importlib.import_module(f"payi_transport.hooks.httpx.bind_{name}").FAMILY
        except ImportError:
            continue
        if family not in families:
            families.append(family)
    return families


def get_family(name: str) -> BoundFamily:
    """The family called "httpx" or "httpx2"; "auto" is httpx2 where it is installed.

    Raises ValueError for another name, ImportError where that family is not installed.
    """
    if name == "auto":
        return get_families()[0]
    if name not in NAMES:
        raise ValueError(f"family: {name!r} not known; accepted: 'auto', 'httpx', 'httpx2'")
    family: BoundFamily = importlib.import_module(f"payi_transport.hooks.httpx.bind_{name}").FAMILY
    return family


def find_family(transport: object, base: str) -> BoundFamily:
    """The family that a transport is of, `base` being the name of its base class. Raises TypeError."""
    for family in get_families():
        if isinstance(transport, getattr(family.module, base)):
            return family
    raise TypeError(f"transport: expected a {base} of httpx or httpx2, got {transport!r}")
