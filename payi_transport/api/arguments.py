"""The arguments of `payi_instrument()`, resolved so that those of two calls can be compared.

Libraries, notebook cells and applications may all call `payi_instrument()` in one process. The first call
counts. A later one is worth a warning only if it asks for something different, so both are compared by what
they mean: two clients with the same key are the same, and a key of the config that is not set asks for
nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from payi_transport.config.sources import read_file
from payi_transport.config.types import PayiInstrumentConfig
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.decode.content_logger import PromptAndResponseLogger
from payi_transport.errors import PayiConfigError
from payi_transport.pipeline.assembly import find_account
from payi_transport.sinks.protocol import Sink

__all__ = ["InstrumentArguments", "find_differences", "resolve"]


class InstrumentArguments(NamedTuple):
    """The arguments of `payi_instrument()` with their defaults."""

    payi: Any = None
    instruments: Set[str] | list[str] | tuple[str, ...] | None = None
    log_prompt_and_response: bool = True
    config: PayiInstrumentConfig | str | os.PathLike[str] | None = None
    logger: logging.Logger | None = None
    prompt_and_response_logger: PromptAndResponseLogger | None = None
    sink: Sink | Sequence[Sink | str] | None = None
    children: bool = True


def resolve(arguments: InstrumentArguments) -> dict[str, object]:
    """Return the meaning of all arguments by their paths; keys of the config are `config.<key>`.

    The result shares nothing with the arguments, which the caller may change later. Raises PayiConfigError.
    """
    values: dict[str, object] = {}
    for name, value in arguments._asdict().items():
        values.update(_resolve(name, value))
    return values


def find_differences(running: Mapping[str, object], arguments: InstrumentArguments) -> list[str]:
    """Return the paths of arguments that differ from the `running` ones, or that can't be used."""
    paths: list[str] = []
    for name, value in arguments._asdict().items():
        # An argument that was left out asks for nothing.
        if value is not InstrumentArguments._field_defaults[name]:
            paths += _find_differences(running, name, value)
    return paths


def _find_differences(running: Mapping[str, object], name: str, value: Any) -> list[str]:
    try:
        if name == "config" and isinstance(value, str | os.PathLike):
            value = read_file(value)
        resolved = _resolve(name, value)
    except PayiConfigError:
        # A second call changes nothing, so it does not raise either; the argument is named in the warning.
        return [name]
    # A key of the config that is not set has its default in `resolved`, but asks for nothing.
    set_paths = [f"config.{key}" for key in value if value[key] is not None] if name == "config" else [name]
    return [path for path in set_paths if resolved[path] != running[path]]


def _resolve(name: str, value: Any) -> dict[str, object]:
    return _RESOLVERS[name](value) if name in _RESOLVERS else {name: value}


def _resolve_config(config: Any) -> dict[str, object]:
    settings = check_config(config)
    return {f"config.{name}": getattr(settings, name) for name in settings.__struct_fields__}


def _resolve_account(payi: Any) -> dict[str, object]:
    account = find_account(payi)
    # A slash at the end makes no difference to where requests go.
    return {"payi": account._replace(base_url=account.base_url.rstrip("/"), headers={}, query={})}


_RESOLVERS: Mapping[str, Callable[[Any], dict[str, object]]] = {
    "payi": _resolve_account,
    "instruments": lambda instruments: {"instruments": check_instruments(instruments)},
    "config": _resolve_config,
}
