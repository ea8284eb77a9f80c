"""Nonces for what NiceGUI writes into a document, so that the page's policy allows no other script or style.

They are added to the source of NiceGUI's template, before any text of a user is in it. What came with a text,
should one ever get into a document as HTML, has none, and a browser does not run it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jinja2 import BaseLoader, Environment, FunctionLoader

from payi_transport.serve.security import NONCE

__all__ = ["add_nonces"]

_TAG = re.compile(r"<(script|style)\b")


def add_nonces(environment: Environment) -> None:
    """Let templates of an environment give their scripts and styles the nonce of the request."""
    loader = environment.loader
    if loader is not None:
        environment.loader = FunctionLoader(_load_with_nonces(environment, loader))


def _load_with_nonces(
    environment: Environment, loader: BaseLoader
) -> Callable[[str], tuple[str, str | None, Callable[[], bool] | None]]:
    def load(name: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, filename, is_fresh = loader.get_source(environment, name)
        source = _TAG.sub(rf'<\1 nonce="{{{{ request.scope.{NONCE} }}}}"', source)
        # Styles of single elements have no nonces.
        return source.replace('style="display: none"', "hidden"), filename, is_fresh

    return load
