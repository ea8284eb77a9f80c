"""The older decorators `ingest` and `proxy`, each for one mode: what they are in terms of `track`.

Source: Pay-i's page on decorators. It warns of taking the one in the other's mode: see `Pipeline.begin`.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from payi_transport.compat import Unpack
from payi_transport.context.fields import Scope
from payi_transport.context.frame import check_scope
from payi_transport.context.scope import decorate_with, track_context

__all__ = ["ingest", "proxy"]

P = ParamSpec("P")
R = TypeVar("R")

_OLDER = ("experience_name", "experience_id")


def ingest(
    *, experience_name: str | None = None, experience_id: str | None = None, **scope: Unpack[Scope]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`track`, for programs whose calls go straight to the provider.

    `experience_name` and `experience_id` are deprecated names of `use_case_name` and `use_case_id`.
    """
    scope = _rename(scope, experience_name, experience_id)
    check_scope("ingest", scope, *_OLDER)
    return decorate_with(functools.partial(_IngestContext, **scope))


def proxy(
    *, experience_name: str | None = None, experience_id: str | None = None, **scope: Unpack[Scope]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`track(proxy=True)`: the calls of the function go through Pay-i's proxy.

    `experience_name` and `experience_id` are deprecated names of `use_case_name` and `use_case_id`.
    """
    scope = _rename(scope, experience_name, experience_id)
    check_scope("proxy", scope, *_OLDER)
    scope["proxy"] = True
    return decorate_with(functools.partial(_ProxyContext, **scope))


class _IngestContext(track_context):
    mode = "ingest"


class _ProxyContext(track_context):
    mode = "proxy"


def _rename(scope: Scope, experience_name: str | None, experience_id: str | None) -> Scope:
    """The scope with what the older names say, where the newer ones say nothing."""
    renamed: Scope = {**scope}
    if experience_name is not None:
        _deprecate("experience_name", "use_case_name")
        renamed["use_case_name"] = _first(scope.get("use_case_name"), experience_name)
    if experience_id is not None:
        _deprecate("experience_id", "use_case_id")
        renamed["use_case_id"] = _first(scope.get("use_case_id"), experience_id)
    return renamed


def _deprecate(older: str, newer: str) -> None:
    warnings.warn(f"{older} is deprecated, use {newer}", DeprecationWarning, stacklevel=4)


def _first(newer: str | None, older: str) -> str:
    return older if newer is None else newer
