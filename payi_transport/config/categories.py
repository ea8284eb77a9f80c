"""Find categories in the config that were probably meant to be another one.

A category of the user's own may have any name, so a near miss is worth a warning, not an error. Pay-i's own
categories begin with `system.`.
"""

from __future__ import annotations

from collections.abc import Iterator

from payi_transport.config.schema import HostMappingSettings, ModelMappingSettings, Settings, walk_sections
from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import find_known, parse_host
from payi_transport.values.near_names import measure_likeness

__all__ = ["find_category_problems", "resolve_category", "suggest_category"]

_PREFIX = "system."
# Stands for all three clouds of Databricks in `instruments`; as a price it says too little.
_DATABRICKS = "system.databricks"
# From the registry, so that a new provider needs no row here.
_KNOWN = REGISTRY.names
# Below this, two names are not the same word with a typo.
_CLOSE = 0.8
# Names of providers and products that are not a part of their category.
_ALIASES = {
    "gemini": "system.google.vertex",
    "google": "system.google.vertex",
    "vertexai": "system.google.vertex",
    "vertex": "system.google.vertex",
    "bedrock": "system.aws.bedrock",
    "aws": "system.aws.bedrock",
    "claude": "system.anthropic",
    "azure.openai": "system.azureopenai",
}


def suggest_category(name: str) -> str | None:
    """Return the known category that `name` was probably meant to be, None if none is close."""
    # People write `azure_openai` or `azure-openai`; Pay-i's names have dots.
    short = name.strip().lower().replace("_", ".").replace("-", ".").removeprefix(_PREFIX)
    if short in _ALIASES:
        return _ALIASES[short]
    near = {row: measure_likeness(short, row.removeprefix(_PREFIX)) for row in _KNOWN}
    best = max(near, key=lambda row: near[row])
    return best if near[best] >= _CLOSE else None


def resolve_category(category: str | None, host: str | None) -> str | None:
    """Return the category of a mapping; `system.databricks` is that of the cloud that the host names."""
    if category != _DATABRICKS or host is None:
        return category
    known = find_known(host)
    return known.category if known and known.category.startswith(f"{_DATABRICKS}.") else category


def find_category_problems(settings: Settings) -> list[str]:
    """Return a message for each category of a mapping that Pay-i probably doesn't know."""
    problems = (_find_problem(place, category) for place, category in _list_categories(settings))
    return list(dict.fromkeys(problem for problem in problems if problem is not None))


def _list_categories(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the place and the category of every mapping that sets one."""
    for path, section in walk_sections(settings):
        hosts: dict[object, HostMappingSettings] = getattr(section, "host_mappings", {})
        models: tuple[ModelMappingSettings, ...] = getattr(section, "model_mappings", ())
        rows = [(f"host_mappings[{str(key)!r}]", key, row.price_as_category) for key, row in hosts.items()]
        rows += [
            (f"model_mappings[{index}]", row.host, row.price_as_category) for index, row in enumerate(models)
        ]
        for place, host, category in rows:
            # A host of Databricks names the cloud that the category leaves open, and then nothing is wrong.
            resolved = resolve_category(category, None if host is None else parse_host(host).host)
            if resolved is not None:
                yield f"config.{path}{place}.price_as_category", resolved


def _find_problem(place: str, category: str) -> str | None:
    if category == _DATABRICKS:
        clouds = ", ".join(row for row in _KNOWN if row.startswith(f"{_DATABRICKS}."))
        return f"{place}: {category!r} does not name the cloud, so its calls may have no price. Use {clouds}"
    if category in _KNOWN:
        return None
    near = suggest_category(category)
    # This is a category of the user's own, which Pay-i may well know.
    if near is None and not category.startswith(_PREFIX):
        return None
    means = f"did you mean {near!r}?" if near else f"the known ones are {', '.join(_KNOWN)}."
    return f"{place}: {category!r} is not a known category, so its calls may have no price; {means}"
