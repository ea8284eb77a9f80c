"""botocore, which boto3 sends through: https://botocore.amazonaws.com/v1/documentation/api/latest/

`URLLib3Session.send` is hooked because every client sends each attempt through it. Requests are signed by
then: they may be sent to another address and get more headers, but nothing that the signature covers may
change.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from payi_transport.capture.rewrites import BlockedResponse, RequestRewrite
from payi_transport.hooks.call import Address, Call, Library, begin, encode_headers, pair_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.urllib3_response import build_blocked_response, record_body, record_read
from payi_transport.hooks.urls import get_target, split_url
from payi_transport.values.headers import Headers

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["HOOK"]


def _make_send(original: Callable[[Any, AWSPreparedRequest], AWSResponse]) -> Callable[..., AWSResponse]:
    def send(session: Any, request: AWSPreparedRequest) -> AWSResponse:
        call, sent = begin(_LIBRARY, request)
        if isinstance(sent, BlockedResponse):
            return _build_blocked_response(request, sent)
        try:
            response = original(session, sent or request)
        except BaseException as exc:
            if call is not None:
                call.fail(exc)
            if sent is not None and getattr(exc, "request", None) is sent:
                exc.request = request  # type: ignore[attr-defined]  # botocore sets it to what was sent
            raise
        if call is not None:
            call.respond(_attach, request, response)
        return response

    return send


HOOK = MethodHook("botocore.httpsession", "URLLib3Session", send=_make_send)


def _locate(request: AWSPreparedRequest) -> Address:
    return Address(request.method, *split_url(request.url))


def _read(request: AWSPreparedRequest) -> tuple[Headers, bytes | None]:
    """Return the headers, and the body if it is in memory. Only botocore may read a file."""
    headers, body = encode_headers(_items(request.headers)), request.body
    if isinstance(body, str):
        return headers, body.encode("utf-8", "replace")
    # A copy of a bytearray, which the caller may change before the event is decoded.
    return headers, bytes(body) if isinstance(body, bytes | bytearray) else None


def _items(headers: Any) -> Iterable[tuple[str, Any]]:
    """Return what `items()` would, in half the time: `items()` looks up each header again."""
    values = getattr(headers, "_dict", None)
    return headers.items() if values is None else zip(headers, values.values(), strict=True)


def _rewrite(rewrite: RequestRewrite, request: AWSPreparedRequest) -> AWSPreparedRequest:
    # A shallow copy with headers of its own, because the request itself belongs to the caller.
    sent = copy.copy(request)
    headers = sent.headers = request.headers.copy()
    for name in rewrite.without:
        headers.pop(name.decode(), None)
    for name, value in pair_headers(rewrite.headers):
        headers[name.decode()] = value
    if rewrite.base is not None:
        sent.url = rewrite.base + get_target(request.url)
        # Without this header, urllib3 derives it from the new URL.
        headers.pop("host", None)
    return sent


_LIBRARY = Library(_locate, _read, _rewrite)


def _build_blocked_response(request: AWSPreparedRequest, blocked: BlockedResponse) -> AWSResponse:
    raw = build_blocked_response(blocked)
    response: AWSResponse = sys.modules["botocore.awsrequest"].AWSResponse(
        request.url, raw.status, raw.headers, raw
    )
    return response


def _attach(call: Call, request: AWSPreparedRequest, response: AWSResponse) -> None:
    headers = encode_headers(response.raw.headers.items())
    open_response = call.request.start_response(response.status_code, headers)
    # botocore has read all other bodies by now.
    if request.stream_output:
        record_body(response.raw, open_response)
    else:
        record_read(response.raw, response.content, open_response)
    # The caller gets the address that it asked for, not that of the proxy.
    response.url = request.url
