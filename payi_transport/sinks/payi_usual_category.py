"""The categories by which Pay-i prices an address, for where a mapping of the user's names another one."""

from __future__ import annotations

from urllib.parse import urlsplit

from payi_transport.providers.registry import REGISTRY
from payi_transport.routing.hosts import find_known
from payi_transport.routing.paths import find_operation
from payi_transport.values.event import Event

__all__ = ["find_usual_categories"]


def find_usual_categories(event: Event) -> list[str]:
    """Return the category of the event's host, and that of the hosts that usually serve its path."""
    parts = urlsplit(event.provider_uri or "")
    known = find_known(parts.hostname or "")
    operation = find_operation("POST", parts.path)
    usual = [known.category] if known is not None else []
    return usual + ([REGISTRY.operations[operation].category] if operation is not None else [])
