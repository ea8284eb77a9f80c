"""What a request asks for, by its method and the end of its path.

Every HTTP request of the process passes here, and most are not LLM calls. So the rules are in a dict by the
last segment of the path: a request that asks for something else costs one look-up, and no pattern is tried
on it.
"""

from __future__ import annotations

from collections.abc import Set
from urllib.parse import unquote

from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.values.patterns import lazy_compile

__all__ = ["find_operation", "find_resource", "may_be_call", "tidy_path"]

_SLASHES = lazy_compile("//+")


def find_operation(
    method: str, path: str, registry: Registry = REGISTRY, among: Set[str] | None = None
) -> str | None:
    """Return the name of the operation that a request to `path` asks for, or None.

    `among` limits the choice.
    """
    path = tidy_path(path)
    # Paths that end in an id can't be found by their last segment, so those rules are tried only when no
    # other rule has it.
    for rule, operation in registry.paths.get(_last_of(path), registry.id_paths):
        # A GET of the same path is not a call: at OpenAI it lists what was stored earlier.
        if among is not None and operation not in among:
            continue
        if rule.method == method and rule.pattern.fullmatch(path):
            return operation
    return None


def may_be_call(path: str, registry: Registry = REGISTRY) -> bool:
    """Whether a path ends like that of an LLM call: a quick check that tries no pattern."""
    # Every request to an unknown host passes here, so this is `_last_of` without the call.
    last = path[path.rfind("/") + 1 :]
    if not last:
        # A slash at the end, or two of them, which servers ignore.
        return len(path) > 1 and may_be_call(path.rstrip("/"), registry)
    return last in registry.paths or (":" in last and last[last.rfind(":") :] in registry.paths)


def tidy_path(path: str) -> str:
    """Return a path without repeated slashes and without one at its end, which servers ignore."""
    return _SLASHES.sub("/", path).rstrip("/") or "/"


def find_resource(path: str, registry: Registry = REGISTRY) -> str | None:
    """Return the model, deployment, endpoint, or guardrail that a path names."""
    found = registry.resources.search(tidy_path(path))
    # SDKs percent-encode the names in a path, such as the colons and slashes of a Bedrock ARN, and prices
    # are listed under the plain name.
    return unquote(next(filter(None, found.groups()))) if found else None


def _last_of(path: str) -> str:
    """Return the last segment of a path, or its verb where it has one, as in `/models/m:predict`."""
    last = path[path.rfind("/") + 1 :]
    # Google puts the verb after the model's name, so the segment as a whole is different for every model.
    verb = last.rfind(":")
    return last if verb < 0 else last[verb:]
