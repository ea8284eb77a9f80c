"""Refusing a call for a blocked limit: an answer that every SDK turns into its own permission error.

SDKs wrap what a transport raises, and try again; a 403 none of them tries again.
"""

from __future__ import annotations

import json
from typing import Any

from payi_transport.capture.rewrites import BlockedResponse

__all__ = ["make_blocked_response"]


def make_blocked_response(operation: str, limit_id: str) -> BlockedResponse:
    """The answer to a call of `operation`, in its provider's own shape of an error."""
    message = f"Pay-i: limit {limit_id} is blocked, the request was not sent"
    provider = operation.partition(".")[0]
    headers = {"content-type": "application/json", "x-should-retry": "false"}
    if provider == "bedrock":
        headers["x-amzn-errortype"] = "AccessDeniedException"
    body = json.dumps(_SHAPES.get(provider, _openai)(message)).encode()
    headers["content-length"] = str(len(body))
    return BlockedResponse(403, tuple(part.encode() for pair in headers.items() for part in pair), body)


def _openai(message: str) -> dict[str, Any]:
    error = {"message": message, "type": "permission_error", "param": None, "code": "limit_blocked"}
    return {"error": error}


def _anthropic(message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "permission_error", "message": message}}


def _google(message: str) -> dict[str, Any]:
    return {"error": {"code": 403, "message": message, "status": "PERMISSION_DENIED"}}


def _bedrock(message: str) -> dict[str, Any]:
    return {"message": message}


# By the first word of the operation. Sources: the providers' references of their errors.
_SHAPES = {"openai": _openai, "anthropic": _anthropic, "google": _google, "bedrock": _bedrock}
