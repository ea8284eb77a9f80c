"""What `payi_instrument()` is given, and what of it a later call asks for in vain."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from payi_transport.config.types import PayiInstrumentConfig
from payi_transport.config.validation import check_config, check_instruments
from payi_transport.decode.content_logger import PromptAndResponseLogger
from payi_transport.errors import PayiConfigError
from payi_transport.pipeline.assembly import find_account
from payi_transport.sinks.protocol import Sink

__all__ = ["Arguments", "describe", "find_ignored"]


class Arguments(NamedTuple):
    """By the names that users write; the defaults say nothing."""

    payi: Any = None
    instruments: Set[str] | None = None
    log_prompt_and_response: bool = True
    config: PayiInstrumentConfig | None = None
    logger: logging.Logger | None = None
    prompt_and_response_logger: PromptAndResponseLogger | None = None
    sink: Sink | None = None


def describe(arguments: Arguments) -> dict[str, object]:
    """What all arguments come to, by name, the keys of the configuration as `config.user_id`.

    Raises PayiConfigError. What is told is the library's own: the caller may change the arguments later.
    """
    found: dict[str, object] = {}
    for name, value in arguments._asdict().items():
        found.update(_read(name, value))
    return found


def find_ignored(running: Mapping[str, object], arguments: Arguments) -> list[str]:
    """The arguments of a later call that ask for something else than what is `running`, or can't be used."""
    ignored: list[str] = []
    for name, value in arguments._asdict().items():
        if value is not Arguments._field_defaults[name]:
            ignored += _find_different(running, name, value)
    return ignored


def _find_different(running: Mapping[str, object], name: str, value: Any) -> list[str]:
    try:
        asked = _read(name, value)
    except PayiConfigError:
        return [name]
    # What a configuration does not say has a default.
    said = [f"config.{key}" for key in value if value[key] is not None] if name == "config" else [name]
    return [path for path in said if asked[path] != running[path]]


def _read(name: str, value: Any) -> dict[str, object]:
    return _READERS[name](value) if name in _READERS else {name: value}


def _read_config(config: Any) -> dict[str, object]:
    settings = check_config(config)
    return {f"config.{name}": getattr(settings, name) for name in settings.__struct_fields__}


def _read_account(payi: Any) -> dict[str, object]:
    account = find_account(payi)
    return {"payi": (account.base_url.rstrip("/"), account.api_key)}


_READERS: Mapping[str, Callable[[Any], dict[str, object]]] = {
    "payi": _read_account,
    "instruments": lambda instruments: {"instruments": check_instruments(instruments)},
    "config": _read_config,
}
