"""requests: https://requests.readthedocs.io

Hooked is `HTTPAdapter.send`, which is where a session's request leaves: it sees each hop of a redirect before
anything of the answer is read, streams and other answers alike, and every adapter that is derived from it.
What an adapter answers from a cache it does not see, and that is no call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from payi_transport.capture.exchange import BlockedResponse, RequestRewrite
from payi_transport.hooks.call import Address, Call, Library, begin, encode_headers, pair_headers
from payi_transport.hooks.methods import MethodHook
from payi_transport.hooks.multipart import read_form
from payi_transport.hooks.urllib3_response import make_refused, record_body
from payi_transport.hooks.urls import split_url
from payi_transport.values.headers import Headers

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

__all__ = ["HOOK"]


def _hook(original: Callable[..., Response]) -> Callable[..., Response]:
    def send(adapter: Any, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        call, sent = begin(_LIBRARY, request)
        if isinstance(sent, BlockedResponse):
            return _refuse(adapter, request, sent)
        try:
            response = original(adapter, sent or request, *args, **kwargs)
        except BaseException as exc:
            if call is not None:
                call.fail(exc)
            _give_back(exc, sent, request)
            raise
        _give_back(response, sent, request)
        if call is not None:
            call.answer(_attach, response)
        return response

    return send


HOOK = MethodHook("requests.adapters", "HTTPAdapter", "send", _hook)


def _locate(request: PreparedRequest) -> Address:
    return Address(str(request.method), *split_url(str(request.url)))


def _read(request: PreparedRequest) -> tuple[Headers, bytes | None]:
    """What comes of a file or a generator is left alone, and so are the files of a form."""
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
    """What `items()` gives, which looks each header up anew: that takes several times as long."""
    held = getattr(headers, "_store", None)
    pairs: Iterable[tuple[Any, Any]] = headers.items() if held is None else held.values()
    return pairs


def _change(detour: RequestRewrite, request: PreparedRequest) -> PreparedRequest:
    sent = request.copy()
    for name in detour.without:
        sent.headers.pop(name.decode(), None)
    for name, value in pair_headers(detour.headers):
        sent.headers[name.decode()] = value
    if detour.base is not None:
        sent.url = detour.base + request.path_url
        # Where the caller did not say it, it is that of the URL.
        sent.headers.pop("host", None)
    return sent


_LIBRARY = Library(_locate, _read, _change)


def _refuse(adapter: Any, request: PreparedRequest, refusal: BlockedResponse) -> Response:
    """An answer to a request that is not sent."""
    response: Response = adapter.build_response(request, make_refused(refusal))
    return response


def _give_back(holder: Any, sent: PreparedRequest | None, request: PreparedRequest) -> None:
    """Let a response or an exception show the caller's own request."""
    if sent is None or getattr(holder, "request", None) is not sent:
        return
    holder.request = request
    if hasattr(holder, "url"):
        holder.url = request.url


def _attach(call: Call, response: Response) -> None:
    exchange = call.exchange
    if response.is_redirect:
        exchange.discard()
        return
    exchange.begin_answer(response.status_code, encode_headers(_items(response.headers)))
    record_body(response.raw, exchange)
