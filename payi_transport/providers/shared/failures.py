"""Errors in the shape that OpenAI's API has, and most others too: an object with type, code and message.

Some servers report a failure in another place of the body, and with the status 200: FastChat and earlier
versions of vLLM have the fields of the error at the top, MiniMax has a `base_resp` in every response.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from payi_transport.providers.shared.json_values import decode, text
from payi_transport.values.event import Failure

__all__ = ["Failing", "find_failure", "read_error", "read_failure", "read_status"]


class Failing(msgspec.Struct):
    """The fields of a body that may report a failure."""

    error: Any = None
    object: Any = None
    type: Any = None
    code: Any = None
    message: Any = None
    base_resp: Any = None


_body = msgspec.json.Decoder(Failing)


def read_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """Return the error of a body that has OpenAI's shape: `{"error": {"type", "code", "message"}}`."""
    return find_failure(decode(_body, body) or Failing())


def find_failure(body: Failing) -> Failure | None:
    """Return the failure that a body reports, in whichever place."""
    # This runs for every chunk of a stream, and none of them usually has any of these.
    if body.error is None and body.base_resp is None and body.object != "error":
        return None
    failure = read_failure(body.error) or read_status(body.base_resp)
    if failure is None and body.object == "error":
        fields = {"type": body.type, "code": body.code, "message": body.message}
        return read_failure(fields) or Failure(code="error")
    return failure


def read_status(base_resp: Any) -> Failure | None:
    """Return what MiniMax's `base_resp` says, None if it says that all went well."""
    status = base_resp.get("status_code") if isinstance(base_resp, dict) else None
    if status in (None, 0, "", "0") or not isinstance(status, int | str):
        return None
    return Failure(code=str(status), message=text(base_resp.get("status_msg")))


def read_failure(error: Any) -> Failure | None:
    """Return what an `error` value says, an object or a string; None for anything else."""
    if isinstance(error, str) and error:
        return Failure(message=error)
    if not error or not isinstance(error, dict):
        return None
    code = error.get("code")
    code = str(code) if isinstance(code, int) else code
    return Failure(text(error.get("type")), text(code), text(error.get("message")))
