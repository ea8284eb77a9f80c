"""The exception for each HTTP status other than 2xx, with what Pay-i says in the body. No I/O.

A body may come from Pay-i or from a proxy on the way, so nothing about its shape is taken for granted: the
message is the body's `message`, else that of its `xproxy_error`, else the start of the body itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from payi_transport import errors
from payi_transport.types.model import convert_leniently
from payi_transport.types.shared import XproxyError

if TYPE_CHECKING:
    import httpx

__all__ = ["decode_body", "find_request_id", "make_status_error"]

_STATUS_ERRORS: Mapping[int, type[errors.APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}
# Characters of a body without a message that are quoted in the exception's own; `body` has all of them.
_MAX_QUOTED = 200


def make_status_error(response: httpx.Response) -> errors.APIStatusError:
    """Return the exception for a response other than 2xx whose body was read."""
    status = response.status_code
    body = decode_body(response)
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    details = fields.get("xproxy_error")
    xproxy_error = convert_leniently(XproxyError, details) if isinstance(details, dict) else None
    message = fields.get("message") or getattr(xproxy_error, "message", None) or str(body)[:_MAX_QUOTED]
    if response.has_redirect_location:
        message = _describe_redirect(response)
    fallback = errors.InternalServerError if status >= 500 else errors.APIStatusError
    return _STATUS_ERRORS.get(status, fallback)(
        f"Error code: {status} - {message}",
        response=response,
        body=body,
        request_id=find_request_id(fields, response.headers),
        xproxy_error=xproxy_error,
    )


def _describe_redirect(response: httpx.Response) -> str:
    # A private deployment that redirects http to https is the usual cause. The query is left out, since it
    # may hold a token.
    target = response.headers["location"].partition("#")[0].partition("?")[0]
    return (
        f"Pay-i redirects to {target}, and redirects are not followed because the API key would go along;"
        " correct base_url or PAYI_BASE_URL"
    )


def decode_body(response: httpx.Response) -> object | None:
    """Return the body as JSON values, else as text; None if it is empty."""
    try:
        body: object = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = response.text or None
    return body


def find_request_id(body: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    """Return Pay-i's id for a request, from the response's body or from its headers."""
    result = body.get("xproxy_result")
    inner = result.get("request_id") if isinstance(result, dict) else None
    found = body.get("request_id") or inner or headers.get("x-request-id")
    return found if isinstance(found, str) else None
