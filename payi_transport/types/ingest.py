"""Responses to events, and the results of past requests. Fields are named as in the API."""

from __future__ import annotations

from datetime import datetime

from payi_transport.types.model import Model
from payi_transport.types.shared import APIError, XproxyResult

__all__ = [
    "BulkIngestResponse",
    "Error",
    "IngestResponse",
    "RequestResult",
]


class IngestResponse(Model):
    """Confirmation of an event, with its cost and limits in `xproxy_result`."""

    event_timestamp: datetime
    ingest_timestamp: datetime
    request_id: str
    xproxy_result: XproxyResult


class Error(Model):
    """An event of a bulk request that was rejected, by its index in the request."""

    item_index: int | None = None
    xproxy_result: APIError | None = None


class BulkIngestResponse(Model):
    """How many events of a bulk request were accepted, and which were not."""

    ingest_count: int
    ingest_timestamp: datetime
    request_id: str
    error_count: int | None = None
    errors: list[Error] | None = None
    item_error_count: int | None = None
    total_count: int | None = None


class RequestResult(Model):
    """The result of a past request."""

    xproxy_result: XproxyResult
