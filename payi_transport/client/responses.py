"""Raw responses: the HTTP response, with a `parse()` that returns what the plain call would have returned.

Responses are parsed leniently unless the client is strict: a field of an unexpected type keeps the value it
came with, so that a change of the API does not turn a successful call into an exception.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, get_origin

import msgspec

from payi_transport.client.connection_errors import translate_errors
from payi_transport.client.status_errors import decode_body, find_request_id
from payi_transport.errors import APIResponseValidationError
from payi_transport.types.model import convert_leniently

if TYPE_CHECKING:
    import httpx

__all__ = ["APIResponse", "AsyncAPIResponse", "parse_response"]

T = TypeVar("T")
U = TypeVar("U")


def parse_response(response: httpx.Response, kind: type[T], *, strict: bool) -> T:
    """Parse a body that was read as `kind`; with `strict`, every field must have the declared type.

    The kinds `str` and `bytes` are the body as it is, `Response` of httpx or httpx2 is the response itself.
    Raises APIResponseValidationError for a body that is not JSON or has another shape.
    """
    # The body isn't looked at, so an endpoint that returns nothing can't fail on what a gateway adds.
    if kind is NoneType:
        return cast("T", None)
    if kind is str or kind is bytes:
        return cast("T", response.text if kind is str else response.content)
    if _is_http_response(kind):
        return cast("T", response)
    try:
        raw: object = msgspec.json.decode(response.content)
        if kind is object:
            return cast("T", raw)
        # The lenient conversion runs as well, because only that keeps unknown fields.
        if strict:
            msgspec.convert(raw, kind)
        value: T = convert_leniently(kind, raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _make_validation_error(response, str(exc)) from exc
    # Lenient conversion returns its argument where even the outermost shape is wrong, and where it is a plain
    # value of the right type.
    shape: Any = get_origin(kind) or kind
    if value is raw and not (isinstance(shape, type) and isinstance(raw, shape)):
        expected = getattr(kind, "__name__", kind)
        raise _make_validation_error(response, f"expected {expected}, got {type(raw).__name__}")
    return value


def _is_http_response(kind: Any) -> bool:
    """Return whether the HTTP response itself is wanted, whichever library's `Response` names it."""
    libraries = (sys.modules[name] for name in ("httpx", "httpx2") if name in sys.modules)
    return isinstance(kind, type) and issubclass(kind, tuple(library.Response for library in libraries))


def _make_validation_error(response: httpx.Response, reason: str) -> APIResponseValidationError:
    body = decode_body(response)
    request = response.request
    return APIResponseValidationError(
        f"Could not parse Pay-i's response to {request.method} {request.url.path}: {reason}",
        response=response,
        body=body,
        request_id=find_request_id(body if isinstance(body, dict) else {}, response.headers),
    )


class _BaseAPIResponse(Generic[T]):
    """The part of a raw response that needs no I/O."""

    def __init__(
        self, http_response: httpx.Response, parse: Callable[[httpx.Response], T], retries_taken: int = 0
    ) -> None:
        self.http_response = http_response
        self.retries_taken = retries_taken
        # Parsing waits until it is asked for: a caller of a raw response may want nothing but its headers.
        self._parse = parse

    @property
    def status_code(self) -> int:
        return self.http_response.status_code

    @property
    def headers(self) -> httpx.Headers:
        return self.http_response.headers

    @property
    def url(self) -> httpx.URL:
        return self.http_response.url

    @property
    def method(self) -> str:
        return self.http_request.method

    @property
    def http_request(self) -> httpx.Request:
        return self.http_response.request

    @property
    def http_version(self) -> str:
        return self.http_response.http_version

    @property
    def elapsed(self) -> timedelta:
        """Return the time from sending the request to closing the response."""
        return self.http_response.elapsed

    @property
    def is_closed(self) -> bool:
        return self.http_response.is_closed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}] {self.method} {self.url.path}>"


class APIResponse(_BaseAPIResponse[T]):
    """Wrap an HTTP response; `parse()` returns what the call without `with_raw_response` returns."""

    def parse(self) -> T:
        """Parse the body, reading it first. Raises APIResponseValidationError."""
        # Reading twice is safe, because the HTTP library keeps what it has read.
        self.read()
        return self._parse(self.http_response)

    def read(self) -> bytes:
        """Read the whole body. Raises APIConnectionError if the connection breaks, as the iterators do."""
        with translate_errors(self.http_response):
            return self.http_response.read()

    def text(self) -> str:
        self.read()
        return self.http_response.text

    def json(self) -> Any:
        return msgspec.json.decode(self.read())

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        with translate_errors(self.http_response):
            yield from self.http_response.iter_bytes(chunk_size)

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        with translate_errors(self.http_response):
            yield from self.http_response.iter_text(chunk_size)

    def iter_lines(self) -> Iterator[str]:
        with translate_errors(self.http_response):
            yield from self.http_response.iter_lines()

    def close(self) -> None:
        self.http_response.close()

    def map(self, change: Callable[[T], U]) -> APIResponse[U]:
        """Return the same response, with `change` applied to what it parses to."""
        parse = self._parse
        return APIResponse(self.http_response, lambda response: change(parse(response)), self.retries_taken)


class AsyncAPIResponse(_BaseAPIResponse[T]):
    """Wrap an HTTP response; `await parse()` returns what the call without `with_raw_response` returns."""

    async def parse(self) -> T:
        """Parse the body, reading it first. Raises APIResponseValidationError."""
        await self.read()
        return self._parse(self.http_response)

    async def read(self) -> bytes:
        """Read the whole body. Raises APIConnectionError if the connection breaks, as the iterators do."""
        with translate_errors(self.http_response):
            return await self.http_response.aread()

    async def text(self) -> str:
        await self.read()
        return self.http_response.text

    async def json(self) -> Any:
        return msgspec.json.decode(await self.read())

    async def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        with translate_errors(self.http_response):
            async for chunk in self.http_response.aiter_bytes(chunk_size):
                yield chunk

    async def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        with translate_errors(self.http_response):
            async for text in self.http_response.aiter_text(chunk_size):
                yield text

    async def iter_lines(self) -> AsyncIterator[str]:
        with translate_errors(self.http_response):
            async for line in self.http_response.aiter_lines():
                yield line

    async def close(self) -> None:
        await self.http_response.aclose()

    def map(self, change: Callable[[T], U]) -> AsyncAPIResponse[U]:
        """Return the same response, with `change` applied to what it parses to."""
        parse = self._parse
        return AsyncAPIResponse(
            self.http_response, lambda response: change(parse(response)), self.retries_taken
        )
