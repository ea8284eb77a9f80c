"""Requests of httpx and httpx2: reading them, and making the copies that are sent in their place.

The request belongs to the caller, who may send it again. It is never written to, except for a mark in its
extensions while it is being sent. Private attributes are read where that saves a noticeable part of a call's
cost, always with a public way to fall back on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any, Protocol
from urllib.parse import urlsplit

from payi_transport.capture.rewrites import BlockedResponse, RequestRewrite
from payi_transport.hooks.multipart import read_body, write_form
from payi_transport.values.headers import Headers, KeptHeaders, flatten, pack_headers

__all__ = [
    "Family",
    "build_blocked_response",
    "copy_request",
    "find_packer",
    "find_parts",
    "keep_headers",
    "read_headers",
    "read_request_body",
]


class Family(Protocol):
    """What is needed from the module that a request belongs to."""

    response: Callable[..., Any]
    byte_stream: Callable[[bytes], Any]
    pack: Callable[[Any], KeptHeaders]  # What `find_packer` has found.
    not_read: type[Exception]
    sync_stream: type[Any]
    async_stream: type[Any]


def find_parts(url: Any) -> tuple[str, str, int | None, str]:
    """Return scheme, host, port (None for the scheme's default) and path of a URL as they are sent.

    For another version of httpx, which does not keep them in the way that the hook expects.
    """
    path = url.raw_path.partition(b"?")[0].decode("ascii")
    return url.scheme, url.raw_host.decode("ascii"), url.port, path


def find_packer(module: Any) -> Callable[[Any], KeptHeaders]:
    """Return what copies the list that headers of this version of httpx have: triples of bytes.

    They are a header's name, its name in lower case, and its value. For another version, what is returned
    raises TypeError.
    """
    rows = getattr(module.Headers([(b"A", b"b")]), "_list", None)
    return pack_headers if rows == [(b"A", b"a", b"b")] else _refuse


def _refuse(_rows: Any) -> KeptHeaders:
    raise TypeError("another version of httpx keeps its headers in another way")


def keep_headers(family: Family, message: Any) -> KeptHeaders:
    """Return the headers of a request as they will be sent, or of a response as they came.

    They are a copy: the caller may change its own.
    """
    try:
        # `raw` is computed from this list, one header at a time.
        return family.pack(message.headers._list)
    except (AttributeError, TypeError):
        return tuple(chain.from_iterable(message.headers.raw))


def read_headers(family: Family, message: Any) -> Headers:
    """Return the same as names and values in turns."""
    return flatten(keep_headers(family, message))


def read_request_body(family: Family, request: Any) -> bytes | None:
    """Return the body if it is in memory. Only the transport may read a stream.

    Of a form, the plain fields are in memory. They are returned as JSON, with placeholders for its files.
    """
    try:
        body: bytes = request.content
    except family.not_read:
        # A form is a MultipartStream. Its `fields` hold plain fields, which have a value, and files, which
        # have none.
        fields = getattr(request.stream, "fields", None)
        return write_form((field.name, getattr(field, "value", None)) for field in fields) if fields else None
    # Nearly all bodies are JSON, which costs no more than this comparison.
    return read_body(body) if body[:2] == b"--" else body


def copy_request(family: Family, request: Any, rewrite: RequestRewrite) -> Any:
    """Return a rewritten copy of the request, of the same class and with the same other attributes.

    The copy is made without calling the class, which would parse every part again and add headers.
    """
    sent = object.__new__(type(request))
    sent.__dict__.update(request.__dict__)
    headers = request.headers
    sent.headers = _replace_headers(headers, rewrite) or _rewrite_headers(headers.copy(), rewrite)
    if rewrite.base is not None:
        sent.url = type(request.url)(rewrite.base + request.url.raw_path.decode("ascii"))
        sent.extensions = _drop_target(request.extensions)
    if rewrite.body is not None:
        sent.stream = family.byte_stream(rewrite.body)
        # Transports that read `content` instead of the stream would send the old body.
        sent._content = rewrite.body
    return sent


def build_blocked_response(family: Family, request: Any, blocked: BlockedResponse) -> Any:
    """Return the response to a request that is not sent. Its `elapsed` is zero."""
    headers = list(zip(blocked.headers[::2], blocked.headers[1::2], strict=True))
    response = family.response(blocked.status, headers=headers, content=blocked.body, request=request)
    response.elapsed = timedelta()
    return response


def _drop_target(extensions: Any) -> Any:
    """Drop the `target` extension, which overrides the URL's path (aiobotocore sets it), as that changed."""
    if "target" not in extensions:
        return extensions
    return {name: value for name, value in extensions.items() if name != "target"}


def _replace_headers(headers: Any, rewrite: RequestRewrite) -> Any:
    """Return what `_rewrite_headers` makes for a stream that is asked for its usage, or None to call that.

    The methods of httpx's headers decode all of them several times. This replaces two triples in a copy of
    their list: name, name in lower case, value.
    """
    body = rewrite.body
    if body is None or not rewrite.plain or rewrite.base or rewrite.headers or rewrite.without:
        return None
    try:
        rows = list(headers._list)
        names = [lower_name for _name, lower_name, _value in rows]
    except (AttributeError, TypeError, ValueError):
        return None  # Another version of httpx keeps them in another way.
    for name, value in ((b"content-length", b"%d" % len(body)), (b"accept-encoding", b"identity")):
        # What is missing or comes twice is left to httpx.
        if names.count(name) != 1:
            return None
        rows[names.index(name)] = (name, name, value)
    replaced = object.__new__(type(headers))
    replaced.__dict__.update(headers.__dict__, _list=rows)
    replaced.encoding = "utf-8"
    return replaced


def _rewrite_headers(headers: Any, rewrite: RequestRewrite) -> Any:
    for name in rewrite.without:
        headers.pop(name.decode(), None)
    # Otherwise httpx would encode non-ASCII values in whatever encoding fits the existing headers.
    headers.encoding = "utf-8"
    for name, value in zip(rewrite.headers[::2], rewrite.headers[1::2], strict=True):
        headers[name.decode()] = value.decode()
    # A request that is sent in chunks has none, and must not have both.
    if rewrite.body is not None and "content-length" in headers:
        headers["content-length"] = str(len(rewrite.body))
    if rewrite.base is not None:
        headers["host"] = urlsplit(rewrite.base).netloc
    if rewrite.plain:
        headers["accept-encoding"] = "identity"
    return headers
