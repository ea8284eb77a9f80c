"""What OpenTelemetry's variables say about a program: its service, version, and environment.

Whoever runs services with OpenTelemetry has set them already, so every event can carry them without code.
Source: OpenTelemetry's resource SDK, "Specifying resource information via an environment variable".
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

__all__ = ["read_resource_attributes"]

_SERVICE = "service.name"


def read_resource_attributes(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes in `OTEL_RESOURCE_ATTRIBUTES`, and `OTEL_SERVICE_NAME`, which wins.

    The variable holds `key=value` pairs, separated by commas and percent-encoded. What is not such a pair is
    left out, as it is there for another library.
    """
    attributes: dict[str, str] = {}
    for pair in environment.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, _, value = pair.partition("=")
        if key.strip() and value.strip():
            attributes[unquote(key.strip())] = unquote(value.strip())
    service = environment.get("OTEL_SERVICE_NAME", "").strip()
    if service:
        attributes[_SERVICE] = service
    return attributes
