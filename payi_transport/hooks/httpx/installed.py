"""Finding httpx and httpx2, and hooking each once the program has imported it.

Importing one of them takes longer than all the rest of `payi_instrument()`, so that is left to the program.
Only a client or a transport of this library's own imports the one that it is made of.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from payi_transport.hooks.httpx.family import BoundFamily, bind

__all__ = ["HOOKS", "FamilyHook", "find_family", "get_family"]


def _load_httpx2() -> BoundFamily:
    from payi_transport.hooks.httpx.bind_httpx2 import FAMILY

    return FAMILY


def _load_httpx() -> BoundFamily:
    from payi_transport.hooks.httpx.bind_httpx import FAMILY

    return FAMILY


# "auto" means the first one that is installed. Current SDKs use httpx2. Bundlers such as PyInstaller follow
# import statements only, so none of these names is computed.
_LOADERS: dict[str, Callable[[], BoundFamily]] = {"httpx2": _load_httpx2, "httpx": _load_httpx}


class FamilyHook:
    """The hook on the clients of httpx or httpx2, which is bound to the module that the program imported."""

    def __init__(self, name: str) -> None:
        self.name = name
        # More than one if `httpx2.alias_httpx()` is called in between.
        self._families: list[BoundFamily] = []

    def install(self) -> list[str]:
        """Hook the clients. Return the names of methods that this version does not have."""
        family = bind(sys.modules[self.name])
        self._families.append(family)
        return family.install()

    def uninstall(self) -> None:
        """Put the clients' own methods back."""
        for family in self._families:
            family.uninstall()
        self._families.clear()


HOOKS = [FamilyHook(name) for name in _LOADERS]


def get_family(name: str) -> BoundFamily:
    """Return the family called "httpx" or "httpx2"; "auto" is httpx2 if it is installed, else httpx.

    Imports it if need be. Raises ValueError for another name, and ImportError if it is not installed.
    """
    if name == "auto":
        try:
            return _load_httpx2()
        except ImportError:
            return _load_httpx()
    if name not in _LOADERS:
        raise ValueError(f"family: expected 'auto', 'httpx', or 'httpx2', got {name!r}")
    return _LOADERS[name]()


def find_family(transport: object, base: str) -> BoundFamily:
    """Return the family whose class `base` a transport is an instance of. Raises TypeError if neither is."""
    for name in _LOADERS:
        # Where there is a transport, its module has been imported.
        kind = getattr(sys.modules.get(name), base, None)
        if kind is not None and isinstance(transport, kind):
            return get_family(name)
    raise TypeError(f"transport: expected an instance of httpx.{base} or httpx2.{base}, got {transport!r}")
