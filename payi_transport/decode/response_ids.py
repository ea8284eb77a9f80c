"""The ids of responses, by which Pay-i recognizes an event that is sent again.

Two calls must never share an id, or the second would count as a repeat of the first. So an id in a header is
only trusted where a provider is known to give every request one of its own: some gateways echo the id that
the caller sent along, which is that of a request from outside that may cause many calls. And a server may
count its ids from 0, as Ollama does, so an id that came before from the same host gets a suffix.
"""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping

import msgspec

from payi_transport.decode.recorded_headers import find_request_id, make_request_id
from payi_transport.providers.registry import Registry
from payi_transport.routing.hosts import HostPattern, find_known
from payi_transport.values.event import Event, ParsedResponse
from payi_transport.values.names import RESPONSE_ID_PROPERTY

__all__ = ["ResponseIds", "find_response_id", "make_distinct"]

# Servers choose the ids, so their number needs a bound. Ollama counts to 998.
_MAX_REMEMBERED = 10_000


def find_response_id(
    response: ParsedResponse, headers: Mapping[str, str], host: HostPattern, registry: Registry
) -> str:
    """Return the id of a response: that of its body, or that of a header, or a new one."""
    if response.response_id:
        return response.response_id
    return (_names_requests(host, registry) and find_request_id(headers)) or make_request_id()


def _names_requests(host: HostPattern, registry: Registry) -> bool:
    known = find_known(*host, registry)
    return known is not None and known.category in registry.names_requests


def make_distinct(event: Event) -> Event:
    """Return the event with an id of its own, because another call has the same. A property keeps it."""
    own = event.provider_response_id
    properties = {**(event.properties or {}), RESPONSE_ID_PROPERTY: own}
    return msgspec.structs.replace(event, provider_response_id=f"{own}_{uuid.uuid4()}", properties=properties)


class ResponseIds:
    """Remember the ids that hosts gave to calls. Safe to use from any thread."""

    def __init__(self) -> None:
        # With inline delivery, exchanges are decoded on the threads of their callers. Reentrant, because a
        # signal handler may make a call there.
        self._lock = threading.RLock()
        # Hashes, because an id may be of any length.
        self._seen: OrderedDict[int, None] = OrderedDict()

    def distinguish(self, event: Event, host: HostPattern, is_fetch: bool) -> Event:
        """Return the event with an id of its own, if another call to that host had the same one.

        `is_fetch` is whether its call fetched what another call had started, whose id it shares.
        """
        key = hash((host, event.provider_response_id))
        with self._lock:
            is_new = key not in self._seen
            self._seen[key] = None
            self._seen.move_to_end(key)
            if len(self._seen) > _MAX_REMEMBERED:
                self._seen.popitem(last=False)
        return event if is_new or is_fetch else make_distinct(event)
