"""Recording one call of gRPC.

The messages of a call are remembered as the bytes that its serializers make and take, by reference. The
worker makes JSON of them, with the serializers of the program's own SDK, and reads that like the JSON of an
HTTP API.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from payi_transport.capture.exchange import OpenResponse, Outcome, SentRequest
from payi_transport.capture.rewrites import HookAbilities
from payi_transport.hooks.arguments import UnreadableError, peek, read
from payi_transport.hooks.call import encode_headers
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.providers.provider import GRPC

__all__ = ["RecordedCall", "Rpc"]

_ABILITIES = HookAbilities(rewrites_requests=False, rewrites_responses=False, may_wait=False)
# Source: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_STATUSES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "ALREADY_EXISTS": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "DATA_LOSS": 500,
}
_PAYI_PREFIX = "xproxy-"


class Rpc:
    """A method of a service at an address, with its serializers, which may be None."""

    def __init__(self, host: str, port: int | None, method: str, serialize: Any, deserialize: Any) -> None:
        self.address = host, port, method
        self.serialize = serialize
        self.deserialize = deserialize
        # Google's messages have the names of its HTTP API then, others those of their definition.
        self._keeps_names = not method.startswith("/google.")
        self._request_class: Any = None

    def begin(self, options: dict[str, Any]) -> RecordedCall | None:
        """Return what records a call that is about to be made, None if it isn't observed. Never raises.

        `options` are those of the call. Metadata of Pay-i's is removed from them.
        """
        pipeline = get_active()
        if pipeline is None:
            return None
        try:
            host, port, method = self.address
            route = pipeline.routes.find(GRPC, "https", host, port, method)
            headers = _take_metadata(options)
            sent = None if route is None else pipeline.begin(route, headers, None, _ABILITIES)
        except UnreadableError:
            return None
        except Exception as exc:
            pipeline.count_fault(exc)
            return None
        if sent is None:
            return None
        sent.transcode = self._to_json
        return RecordedCall(pipeline, sent, self)

    def _to_json(self, is_request: bool, data: bytes) -> bytes:
        """Return a message as JSON, nothing if it can't be read. Runs on the worker's thread."""
        cls = self._request_class if is_request else None
        try:
            if is_request:
                message = None if cls is None else cls.FromString(data)
            else:
                message = data if self.deserialize is None else self.deserialize(data)
            # The classes of proto-plus wrap those of protobuf.
            plain = getattr(message, "_pb", message)
            if not hasattr(plain, "DESCRIPTOR"):
                return b""
            from google.protobuf.json_format import MessageToJson

            text: str = MessageToJson(plain, preserving_proto_field_name=self._keeps_names, indent=None)
        except Exception:
            return b""
        return text.encode()

    def note_request(self, request: Any) -> None:
        """Remember the class of the requests, which the worker needs."""
        if self._request_class is None:
            self._request_class = type(getattr(request, "_pb", request))


def _take_metadata(options: dict[str, Any]) -> tuple[bytes, ...]:
    metadata = read(_pair, peek(options, "metadata") or ())
    is_payis = [name.lower().startswith(_PAYI_PREFIX) for name, _ in metadata]
    if any(is_payis):
        kept = zip(peek(options, "metadata"), is_payis, strict=True)
        options["metadata"] = tuple(pair for pair, is_dropped in kept if not is_dropped)
    return encode_headers(metadata)


def _pair(metadata: Any) -> list[tuple[str, Any]]:
    return [(_to_text(name), value) for name, value in metadata]


def _to_text(name: Any) -> str:
    return name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)


class RecordedCall:
    """One call. None of its methods raises anything of its own."""

    def __init__(self, pipeline: Pipeline, sent: SentRequest, rpc: Rpc) -> None:
        self._pipeline = pipeline
        self._sent = sent
        self._rpc = rpc
        self._response: OpenResponse | None = None
        self._has_ended = False

    def serialize(self, request: Any) -> Any:
        """Serialize the request, and record it."""
        serialize = self._rpc.serialize
        data = request if serialize is None else serialize(request)
        self._rpc.note_request(request)
        if isinstance(data, bytes):
            self._sent.body = data
        return data

    def deserialize(self, data: Any) -> Any:
        """Record a message that has arrived, and deserialize it."""
        self._guard(self._append, data)
        deserialize = self._rpc.deserialize
        return data if deserialize is None else deserialize(data)

    def _append(self, data: bytes) -> None:
        response = self._response = self._response or self._sent.start_response(200, ())
        response.append(data)
        if self._has_ended:
            response.finish()

    def end(self, code: Any, details: Any, error: BaseException | None, *, waits: bool = False) -> None:
        """Record the end of the call, by its status code.

        With `waits`, a success without a message waits for it: it may be deserialized later.
        """
        self._guard(self._end, getattr(code, "name", str(code)), details, error, waits)

    def _end(self, code: str, details: Any, error: BaseException | None, waits: bool) -> None:
        response = self._response
        if code == "OK":
            self._has_ended = True
            if response is not None or not waits:
                (response or self._sent.start_response(200, ())).finish()
        elif response is not None:
            if code == "CANCELLED":
                response.finish(Outcome.CLOSED)
            else:
                response.fail(error or _make_error(code, details))
        elif code in _STATUSES:
            status = _STATUSES[code]
            response = self._sent.start_response(status, (b"content-type", b"application/json"))
            failure = {"code": code, "type": code, "message": str(details or "")}
            response.append(json.dumps({"error": failure}).encode())
            response.finish()
        else:
            self._sent.fail(error or _make_error(code, details))

    def fail(self, error: BaseException) -> None:
        """Record the exception that ended the call."""
        code, details = getattr(error, "code", None), getattr(error, "details", None)
        if callable(code) and callable(details):
            self.end(code(), details(), error)
        else:
            self._guard(lambda: (self._response or self._sent).fail(error))

    def _guard(self, record: Callable[..., None], *args: Any) -> None:
        try:
            record(*args)
        except Exception as exc:
            self._pipeline.count_fault(exc)


def _make_error(code: str, details: Any) -> BaseException:
    """Return an error of gRPC's for a call that ended without raising one."""
    base = getattr(sys.modules.get("grpc"), "RpcError", Exception)
    error: BaseException = type(code, (base,), {})(str(details or code))
    return error
