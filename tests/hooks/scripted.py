"""A transport of httpx or httpx2 with scripted responses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import httpx2
import pytest

from tests.support.wire_cases import STREAM

__all__ = ["Scripted", "every_module"]

every_module = pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])


class Scripted:
    """A sync and async transport that responds in chunks, and then raises `error` if there is one."""

    def __init__(
        self, module: Any, chunks: list[bytes], error: BaseException | None = None, **head: Any
    ) -> None:
        self.module, self.chunks, self.error, self.head = module, chunks, error, head
        self.requests: list[Any] = []
        self.closed = 0
        self.stream: Any = None

    def sync(self) -> Any:
        script = self

        class Stream(self.module.SyncByteStream):  # type: ignore[name-defined, misc]
            flavour = "vanilla"

            def __iter__(self) -> Iterator[bytes]:
                yield from script.chunks
                if script.error is not None:
                    raise script.error

            def close(self) -> None:
                script.closed += 1

        class Transport(self.module.BaseTransport):  # type: ignore[name-defined, misc]
            def handle_request(self, request: Any) -> Any:
                script.requests.append(request)
                script.stream = Stream()
                return script.respond()

        return Transport()

    def asynchronous(self) -> Any:
        script = self

        class Stream(self.module.AsyncByteStream):  # type: ignore[name-defined, misc]
            async def __aiter__(self) -> AsyncIterator[bytes]:
                for chunk in script.chunks:
                    yield chunk
                if script.error is not None:
                    raise script.error

            async def aclose(self) -> None:
                script.closed += 1

        class Transport(self.module.AsyncBaseTransport):  # type: ignore[name-defined, misc]
            async def handle_async_request(self, request: Any) -> Any:
                script.requests.append(request)
                script.stream = Stream()
                return script.respond()

        return Transport()

    def respond(self) -> Any:
        head = {"headers": STREAM.headers, "extensions": {"http_version": b"HTTP/2", "network_stream": self}}
        return self.module.Response(200, **{**head, **self.head}, stream=self.stream)
