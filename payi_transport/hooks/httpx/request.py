"""Requests of httpx and httpx2: reading them, and making the copies that go out in their place.

The request itself stays the caller's. It is never written to, except for a mark among its extensions while
it is on its way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any, Protocol
from urllib.parse import urlsplit

from payi_transport.capture.rewrites import BlockedResponse, RequestRewrite
from payi_transport.hooks.multipart import write_form
from payi_transport.values.headers import Headers

__all__ = [
    "Family",
    "build_blocked_response",
    "copy_request",
    "find_address",
    "read_headers",
    "read_request_body",
]


class Family(Protocol):
    """What is needed of the module that a request belongs to."""

    response: Callable[..., Any]
    byte_stream: Callable[[bytes], Any]
    not_read: type[Exception]
    sync_stream: type[Any]
    async_stream: type[Any]


def find_address(url: Any) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port (None for the scheme's default) and path of a URL, as they are sent."""
    try:
        # The properties are computed from these parts, by encoding each part to decode it again. Every
        # request of the program passes here, so skip that.
        parts = url._uri_reference
        return parts.scheme, parts.host, parts.port, parts.path or "/"
    except AttributeError:
        path = url.raw_path.partition(b"?")[0].decode("ascii")
        return url.scheme, url.raw_host.decode("ascii"), url.port, path


def read_headers(message: Any) -> Headers:
    """Return the headers of a request as they will be sent, or of a response as they came."""
    flat: list[bytes] = []
    add = flat.append
    try:
        # `raw` is computed from this list, and takes twice as long.
        for name, _, value in message.headers._list:
            add(name)
            add(value)
    except (AttributeError, TypeError, ValueError):
        return tuple(chain.from_iterable(message.headers.raw))
    return tuple(flat)


def read_request_body(family: Family, request: Any) -> bytes | None:
    """Return the body if it is in memory. A stream is for the transport to read.

    A form's plain fields are in memory, so they are returned as JSON; its files are named and left alone.
    """
    try:
        body: bytes = request.content
    except family.not_read:
        # These are the fields of httpx's own MultipartStream, in which files have no value.
        fields = getattr(request.stream, "fields", None)
        return write_form((field.name, getattr(field, "value", None)) for field in fields) if fields else None
    return body


def copy_request(family: Family, request: Any, rewrite: RequestRewrite) -> Any:
    """Return the caller's request as rewritten: of the same class, with everything else that it holds.

    Its class is not called to make it. That would parse every part again and add headers of its own.
    """
    sent = object.__new__(type(request))
    sent.__dict__.update(request.__dict__)
    sent.headers = _change_headers(request.headers.copy(), rewrite)
    if rewrite.base is not None:
        sent.url = type(request.url)(rewrite.base + request.url.raw_path.decode("ascii"))
        sent.extensions = _drop_target(request.extensions)
    if rewrite.body is not None:
        sent.stream = family.byte_stream(rewrite.body)
        sent._content = rewrite.body
    return sent


def build_blocked_response(family: Family, request: Any, blocked: BlockedResponse) -> Any:
    """Return the response to a request that is not sent; it took no time."""
    headers = list(zip(blocked.headers[::2], blocked.headers[1::2], strict=True))
    response = family.response(blocked.status, headers=headers, content=blocked.body, request=request)
    response.elapsed = timedelta()
    return response


def _drop_target(extensions: Any) -> Any:
    """Drop the target that is sent in place of the URL, as aiobotocore does: the URL is another one now."""
    if "target" not in extensions:
        return extensions
    return {name: value for name, value in extensions.items() if name != "target"}


def _change_headers(headers: Any, rewrite: RequestRewrite) -> Any:
    for name in rewrite.without:
        headers.pop(name.decode(), None)
    # Otherwise httpx would write non-ASCII values in the encoding of the headers that are there already.
    headers.encoding = "utf-8"
    for name, value in zip(rewrite.headers[::2], rewrite.headers[1::2], strict=True):
        headers[name.decode()] = value.decode()
    if rewrite.body is not None and "content-length" in headers:
        headers["content-length"] = str(len(rewrite.body))
    if rewrite.base is not None:
        headers["host"] = urlsplit(rewrite.base).netloc
    if rewrite.plain:
        headers["accept-encoding"] = "identity"
    return headers
