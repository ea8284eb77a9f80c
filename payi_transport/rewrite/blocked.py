"""Refusing a call for a blocked limit or a spent budget.

The response is one that every SDK turns into its own permission error. Raising from a transport would not do:
SDKs wrap the exception as a connection error and retry the call. None of them retries a 403 in the
shape of its provider.
"""

from __future__ import annotations

import json

from payi_transport.capture.rewrites import BlockedResponse
from payi_transport.providers.registry import REGISTRY, Registry

__all__ = ["make_blocked_response", "make_refusal"]


def make_blocked_response(
    operation: str, limit_id: str, state: str = "blocked", registry: Registry = REGISTRY
) -> BlockedResponse:
    """Return the response to a call of `operation` that names a limit in a state that blocks calls."""
    message = (
        f"Pay-i: limit {limit_id} is {state}, so the request was not sent; raise or reset the limit in Pay-i"
    )
    return make_refusal(operation, message, registry)


def make_refusal(operation: str, message: str, registry: Registry = REGISTRY) -> BlockedResponse:
    """Return the response to a call that is not sent, in the shape of its provider's errors."""
    provider = registry.providers_by_operation[operation]
    body = json.dumps(provider.make_denial(message)).encode()
    headers = {
        "content-type": "application/json",
        # SDKs that Stainless generates, such as those of OpenAI and Anthropic, follow this header before
        # the status.
        "x-should-retry": "false",
        **provider.denial_headers,
        "content-length": str(len(body)),
    }
    return BlockedResponse(403, tuple(part.encode() for pair in headers.items() for part in pair), body)
