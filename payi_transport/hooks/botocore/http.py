"""botocore, which boto3 sends through: https://botocore.amazonaws.com/v1/documentation/api/latest/

Hooked is the one method that every client sends each attempt with. What arrives there is signed: it may go to
another address and get more headers, but nothing of it changes that a signature covers.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from payi_transport.capture.exchange import BlockedResponse, RequestRewrite
from payi_transport.hooks.call import Address, Call, Library, begin, encode_headers, pair_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.urllib3_response import make_refused, record_body, record_read
from payi_transport.hooks.urls import get_target, split_url
from payi_transport.values.headers import Headers

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["HOOK"]


def _hook(original: Callable[[Any, AWSPreparedRequest], AWSResponse]) -> Callable[..., AWSResponse]:
    def send(session: Any, request: AWSPreparedRequest) -> AWSResponse:
        call, sent = begin(_LIBRARY, request)
        if isinstance(sent, BlockedResponse):
            return _refuse(request, sent)
        try:
            response = original(session, sent or request)
        except BaseException as exc:
            if call is not None:
                call.fail(exc)
            if sent is not None and getattr(exc, "request", None) is sent:
                exc.request = request  # type: ignore[attr-defined]  # botocore sets it to what was sent
            raise
        if call is not None:
            call.answer(_attach, request, response)
        return response

    return send


HOOK = MethodHook("botocore.httpsession", "URLLib3Session", "send", _hook)


def _locate(request: AWSPreparedRequest) -> Address:
    return Address(request.method, *split_url(request.url))


def _read(request: AWSPreparedRequest) -> tuple[Headers, bytes | None]:
    """The body where it is in memory; a file is botocore's to read."""
    headers, body = encode_headers(_items(request.headers)), request.body
    if isinstance(body, str):
        return headers, body.encode("utf-8", "replace")
    return headers, bytes(body) if isinstance(body, bytes | bytearray) else None


def _items(headers: Any) -> Iterable[tuple[str, Any]]:
    """What `items()` gives, which looks each header up anew: that alone takes as long as all else here."""
    held = getattr(headers, "_dict", None)
    return headers.items() if held is None else zip(headers, held.values(), strict=True)


def _change(detour: RequestRewrite, request: AWSPreparedRequest) -> AWSPreparedRequest:
    sent = copy.copy(request)
    headers = sent.headers = request.headers.copy()
    for name in detour.without:
        headers.pop(name.decode(), None)
    for name, value in pair_headers(detour.headers):
        headers[name.decode()] = value
    if detour.base is not None:
        sent.url = detour.base + get_target(request.url)
        # Where the caller did not say it, it is that of the URL.
        headers.pop("host", None)
    return sent


_LIBRARY = Library(_locate, _read, _change)


def _refuse(request: AWSPreparedRequest, refusal: BlockedResponse) -> AWSResponse:
    """An answer to a request that is not sent."""
    raw = make_refused(refusal)
    response: AWSResponse = sys.modules["botocore.awsrequest"].AWSResponse(
        request.url, raw.status, raw.headers, raw
    )
    return response


def _attach(call: Call, request: AWSPreparedRequest, response: AWSResponse) -> None:
    call.exchange.begin_answer(response.status_code, encode_headers(response.raw.headers.items()))
    if request.stream_output:
        record_body(response.raw, call.exchange)
    else:
        record_read(response.raw, response.content, call.exchange)
    response.url = request.url
