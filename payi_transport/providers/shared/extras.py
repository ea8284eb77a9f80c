"""What a provider reports besides units, as properties of the event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["describe_extras"]

_USUAL_TIERS = ("default", "auto", "")
# A usage comes from a server, so limit what it can add to an event: levels, properties, characters.
_DEEPEST, _MAX_EXTRAS, _LONGEST_EXTRA = 4, 32, 200


def describe_extras(service_tier: Any, extras: Mapping[str, Any]) -> dict[str, str]:
    """Return what a provider reports besides units as properties: `provider.service_tier`, costs, times."""
    tier = None if service_tier in _USUAL_TIERS else service_tier
    properties: dict[str, str] = {}
    if tier or extras:
        _flatten(properties, "provider", {"service_tier": tier, **extras})
    return properties


def _flatten(properties: dict[str, str], prefix: str, values: Mapping[Any, Any]) -> None:
    for name, value in values.items():
        path = f"{prefix}.{name}"
        if isinstance(value, dict) and path.count(".") < _DEEPEST:
            _flatten(properties, path, value)
        elif isinstance(value, str | int | float) and len(properties) < _MAX_EXTRAS:
            properties[path] = str(value)[:_LONGEST_EXTRA]
