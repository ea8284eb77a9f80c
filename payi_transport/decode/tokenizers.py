"""Counting tokens of models that don't tell, with tokenizer files that the user names. Uses no network.

Needs the package `tokenizers` (extra of that name). Files are loaded once, by the worker, when first needed.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Tokenizers"]


class Tokenizers:
    """Tokenizers by model, from the paths of their files."""

    def __init__(self, paths: Mapping[str, str], logger: logging.Logger) -> None:
        self._paths = dict(paths)
        self._logger = logger
        self._loaded: dict[str, Any] = {}
        self._warn_of_what_is_missing()

    def __contains__(self, model: object) -> bool:
        return model in self._paths

    def count(self, model: str, text: str) -> int | None:
        """The tokens of `text`; None where the model has no tokenizer, or it can't be loaded."""
        if model not in self._paths:
            return None
        if model not in self._loaded:
            self._loaded[model] = self._load(model)
        tokenizer = self._loaded[model]
        if tokenizer is None:
            return None
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    def _load(self, model: str) -> Any:
        try:
            return importlib.import_module("tokenizers").Tokenizer.from_file(self._paths[model])
        except Exception as exc:  # the library raises bare Exception for a file it can't read
            self._warn(f"the tokenizer of {model!r} can not be loaded ({type(exc).__name__}: {exc})")
            return None

    def _warn_of_what_is_missing(self) -> None:
        """What is told here is not told again when the tokenizer is needed."""
        if self._paths and not _is_installed():
            self._warn(
                "a tokenizer_path needs the package tokenizers: pip install 'payi-transport[tokenizers]'"
            )
            self._loaded = dict.fromkeys(self._paths)
        for model, path in self._paths.items():
            reason = _find_fault(path)
            if reason is not None:
                self._warn(f"the tokenizer_path of {model!r}, {path!r}, can not be read ({reason})")
                self._loaded[model] = None

    def _warn(self, message: str) -> None:
        self._logger.warning("payi_transport: %s; its tokens are not counted", message)


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("tokenizers") is not None
    except (ImportError, ValueError):
        # A finder that hides it, or another module in its place.
        return False


def _find_fault(path: str) -> str | None:
    """Why a file can't be read, None for one that can."""
    try:
        with Path(path).open("rb"):
            return None
    except (OSError, ValueError) as exc:
        return f"{type(exc).__name__}: {getattr(exc, 'strerror', None) or exc}"
