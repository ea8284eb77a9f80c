"""What Pay-i answers to an event, and what it knows of a request. Field names as in Pay-i's API."""

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
    """An event was taken."""

    event_timestamp: datetime
    ingest_timestamp: datetime
    request_id: str
    xproxy_result: XproxyResult


class Error(Model):
    """An event of a bulk call that was refused, by its index in the call."""

    item_index: int | None = None
    xproxy_result: APIError | None = None


class BulkIngestResponse(Model):
    """How many events of a bulk call were taken, and which were not."""

    ingest_count: int
    ingest_timestamp: datetime
    request_id: str
    error_count: int | None = None
    errors: list[Error] | None = None
    item_error_count: int | None = None
    total_count: int | None = None


class RequestResult(Model):
    """What Pay-i made of a request in the past."""

    xproxy_result: XproxyResult
