"""The mappings of hosts and models, collected from every section that has some.

Users may keep a mapping in the section of its provider, but it means the same in every section. So all that
matters is the order of the schema, in which model mappings are tried.
"""

from __future__ import annotations

from collections.abc import Mapping

from payi_transport.config.categories import resolve_category
from payi_transport.config.schema import (
    HostMappingSettings,
    ModelConfigSettings,
    ModelMappingSettings,
    Settings,
    walk_sections,
)
from payi_transport.decode.pricing import ModelMapping
from payi_transport.errors import PayiConfigError
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import HostMapping, HostPattern, find_known, parse_address
from payi_transport.values.near_names import find_near
from payi_transport.values.redaction import cut_urls
from payi_transport.values.shown import show

__all__ = ["collect_host_mappings", "collect_model_mappings", "collect_tokenizer_paths"]


def collect_host_mappings(settings: Settings) -> dict[HostPattern, HostMapping]:
    """Return every host mapping by its host, with those of single paths inside.

    Raises PayiConfigError for a key that is not a host, for an unknown host without a category, and for a
    format that is not known.
    """
    mappings: dict[HostPattern, HostMapping] = {}
    for path, section in walk_sections(settings):
        # By name, so that a section takes part as soon as its schema has this key.
        own: Mapping[object, HostMappingSettings] = getattr(section, "host_mappings", {})
        for key, value in own.items():
            place = f"{path}host_mappings"
            pattern, below = _parse_address(key, place)
            mapping = _make_mapping(value, pattern, f"{place}[{show(key)}]")
            # A host, or a path of it, has one mapping. If two sections name it, the later section wins.
            mappings[pattern] = _merge(mappings.get(pattern), below.lower(), mapping)
    return mappings


def _make_mapping(value: HostMappingSettings, pattern: HostPattern, place: str) -> HostMapping:
    # A known host has a category. For any other, nothing says how to price its calls.
    if value.price_as_category is None and find_known(*pattern) is None:
        raise PayiConfigError(f"config.{place}: price_as_category is needed for a host that is not known")
    if value.format is not None and value.format not in REGISTRY.formats:
        raise PayiConfigError(f"config.{place}.format: {_explain_format(value.format)}")
    category = resolve_category(value.price_as_category, pattern.host)
    return HostMapping(category, value.include_usage, value.format)


def _merge(before: HostMapping | None, path: str, mapping: HostMapping) -> HostMapping:
    """Return the mapping of a host together with that of one more path of it, or of the host itself."""
    if not path:
        return mapping._replace(paths=before.paths if before else ())
    before = before or HostMapping(None, None, whole=False)
    return before._replace(paths=tuple({**dict(before.paths), path: mapping}.items()))


def _explain_format(name: str) -> str:
    near = find_near(name.lower(), REGISTRY.formats)
    meant = f"did you mean {near!r}? " if near else ""
    providers = ", ".join(repr(name) for name in REGISTRY.formats if "." not in name)
    apis = ", ".join(repr(name) for name in REGISTRY.formats if name.startswith("openai."))
    return (
        f"{name!r} is not an API that this version reads; {meant}accepted: a provider ({providers}), or one"
        f" of its APIs, such as {apis}"
    )


def collect_model_mappings(settings: Settings) -> tuple[ModelMapping, ...]:
    """Return every model mapping, in the order in which they are tried.

    Raises PayiConfigError where `host` is not a host.
    """
    mappings: list[ModelMapping] = []
    for path, section in walk_sections(settings):
        rows: tuple[ModelMappingSettings, ...] = getattr(section, "model_mappings", ())
        for index, row in enumerate(rows):
            place = f"{path}model_mappings[{index}].host"
            host = None if row.host is None else _parse_host(row.host, place)
            # A host of Databricks names its cloud, and each cloud is a category of its own.
            category = resolve_category(row.price_as_category, host.host if host else None)
            mappings.append(
                ModelMapping(row.model, host, category, row.price_as_resource, row.resource_scope)
            )
    return tuple(mappings)


def collect_tokenizer_paths(settings: Settings) -> dict[str, str]:
    """Return the paths of tokenizer files by model."""
    paths: dict[str, str] = {}
    for _, section in walk_sections(settings):
        models: Mapping[str, ModelConfigSettings] = getattr(section, "model_config", {})
        paths.update(
            {model: row.tokenizer_path for model, row in models.items() if row.tokenizer_path is not None}
        )
    return paths


def _parse_host(key: object, path: str) -> HostPattern:
    return _parse_address(key, path)[0]


def _parse_address(key: object, path: str) -> tuple[HostPattern, str]:
    try:
        return parse_address(key)
    except ValueError as exc:
        accepted = "a host name, *.suffix or URL, with or without a port"
        raise PayiConfigError(f"config.{path}: {cut_urls(str(exc))}; accepted: {accepted}") from None
