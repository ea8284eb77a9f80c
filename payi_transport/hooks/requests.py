"""requests: https://requests.readthedocs.io

The hook is on `HTTPAdapter.send`, through which every request of a session leaves. It sees each hop of a
redirect before any of the response is read, streamed or not, and every adapter derived from that class. It
does not see what an adapter returns from a cache, and that is not a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from payi_transport.capture.rewrites import BlockedResponse, RequestRewrite
from payi_transport.hooks.call import Address, Call, Library, begin, encode_headers, pair_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.multipart import read_form
from payi_transport.hooks.urllib3_response import build_blocked_response, record_body
from payi_transport.hooks.urls import split_url
from payi_transport.values.headers import Headers

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

__all__ = ["HOOK"]


def _hook(original: Callable[..., Response]) -> Callable[..., Response]:
    def send(adapter: Any, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        call, sent = begin(_LIBRARY, request)
        if isinstance(sent, BlockedResponse):
            return _build_blocked_response(adapter, request, sent)
        try:
            response = original(adapter, sent or request, *args, **kwargs)
        except BaseException as exc:
            if call is not None:
                call.fail(exc)
            _restore_request(exc, sent, request)
            raise
        _restore_request(response, sent, request)
        if call is not None:
            call.respond(_attach, response)
        return response

    return send


HOOK = MethodHook("requests.adapters", "HTTPAdapter", "send", _hook)


def _locate(request: PreparedRequest) -> Address:
    return Address(str(request.method), *split_url(str(request.url)))


def _read(request: PreparedRequest) -> tuple[Headers, bytes | None]:
    """Return headers and body. Bodies from files and generators, and the files of a form, are left alone."""
    headers, body = request.headers, request.body
    if isinstance(body, str):
        body = body.encode("utf-8", "replace")
    content_type = str(headers.get("content-type"))
    if not isinstance(body, bytes):
        body = None
    elif content_type.startswith("multipart/"):
        body = read_form(body, content_type)
    return encode_headers(_items(headers)), body


def _items(headers: Any) -> Iterable[tuple[Any, Any]]:
    """Return the same as `items()`, which looks up each header again and takes several times as long."""
    held = getattr(headers, "_store", None)
    pairs: Iterable[tuple[Any, Any]] = headers.items() if held is None else held.values()
    return pairs


def _rewrite(rewrite: RequestRewrite, request: PreparedRequest) -> PreparedRequest:
    sent = request.copy()
    for name in rewrite.without:
        sent.headers.pop(name.decode(), None)
    for name, value in pair_headers(rewrite.headers):
        sent.headers[name.decode()] = value
    if rewrite.base is not None:
        sent.url = rewrite.base + request.path_url
        # Without a host header from the caller, it follows from the URL.
        sent.headers.pop("host", None)
    return sent


_LIBRARY = Library(_locate, _read, _rewrite)


def _build_blocked_response(adapter: Any, request: PreparedRequest, blocked: BlockedResponse) -> Response:
    response: Response = adapter.build_response(request, build_blocked_response(blocked))
    return response


def _restore_request(holder: Any, sent: PreparedRequest | None, request: PreparedRequest) -> None:
    """Have a response or an exception show the caller's own request, not the one sent in its place."""
    if sent is None or getattr(holder, "request", None) is not sent:
        return
    holder.request = request
    if hasattr(holder, "url"):
        holder.url = request.url


def _attach(call: Call, response: Response) -> None:
    if response.is_redirect:
        call.request.discard()
        return
    headers = encode_headers(_items(response.headers))
    record_body(response.raw, call.request.start_response(response.status_code, headers))
