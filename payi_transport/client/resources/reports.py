"""Reports: the results of queries that were saved in Pay-i's dashboard.

Source: "Custom Reports" in Pay-i's documentation. A report is CSV whose columns are those of the query, so it
is returned as text rather than parsed.
"""

from __future__ import annotations

from datetime import datetime

from payi_transport.client.endpoints import RAW, STREAMING, Resource, SurfaceT, Variant, endpoint
from payi_transport.client.request import RequestOptions, RequestSpec, build_path
from payi_transport.client.surfaces import AsyncRaw, AsyncStreaming, SyncRaw, SyncStreaming
from payi_transport.compat import Unpack

__all__ = ["Reports"]


class Reports(Resource[SurfaceT]):
    """Run the queries that were saved in Pay-i's dashboard."""

    with_raw_response: Variant[Reports[SyncRaw], Reports[AsyncRaw]] = RAW
    with_streaming_response: Variant[Reports[SyncStreaming], Reports[AsyncStreaming]] = STREAMING

    @endpoint
    def retrieve(
        self, report_id: str, *, from_: str | datetime, to: str | datetime, **options: Unpack[RequestOptions]
    ) -> RequestSpec[str]:
        """Return a report as CSV text, for the time from `from_` up to but not including `to`.

        Both are datetimes or ISO 8601 strings. `report_id` is the UUID that the dashboard shows for a query.
        """
        path = build_path("/api/v1/reports/{report_id}", report_id=report_id)
        # The response is CSV, which `Accept: application/json` would rule out.
        return RequestSpec("GET", path, str, options, {"from": from_, "to": to}, {"Accept": "*/*"})
