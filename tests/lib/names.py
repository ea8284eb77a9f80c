"""What the modules of Pay-i's own SDK define."""

from __future__ import annotations

import importlib
import inspect

__all__ = ["find_public_names"]


def find_public_names(module: str) -> set[str]:
    """Return the classes and functions that a module defines under a public name."""
    return {
        name
        for name, value in vars(importlib.import_module(module)).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
        if inspect.isclass(value) or inspect.isfunction(value)
    }
