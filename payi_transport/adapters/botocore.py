"""botocore, which boto3 sends through: https://botocore.amazonaws.com/v1/documentation/api/latest/

Hooked is the one method that every client sends each attempt with. What arrives there is signed, so it is
only looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from payi_transport.adapters.call import Address, Call, Library, begin, encode_headers
from payi_transport.adapters.hooks import MethodHook
from payi_transport.adapters.urllib3_response import record_body, record_read
from payi_transport.adapters.urls import split_url
from payi_transport.exchange import Headers

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["ADAPTER"]


def _hook(original: Callable[[Any, AWSPreparedRequest], AWSResponse]) -> Callable[..., AWSResponse]:
    def send(session: Any, request: AWSPreparedRequest) -> AWSResponse:
        call, _ = begin(_LIBRARY, request)
        if call is None:
            return original(session, request)
        try:
            response = original(session, request)
        except BaseException as exc:
            call.fail(exc)
            raise
        call.answer(_attach, request, response)
        return response

    return send


ADAPTER = MethodHook("botocore.httpsession", "URLLib3Session", "send", _hook)


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


_LIBRARY = Library(_locate, _read)


def _attach(call: Call, request: AWSPreparedRequest, response: AWSResponse) -> None:
    call.exchange.begin_answer(response.status_code, encode_headers(response.raw.headers.items()))
    if request.stream_output:
        record_body(response.raw, call.exchange)
    else:
        record_read(response.raw, response.content, call.exchange)
