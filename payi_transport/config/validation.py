"""The one check that turns what users write as `config` into settings.

Whatever can be wrong is wrong here, at start, with the key's path and what is accepted; nothing raises later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from itertools import chain
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from payi_transport.config.settings import PROVIDER_SECTIONS, HostMappingSettings, Settings
from payi_transport.decode.pricing import ModelMapping
from payi_transport.errors import PayiConfigError
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import HostMapping, HostPattern, find_known, parse_host
from payi_transport.values.names import SECRET_HEADERS

__all__ = [
    "check_config",
    "check_instruments",
    "collect_host_mappings",
    "collect_model_mappings",
    "collect_tokenizer_paths",
]


def check_config(config: Mapping[str, Any] | None) -> Settings:
    """The settings that `config` means. Raises PayiConfigError; never writes to `config`."""
    if config is not None and not isinstance(config, Mapping):
        raise PayiConfigError(f"config: expected a dict, got {config!r}")
    given = _without_none(config or {})
    _check(given, Settings, "config")
    try:
        settings = msgspec.convert(given, Settings)
    except msgspec.ValidationError as exc:
        what, place = _split(exc)
        raise PayiConfigError(f"config{place}: {what}" if place else f"config.{what}") from None
    for name in settings.capture.request_headers:
        if name.strip().lower() in SECRET_HEADERS:
            raise PayiConfigError(
                f"config.capture.request_headers: {name!r} is a credential and is never recorded"
            )
    return settings


def check_instruments(instruments: object) -> frozenset[str] | None:
    """The categories to observe, None for all. Raises PayiConfigError."""
    if instruments is None:
        return None
    if not isinstance(instruments, Set) or not all(isinstance(name, str) for name in instruments):
        raise PayiConfigError(f"instruments: expected a set of strings, got {instruments!r}")
    unknown = sorted(set(instruments) - set(REGISTRY.instruments) - {"*"})
    if unknown or not instruments:
        accepted = ", ".join(sorted(REGISTRY.instruments))
        raise PayiConfigError(f"instruments: {unknown or instruments!r} not known; accepted: '*', {accepted}")
    return None if "*" in instruments else frozenset(instruments)


def collect_host_mappings(settings: Settings) -> dict[HostPattern, HostMapping]:
    """Every host mapping of the settings by its host. Raises PayiConfigError for a key that is no host."""
    mappings: dict[HostPattern, HostMapping] = {}
    for path, key, value in _host_mappings(settings):
        pattern = _check_host(key, path)
        if value.price_as_category is None and find_known(pattern.host) is None:
            raise PayiConfigError(
                f"config.{path}[{key!r}]: price_as_category is needed for a host that is not known"
            )
        mappings[pattern] = HostMapping(value.price_as_category, value.include_usage)
    return mappings


def collect_model_mappings(settings: Settings) -> tuple[ModelMapping, ...]:
    """Every model mapping, in the order in which they are tried. Raises PayiConfigError for no host."""
    sections = {
        "openai_config": settings.openai_config.model_mappings,
        "openai_config.azure": settings.openai_config.azure.model_mappings,
        "azure_openai_config": settings.azure_openai_config.model_mappings,
        "anthropic_config": settings.anthropic_config.model_mappings,
        "aws_config": settings.aws_config.model_mappings,
    }
    return tuple(
        ModelMapping(
            row.model,
            None if row.host is None else _check_host(row.host, f"{section}.model_mappings[{index}].host"),
            row.price_as_category,
            row.price_as_resource,
            row.resource_scope,
        )
        for section, rows in sections.items()
        for index, row in enumerate(rows)
    )


def collect_tokenizer_paths(settings: Settings) -> dict[str, str]:
    """Tokenizer files by model."""
    sections = (settings.openai_config, settings.anthropic_config, settings.aws_config)
    return {
        model: config.tokenizer_path
        for section in sections
        for model, config in section.model_config.items()
        if config.tokenizer_path is not None
    }


def _check_host(key: object, path: str) -> HostPattern:
    try:
        return parse_host(key)
    except ValueError as exc:
        accepted = "a host name, *.suffix or URL, with or without a port"
        raise PayiConfigError(f"config.{path}: {exc}; accepted: {accepted}") from None


def _host_mappings(settings: Settings) -> Iterator[tuple[str, object, HostMappingSettings]]:
    for key, value in settings.host_mappings.items():
        yield "host_mappings", key, value
    for section in PROVIDER_SECTIONS:
        for key, value in getattr(settings, section).host_mappings.items():
            yield f"{section}.host_mappings", key, value


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _check(value: Any, hint: Any, path: str) -> None:
    """Refuse a key that no setting has and a value that its setting can't take, and say what would do."""
    section = _section_of(hint)
    if isinstance(value, Mapping) and get_origin(hint) is dict:
        keys, items = get_args(hint)
        for key, item in value.items():
            _check(key, keys, f"{path}: key {key!r}")
            _check(item, items, f"{path}[{key!r}]")
    elif isinstance(value, Mapping) and section is not None:
        hints = get_type_hints(section, include_extras=True)
        for key, item in value.items():
            if key not in hints:
                raise PayiConfigError(f"{path}: unknown key {key!r}; accepted: {', '.join(sorted(hints))}")
            _check(item, hints[key], f"{path}.{key}")
    elif isinstance(value, list | tuple) and get_origin(hint) is tuple:
        for index, item in enumerate(value):
            _check(item, get_args(hint)[0], f"{path}[{index}]")
    else:
        _check_value(value, hint, path)


def _section_of(hint: Any) -> type | None:
    """The section that a setting of this type holds, None for a plain value."""
    for kind in get_args(hint) if isinstance(hint, UnionType) else (hint,):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return kind
    return None


_WHERE = re.compile(r"(?P<what>.*) - at `\$(?P<place>.*)`", re.DOTALL)


def _check_value(value: Any, hint: Any, path: str) -> None:
    """Have msgspec check it, whose words they are that tell what was expected."""
    # msgspec has no bounds for integers beyond 64 bits.
    if isinstance(value, int) and value.bit_length() > 63:
        raise PayiConfigError(f"{path}: Expected an integer of 64 bits, given {value!r}")
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as exc:
        what, place = _split(exc)
        choices = ", ".join(map(repr, _choices_of(hint)))
        told = f"given {value!r}; accepted: {choices}" if choices else f"{what}, given {value!r}"
        raise PayiConfigError(f"{path}{place}: {told}") from None


def _split(exc: msgspec.ValidationError) -> tuple[str, str]:
    """What msgspec says is wrong, and where in the value, as `.key[0]`; the place is empty for all of it."""
    found = _WHERE.fullmatch(str(exc))
    return (found["what"], found["place"]) if found else (str(exc), "")


def _choices_of(hint: Any) -> tuple[Any, ...]:
    """Every value that a type has, if they can be counted."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    if hint is bool:
        return (True, False)
    choices = [_choices_of(kind) for kind in get_args(hint) if kind is not NoneType]
    return tuple(chain(*choices)) if all(choices) else ()
