"""requests: https://requests.readthedocs.io

`HTTPAdapter.send` is hooked because every request of a session leaves through it, including those of
adapters derived from that class. It is called once for each hop of a redirect, before any of the response is
read, streamed or not. A caching adapter that finds a response in its cache does not call it, and rightly so:
nothing was sent.
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


def _make_send(original: Callable[..., Response]) -> Callable[..., Response]:
    def send(adapter: Any, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        call, sent = begin(_LIBRARY, request)
        if isinstance(sent, BlockedResponse):
            return _build_blocked_response(adapter, request, sent)
        try:
            response = original(adapter, sent or request, *args, **kwargs)
        except BaseException as exc:
            if call is not None:
                call.fail(exc)
            # Errors of requests refer to what was sent, and the caller must not see the address or headers
            # of a rewrite.
            _restore_request(exc, sent, request)
            raise
        _restore_request(response, sent, request)
        if call is not None:
            call.respond(_attach, response)
        return response

    return send


HOOK = MethodHook("requests.adapters", "HTTPAdapter", send=_make_send)


def _locate(request: PreparedRequest) -> Address:
    return Address(str(request.method), *split_url(str(request.url)))


def _read(request: PreparedRequest) -> tuple[Headers, bytes | None]:
    """Return headers and body. Bodies from files and generators are not read, nor are the files of a form."""
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
    """Return what `items()` would, in a fraction of the time: `items()` looks up each header again."""
    store = getattr(headers, "_store", None)
    pairs: Iterable[tuple[Any, Any]] = headers.items() if store is None else store.values()
    return pairs


def _rewrite(rewrite: RequestRewrite, request: PreparedRequest) -> PreparedRequest:
    sent = request.copy()
    for name in rewrite.without:
        sent.headers.pop(name.decode(), None)
    for name, value in pair_headers(rewrite.headers):
        sent.headers[name.decode()] = value
    if rewrite.base is not None:
        sent.url = rewrite.base + request.path_url
        # Without this header, http.client derives it from the new URL.
        sent.headers.pop("host", None)
    return sent


_LIBRARY = Library(_locate, _read, _rewrite)


def _build_blocked_response(adapter: Any, request: PreparedRequest, blocked: BlockedResponse) -> Response:
    # The adapter's own method, so that the response has what requests adds to each: encoding, cookies,
    # reason.
    response: Response = adapter.build_response(request, build_blocked_response(blocked))
    return response


def _restore_request(holder: Any, sent: PreparedRequest | None, request: PreparedRequest) -> None:
    """Make a response or an exception refer to the caller's own request, not to the one sent in its place."""
    if sent is None or getattr(holder, "request", None) is not sent:
        return
    holder.request = request
    if hasattr(holder, "url"):
        holder.url = request.url


def _attach(call: Call, response: Response) -> None:
    # The session sends the next hop through this hook again, and only the last response makes an event.
    if response.is_redirect:
        call.request.discard()
        return
    headers = encode_headers(_items(response.headers))
    record_body(response.raw, call.request.start_response(response.status_code, headers))
