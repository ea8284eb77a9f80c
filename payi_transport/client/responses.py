"""Answers as they came, with what they say of the HTTP behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import msgspec

from payi_transport.client.retry import find_request_id, read_body
from payi_transport.errors import APIResponseValidationError
from payi_transport.types.model import convert_leniently

if TYPE_CHECKING:
    import httpx

__all__ = ["APIResponse", "AsyncAPIResponse", "parse_response"]

T = TypeVar("T")
U = TypeVar("U")


def parse_response(response: httpx.Response, kind: type[T], *, strict: bool) -> T:
    """The body of a read answer as `kind`; with `strict` every part of it has to be of its type.

    Raises APIResponseValidationError for a body that is no JSON or of another shape.
    """
    if kind is NoneType:
        return cast("T", None)
    try:
        raw: object = msgspec.json.decode(response.content)
        if strict:
            msgspec.convert(raw, kind)
        value: T = convert_leniently(kind, raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _not_understood(response, str(exc)) from exc
    if value is raw:
        raise _not_understood(response, f"expected {kind}, got {type(raw).__name__}")
    return value


def _not_understood(response: httpx.Response, reason: str) -> APIResponseValidationError:
    body = read_body(response)
    return APIResponseValidationError(
        f"Pay-i's answer to {response.request.method} {response.request.url.path} can't be read: {reason}",
        response=response,
        body=body,
        request_id=find_request_id(body if isinstance(body, dict) else {}, response.headers),
    )


class _Response(Generic[T]):
    """What both surfaces know of an answer without waiting for more of it."""

    def __init__(
        self, http_response: httpx.Response, read: Callable[[httpx.Response], T], retries_taken: int = 0
    ) -> None:
        self.http_response = http_response
        self.retries_taken = retries_taken
        self._read = read

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
        """From the request to the end of the answer."""
        return self.http_response.elapsed

    @property
    def is_closed(self) -> bool:
        return self.http_response.is_closed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}] {self.method} {self.url.path}>"


class APIResponse(_Response[T]):
    """An answer. `parse()` gives what the call without `with_raw_response` returns."""

    def parse(self) -> T:
        """Raises APIResponseValidationError for a body that can't be read."""
        self.read()
        return self._read(self.http_response)

    def read(self) -> bytes:
        return self.http_response.read()

    def text(self) -> str:
        self.read()
        return self.http_response.text

    def json(self) -> Any:
        return msgspec.json.decode(self.read())

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return self.http_response.iter_bytes(chunk_size)

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        return self.http_response.iter_text(chunk_size)

    def iter_lines(self) -> Iterator[str]:
        return self.http_response.iter_lines()

    def close(self) -> None:
        self.http_response.close()

    def map(self, change: Callable[[T], U]) -> APIResponse[U]:
        """The same answer, that parses to what `change` makes of it."""
        read = self._read
        return APIResponse(self.http_response, lambda response: change(read(response)), self.retries_taken)


class AsyncAPIResponse(_Response[T]):
    """An answer. `await parse()` gives what the call without `with_raw_response` returns."""

    async def parse(self) -> T:
        """Raises APIResponseValidationError for a body that can't be read."""
        await self.read()
        return self._read(self.http_response)

    async def read(self) -> bytes:
        return await self.http_response.aread()

    async def text(self) -> str:
        await self.read()
        return self.http_response.text

    async def json(self) -> Any:
        return msgspec.json.decode(await self.read())

    def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        return self.http_response.aiter_bytes(chunk_size)

    def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        return self.http_response.aiter_text(chunk_size)

    def iter_lines(self) -> AsyncIterator[str]:
        return self.http_response.aiter_lines()

    async def close(self) -> None:
        await self.http_response.aclose()

    def map(self, change: Callable[[T], U]) -> AsyncAPIResponse[U]:
        """The same answer, that parses to what `change` makes of it."""
        read = self._read
        return AsyncAPIResponse(
            self.http_response, lambda response: change(read(response)), self.retries_taken
        )
