"""A request of the httpx family: what is read of it, and copies that go out in its place.

The request itself stays the caller's: it is never written to, but for a mark among its extensions while it
is on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any, Protocol
from urllib.parse import urlsplit

from payi_transport.capture.exchange import BlockedResponse, RequestRewrite
from payi_transport.hooks.multipart import write_form
from payi_transport.values.headers import Headers

__all__ = ["Family", "copy_request", "find_address", "make_answer", "read_body", "read_headers"]


class Family(Protocol):
    """What is needed of the module that a request is of."""

    response: Callable[..., Any]
    byte_stream: Callable[[bytes], Any]
    not_read: type[Exception]
    sync_stream: type[Any]
    async_stream: type[Any]


def find_address(url: Any) -> tuple[str, str, int | None, str]:
    """Scheme, host, port (None for the scheme's own) and path of a URL, as they are sent."""
    try:
        # What the properties are made of. Every request of a program comes by here, and they code each part
        # to have it decoded again.
        parts = url._uri_reference
        return parts.scheme, parts.host, parts.port, parts.path or "/"
    except AttributeError:
        path = url.raw_path.partition(b"?")[0].decode("ascii")
        return url.scheme, url.raw_host.decode("ascii"), url.port, path


def read_headers(message: Any) -> Headers:
    """The headers of a request as they will be sent, or of an answer as they came."""
    flat: list[bytes] = []
    add = flat.append
    try:
        # What `raw` is made of, in half the time.
        for name, _, value in message.headers._list:
            add(name)
            add(value)
    except (AttributeError, TypeError, ValueError):
        return tuple(chain.from_iterable(message.headers.raw))
    return tuple(flat)


def read_body(family: Family, request: Any) -> bytes | None:
    """The body where it is in memory already; a stream is the transport's to read.

    Of a form, the plain fields are in memory, and go as JSON; its files are named and left alone.
    """
    try:
        body: bytes = request.content
    except family.not_read:
        # Those of httpx's own MultipartStream, where files have no value.
        fields = getattr(request.stream, "fields", None)
        return write_form((field.name, getattr(field, "value", None)) for field in fields) if fields else None
    return body


def copy_request(family: Family, request: Any, detour: RequestRewrite) -> Any:
    """A request like the caller's, but for what the detour says: of its class, and with all that it holds.

    Not made by the class, which would read all of its parts anew, and add headers of its own.
    """
    sent = object.__new__(type(request))
    sent.__dict__.update(request.__dict__)
    sent.headers = _change_headers(request.headers.copy(), detour)
    if detour.base is not None:
        sent.url = type(request.url)(detour.base + request.url.raw_path.decode("ascii"))
        sent.extensions = _drop_target(request.extensions)
    if detour.body is not None:
        sent.stream = family.byte_stream(detour.body)
        sent._content = detour.body
    return sent


def make_answer(family: Family, request: Any, refusal: BlockedResponse) -> Any:
    """An answer that took no time, to a request that is not sent."""
    headers = list(zip(refusal.headers[::2], refusal.headers[1::2], strict=True))
    answer = family.response(refusal.status, headers=headers, content=refusal.body, request=request)
    answer.elapsed = timedelta()
    return answer


def _drop_target(extensions: Any) -> Any:
    """Without what is sent in place of the URL, as aiobotocore does: that is another now."""
    if "target" not in extensions:
        return extensions
    return {name: value for name, value in extensions.items() if name != "target"}


def _change_headers(headers: Any, detour: RequestRewrite) -> Any:
    for name in detour.without:
        headers.pop(name.decode(), None)
    # Else httpx would write what is no ASCII in the coding of the headers that are there.
    headers.encoding = "utf-8"
    for name, value in zip(detour.headers[::2], detour.headers[1::2], strict=True):
        headers[name.decode()] = value.decode()
    if detour.body is not None and "content-length" in headers:
        headers["content-length"] = str(len(detour.body))
    if detour.base is not None:
        headers["host"] = urlsplit(detour.base).netloc
    if detour.plain:
        headers["accept-encoding"] = "identity"
    return headers
