"""The one check that turns the `config` that users write into settings.

Everything that can be wrong is reported here, at the start, with the path of the key, the value, and what is
accepted; nothing raises later. msgspec decides whether a value is valid. Its errors speak of JSON ("Expected
`object`"), so this module walks the config along the schema first and words the errors itself.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Set
from typing import Any, TypeVar, get_args, get_origin, get_type_hints, overload

import msgspec

from payi_transport.config.categories import suggest_category
from payi_transport.config.expected import describe, find_section
from payi_transport.config.schema import Section, Settings
from payi_transport.decode.recorded_headers import is_secret
from payi_transport.errors import PayiConfigError
from payi_transport.providers.registry import REGISTRY, Registry
from payi_transport.values.near_names import find_near
from payi_transport.values.patterns import lazy_compile
from payi_transport.values.shown import is_secret_name, show
from payi_transport.values.zones import find_zone

__all__ = ["check_config", "check_instruments", "check_logger", "check_switch", "check_values"]

T = TypeVar("T", bound=Settings)
_WORD = lazy_compile(r"[\w-]+")
# RFC 9110, 5.1.
_HEADER = lazy_compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@overload
def check_config(config: Mapping[str, Any] | None) -> Settings: ...


@overload
def check_config(config: Mapping[str, Any] | None, schema: type[T]) -> T: ...


def check_config(config: Mapping[str, Any] | None, schema: type[Settings] = Settings) -> Settings:
    """Return the settings that `config` means, complete with defaults; `config` itself is never changed.

    Raises PayiConfigError.
    """
    values = _prepare(config)
    _check(values, schema, "config")
    settings = msgspec.convert(values, schema)
    for name in settings.capture.request_headers:
        if is_secret(name.strip().lower()):
            raise PayiConfigError(
                f"config.capture.request_headers: {name!r} is a credential and is never recorded"
            )
        if not _HEADER.fullmatch(name.strip()):
            raise PayiConfigError(
                f"config.capture.request_headers: expected names of headers such as 'x-request-id', got"
                f" {show(name)}"
            )
    for key in ("limit_ids", "request_tags"):
        for index, name in enumerate(getattr(settings, key)):
            # They travel in one header, with commas between them.
            if not name.strip() or "," in name:
                raise PayiConfigError(
                    f"config.{key}[{index}]: expected a string that is not empty and has no comma, got"
                    f" {show(name)}"
                )
    try:
        find_zone(settings.time_zone)
    except ValueError as exc:
        raise PayiConfigError(f"config.time_zone: {exc}") from None
    return settings


def check_values(config: Mapping[str, Any]) -> None:
    """Raise PayiConfigError for a key or a value that is wrong by itself, whatever other sources add."""
    _check(_prepare(config), Settings, "config", is_whole=False)


def _prepare(config: object) -> dict[Any, Any]:
    if config is not None and not isinstance(config, Mapping):
        raise PayiConfigError(f"config: expected a dict, got {show(config)}")
    return _read_shorthands(_without_none(config or {}))


def check_instruments(instruments: object, registry: Registry = REGISTRY) -> frozenset[str] | None:
    """Return the categories to observe, None for all. Raises PayiConfigError."""
    if instruments is None:
        return None
    # A single string would otherwise be taken for a set of its letters.
    if not isinstance(instruments, Set | list | tuple) or not all(isinstance(n, str) for n in instruments):
        hint = suggest_category(instruments) if isinstance(instruments, str) else None
        raise PayiConfigError(
            f"instruments: expected a set of strings such as {{{hint or '*'!r}}}, got {show(instruments)}"
        )
    unknown = sorted(set(instruments) - set(registry.instruments) - {"*"})
    if unknown or not instruments:
        accepted = ", ".join(registry.names)
        problem = (
            f"unknown {', '.join(map(_name_unknown, unknown))}"
            if unknown
            else f"expected at least one, got {show(instruments)}"
        )
        raise PayiConfigError(f"instruments: {problem}; accepted: '*', {accepted}")
    return None if "*" in instruments else frozenset(instruments)


def check_switch(name: str, value: object) -> bool:
    """Return a bool argument. Raises PayiConfigError for anything else: "false" would count as true."""
    if not isinstance(value, bool):
        raise PayiConfigError(f"{name}: expected True or False, got {show(value)}")
    return value


def check_logger(logger: object) -> None:
    """Raise PayiConfigError for what can't log, such as the name of a logger."""
    methods = ("debug", "info", "warning")
    # A class has the methods as well, but they need an instance.
    if isinstance(logger, type) or not all(callable(getattr(logger, name, None)) for name in methods):
        hint = f"logging.getLogger({show(logger)})" if isinstance(logger, str) else "logging.getLogger(...)"
        raise PayiConfigError(f"logger: expected a logger such as {hint}, got {type(logger).__name__}")


def _name_unknown(name: str) -> str:
    near = suggest_category(name)
    return f"{show(name)} (did you mean {near!r}?)" if near else show(name)


def _read_shorthands(values: dict[Any, Any]) -> dict[Any, Any]:
    """Write a file name, or True, in place of the section of the offline file as that section."""
    offline = values.get("offline_instrumentation")
    if isinstance(offline, str):
        return {**values, "offline_instrumentation": {"file_name": offline}}
    # Compared by identity, because 1 == True, and a number here is a mistake.
    if offline is True:
        return {**values, "offline_instrumentation": {}}
    if offline is False:
        return {key: item for key, item in values.items() if key != "offline_instrumentation"}
    return values


def _without_none(value: Any) -> Any:
    """Drop the keys that are None, which stand for their defaults, and turn paths into strings."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, os.PathLike):
        # msgspec does not convert a path to a string.
        return os.fspath(value)
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _check(value: Any, hint: Any, path: str, is_whole: bool = True) -> None:
    """Raise PayiConfigError for an unknown or missing key and for a value that its type does not accept.

    A part of a config, which is not whole, may lack keys that others need.
    """
    section = find_section(hint)
    if isinstance(value, Mapping) and get_origin(hint) is dict:
        keys, items = get_args(hint)
        for key, item in value.items():
            _check(key, keys, f"{path}: key {show(key)}")
            _check(item, items, f"{path}[{show(key)}]", is_whole)
    elif isinstance(value, Mapping) and section is not None:
        _check_section(value, section, path, is_whole)
    elif isinstance(value, list | tuple) and get_origin(hint) is tuple:
        for index, item in enumerate(value):
            _check(item, get_args(hint)[0], f"{path}[{index}]", is_whole)
    elif not _is_valid(value, hint):
        # The last key may be one of a dict, or the number of an item.
        name = next(filter(is_secret_name, _WORD.findall(path.partition(": key ")[0])[-2:]), None)
        raise PayiConfigError(f"{path}: expected {describe(hint)}, got {show(value, name)}")


def _check_section(value: Mapping[Any, Any], section: type[Section], path: str, is_whole: bool) -> None:
    hints = _find_hints(section)
    for key, item in value.items():
        if key not in hints:
            accepted = f"accepted: {', '.join(sorted(hints))}"
            raise PayiConfigError(f"{path}: unknown key {show(key)}; {accepted}{_find_meant(key, hints)}")
        _check(item, hints[key], f"{path}.{key}", is_whole)
    if not is_whole:
        return
    try:
        msgspec.convert(value, section)
    except msgspec.ValidationError as exc:
        for row in msgspec.structs.fields(section):
            if row.required and row.name not in value:
                raise PayiConfigError(
                    f"{path}: missing required key {row.name!r} in {show(dict(value))}"
                ) from None
        # The values are valid one by one, so this is from the section's own `__post_init__`.
        raise PayiConfigError(f"{path}: {exc}") from None


# Cached, because it takes milliseconds, and a config is checked more than once.
@functools.cache
def _find_hints(section: type[Section]) -> dict[str, Any]:
    """Return the type of each key."""
    # The annotations are strings, and their bounds and descriptions are in what `include_extras` keeps.
    hints = get_type_hints(section, include_extras=True)
    # Class variables have annotations, too, but are not keys.
    return {name: hint for name, hint in hints.items() if name in section.__struct_fields__}


def _find_meant(key: object, names: Mapping[str, Any]) -> str:
    near = find_near(str(key).lower().replace("-", "_"), names)
    return f"; did you mean {near!r}?" if near else ""


def _is_valid(value: Any, hint: Any) -> bool:
    # msgspec does not compare integers of more than 64 bits with the bounds of a type.
    if isinstance(value, int) and value.bit_length() > 63:
        return False
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return True
