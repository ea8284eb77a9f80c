"""What a provider reports besides units, as properties of the event.

Properties are reported without content, too, and a server may put anything into a usage. So only numbers and
texts that look like codes become properties, below names that look like them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payi_transport.values.redaction import is_code, remove_secrets

__all__ = ["describe_extras"]

_USUAL_TIERS = ("default", "auto", "")
# A usage comes from a server, so limit what it can add to an event: levels, properties, characters.
_DEEPEST, _MAX_EXTRAS, _LONGEST_EXTRA = 4, 32, 200
# No provider's keys are shorter, and most codes are.
_SHORTEST_KEY = 20


def describe_extras(service_tier: Any, extras: Mapping[str, Any]) -> dict[str, str]:
    """Return what a provider reports besides units as properties: `provider.service_tier`, costs, times."""
    tier = None if service_tier in _USUAL_TIERS else service_tier
    properties: dict[str, str] = {}
    if tier or extras:
        _flatten(properties, "provider", {"service_tier": tier, **extras})
    return properties


def _flatten(properties: dict[str, str], prefix: str, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if len(properties) >= _MAX_EXTRAS:
            return
        # Most extras of most calls are missing.
        if value is None or not is_code(name):
            continue
        path = f"{prefix}.{name}"
        if isinstance(value, dict) and path.count(".") < _DEEPEST:
            _flatten(properties, path, value)
        elif isinstance(value, int | float):
            properties[path] = str(value)[:_LONGEST_EXTRA]
        elif isinstance(value, str) and is_code(value):
            properties[path] = value if len(value) < _SHORTEST_KEY else remove_secrets(value)
