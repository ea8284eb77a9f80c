"""The legacy decorators `ingest` and `proxy`, in terms of `track`.

Each is meant for one mode: `ingest` for calls that go straight to the provider, `proxy` for calls that go
through Pay-i's proxy. Source: Pay-i's documentation of its decorators. It warns against using one in the
other's mode, and so does the pipeline when such a call begins.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from payi_transport.compat import Unpack
from payi_transport.context.fields import Scope
from payi_transport.context.frame import check_scope
from payi_transport.context.scope import apply_to, decorate_with, track_context

__all__ = ["ingest", "proxy"]

P = ParamSpec("P")
R = TypeVar("R")

_DEPRECATED = ("experience_name", "experience_id")


@overload
def ingest(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def ingest(
    *, experience_name: str | None = None, experience_id: str | None = None, **scope: Unpack[Scope]
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def ingest(
    function: Any = None,
    /,
    *,
    experience_name: str | None = None,
    experience_id: str | None = None,
    **scope: Unpack[Scope],
) -> Any:
    """Decorate as `track` does, in a program whose calls go straight to the provider.

    `experience_name` and `experience_id` are deprecated aliases of `use_case_name` and `use_case_id`.
    """
    scope = _rename(scope, experience_name, experience_id)
    # These names are parameters, so they can't be in `scope`, but an error has to list them as accepted.
    check_scope("ingest", scope, *_DEPRECATED)
    return apply_to(function, "ingest", decorate_with(functools.partial(_IngestContext, **scope)))


@overload
def proxy(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def proxy(
    *, experience_name: str | None = None, experience_id: str | None = None, **scope: Unpack[Scope]
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def proxy(
    function: Any = None,
    /,
    *,
    experience_name: str | None = None,
    experience_id: str | None = None,
    **scope: Unpack[Scope],
) -> Any:
    """Decorate as `track(proxy=True)` does: the calls of the function go through Pay-i's proxy.

    `experience_name` and `experience_id` are deprecated aliases of `use_case_name` and `use_case_id`.
    """
    scope = _rename(scope, experience_name, experience_id)
    check_scope("proxy", scope, *_DEPRECATED)
    # The name of the decorator decides, whatever the caller passes as `proxy`.
    scope["proxy"] = True
    return apply_to(function, "proxy", decorate_with(functools.partial(_ProxyContext, **scope)))


# The mode is an attribute of the class and not of the frame: it only serves a warning, and no event reports
# it.
class _IngestContext(track_context):
    mode = "ingest"


class _ProxyContext(track_context):
    mode = "proxy"


def _rename(scope: Scope, experience_name: str | None, experience_id: str | None) -> Scope:
    """Return the scope with the values of the deprecated arguments, unless the newer ones are set."""
    renamed: Scope = {**scope}
    if experience_name is not None:
        _warn_deprecated("experience_name", "use_case_name")
        renamed["use_case_name"] = _first(scope.get("use_case_name"), experience_name)
    if experience_id is not None:
        _warn_deprecated("experience_id", "use_case_id")
        renamed["use_case_id"] = _first(scope.get("use_case_id"), experience_id)
    return renamed


def _warn_deprecated(older: str, newer: str) -> None:
    # Level 4 is the line of the caller, as `_rename` and the decorator are in between.
    warnings.warn(f"{older} is deprecated, use {newer}", DeprecationWarning, stacklevel=4)


def _first(newer: str | None, older: str) -> str:
    return older if newer is None else newer
