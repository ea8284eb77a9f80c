"""Errors in the shape that OpenAI's API has, and most others too: an object with type, code and message.

Some servers report a failure in another place of the body, and with the status 200: FastChat and earlier
versions of vLLM have the fields of the error at the top, MiniMax has a `base_resp` in every response.
Gateways end a stream in an event named `error` whose body may have any shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from payi_transport.framing import Messages
from payi_transport.providers.shared.json_values import decode, text
from payi_transport.values.event import Failure

__all__ = [
    "Failing",
    "find_error_event",
    "find_failure",
    "read_code",
    "read_error",
    "read_failure",
    "read_status",
]


class Failing(msgspec.Struct):
    """The fields of a body that may report a failure."""

    error: Any = None
    object: Any = None
    type: Any = None
    code: Any = None
    message: Any = None
    base_resp: Any = None


class _ErrorEvent(Failing):
    detail: Any = None


_body = msgspec.json.Decoder(Failing)
_error_event = msgspec.json.Decoder(_ErrorEvent)


def read_error(body: bytes, headers: Mapping[str, str]) -> Failure | None:
    """Return the error of a body that has OpenAI's shape: `{"error": {"type", "code", "message"}}`."""
    return find_failure(decode(_body, body) or Failing())


def find_error_event(messages: Messages) -> Failure | None:
    """Return the failure that an event named `error` tells, whatever the shape of its body."""
    for name, data in messages:
        if name == "error":
            return _read_error_event(data)
    return None


def _read_error_event(data: bytes) -> Failure:
    event = decode(_error_event, data)
    if event is None:
        return Failure(message=data.decode("utf-8", "replace").strip() or None)
    # FastAPI's errors have their message, or an object, in a `detail`.
    return (
        find_failure(event)
        or (read_failure(event.detail) if event.message is None else None)
        or Failure(text(event.type), read_code(event.code), text(event.message))
    )


def find_failure(body: Failing) -> Failure | None:
    """Return the failure that a body reports, in whichever place."""
    # This runs for every chunk of a stream, and none of them usually has any of these.
    if body.error is None and body.base_resp is None and body.object != "error":
        return None
    failure = read_failure(body.error) or read_status(body.base_resp)
    if failure is None and body.object == "error":
        return read_failure({"type": body.type, "code": body.code, "message": body.message})
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
    return Failure(text(error.get("type")), read_code(error.get("code")), text(error.get("message")))


def read_code(code: Any) -> str | None:
    """Return the code of an error, which some providers write as a number."""
    return str(code) if isinstance(code, int) else text(code)
