"""Why a request is refused: Pay-i's stable code for it, and a message for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["Refusal"]

# The statuses of codes that are not 400.
_STATUSES: Final[Mapping[str, int]] = {
    "invalid_api_key": 401,
    "host_not_allowed": 403,
    "origin_not_allowed": 403,
    "not_found": 404,
    "use_case_not_found": 404,
    "use_case_instance_not_found": 404,
    "category_not_found": 404,
    "category_resource_not_found": 404,
    "limit_not_found": 404,
    "kpi_not_found": 404,
    "request_not_found": 404,
    "method_not_allowed": 405,
    "already_exists": 409,
    "body_too_large": 413,
    "limit_blocked": 424,
    "websocket_not_supported": 426,
    "unexpected_error": 500,
    "provider_unreachable": 502,
}


class Refusal(Exception):
    """A request that is refused."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message or code

    @property
    def status(self) -> int:
        """The HTTP status of the response."""
        return _STATUSES.get(self.code, 400)

    def to_body(self) -> dict[str, Any]:
        """Return the body of the response."""
        error = {"code": self.code, "message": self.message}
        return {"message": self.message, "statusCode": self.status, "xproxy_error": error}
