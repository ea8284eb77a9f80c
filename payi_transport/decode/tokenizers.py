"""Load tokenizers from the files that the user names, and count tokens with them. Uses no network.

This needs the package `tokenizers`, which is an extra of that name. A file holds megabytes of JSON, so it is
loaded only once its model is seen, and then kept. Problems that can be found without loading, a missing
package or an unreadable file, are logged at start, where the user is looking.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Tokenizers"]


class Tokenizers:
    """Count tokens by model; `paths` are the files of the tokenizers."""

    def __init__(self, paths: Mapping[str, str], logger: logging.Logger) -> None:
        self._paths = dict(paths)
        self._logger = logger
        # None stands for a tokenizer that can't be used and was warned about.
        self._loaded: dict[str, Any] = {}
        self._check_paths()

    def __contains__(self, model: object) -> bool:
        return model in self._paths

    def count(self, model: str, text: str) -> int | None:
        """Return the number of tokens in `text`, or None if the model has no tokenizer that works."""
        if model not in self._paths:
            return None
        if model not in self._loaded:
            # Without a lock: in inline delivery two threads may both load it, and the last one is kept.
            self._loaded[model] = self._load(model)
        tokenizer = self._loaded[model]
        if tokenizer is None:
            return None
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    def _load(self, model: str) -> Any:
        path = self._paths[model]
        try:
            from tokenizers import Tokenizer

            return Tokenizer.from_file(path)
        except Exception as exc:  # the package raises a bare Exception for a file that it can't parse
            self._warn(model, f"{path!r} is not a tokenizer file ({type(exc).__name__}: {exc})")
            return None

    def _check_paths(self) -> None:
        if self._paths and not _is_installed():
            self._logger.warning(
                "payi_transport: no tokens are counted for %s: a tokenizer_path needs the package tokenizers,"
                " which is not installed. Run pip install 'payi-transport[tokenizers]'",
                ", ".join(map(repr, self._paths)),
            )
            self._loaded = dict.fromkeys(self._paths)
        for model, path in self._paths.items():
            reason = _find_problem(path)
            if reason is not None:
                self._warn(model, f"{path!r} can't be read ({reason})")
                self._loaded[model] = None

    def _warn(self, model: str, problem: str) -> None:
        self._logger.warning(
            "payi_transport: no tokens are counted for %r: its tokenizer_path %s", model, problem
        )


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("tokenizers") is not None
    except (ImportError, ValueError):
        # An import hook hides the package, or sys.modules holds something else under its name.
        return False


def _find_problem(path: str) -> str | None:
    """Return why a file can't be read, or None if it can."""
    try:
        with Path(path).open("rb"):
            return None
    except (OSError, ValueError) as exc:
        return f"{type(exc).__name__}: {getattr(exc, 'strerror', None) or exc}"
