"""What the endpoints of small documents share: find, put, change, and delete them.

A change reads and writes within one job of the store, so that two changes at once are made one by one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from anyio.to_thread import run_sync

from payi_transport.serve.documents import delete_document, find_document, list_documents, put_document
from payi_transport.serve.faults import Refusal
from payi_transport.serve.service import Service
from payi_transport.serve.store import Writing

__all__ = ["DocumentApi", "find_or_refuse", "set_values"]

T = TypeVar("T")
D = TypeVar("D", bound=msgspec.Struct)


class DocumentApi:
    """Base of the classes whose methods are endpoints."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def write(self, job: Callable[[Writing], T]) -> T:
        """Run a job of the store, and return its result after its commit."""
        return await asyncio.wrap_future(self.service.store.submit(job))

    async def find(self, type_: type[D], code: str, *parts: str) -> D:
        """Return a document. Raises Refusal with `code` if there is none."""
        return await run_sync(lambda: find_or_refuse(self.service.store.reader, type_, code, *parts))

    async def list_all(self, type_: type[D], *parts: str) -> list[D]:
        """Return all documents whose ids begin with these parts."""
        return await run_sync(lambda: list_documents(self.service.store.reader, type_, *parts))

    async def put(self, document: D, *parts: str) -> D:
        """Store a document, in place of one with the same id."""
        await self.write(lambda writing: put_document(writing.connection, document, *parts))
        return document

    async def change(
        self, type_: type[D], code: str, parts: tuple[str, ...], make_changes: Callable[[D], dict[str, Any]]
    ) -> D:
        """Change a document by the values that `make_changes` returns for it. Raises Refusal like `find`."""

        def job(writing: Writing) -> D:
            found = find_or_refuse(writing.connection, type_, code, *parts)
            changed = msgspec.structs.replace(found, **make_changes(found))
            put_document(writing.connection, changed, *parts)
            return changed

        return await self.write(job)

    async def delete(self, type_: type[D], code: str, *parts: str) -> D:
        """Delete a document, and return it. Raises Refusal like `find`."""

        def job(writing: Writing) -> D:
            document = find_or_refuse(writing.connection, type_, code, *parts)
            delete_document(writing.connection, type_, *parts)
            return document

        return await self.write(job)


def find_or_refuse(connection: sqlite3.Connection, type_: type[D], code: str, *parts: str) -> D:
    """Return a document. Raises Refusal with `code` if there is none."""
    document = find_document(connection, type_, *parts)
    if document is None:
        what = type_.__name__.removesuffix("Document").lower()
        raise Refusal(code, f"there is no {what} {' / '.join(parts)!r}")
    return document


def set_values(body: msgspec.Struct) -> dict[str, Any]:
    """Return the values of a body that are set."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
