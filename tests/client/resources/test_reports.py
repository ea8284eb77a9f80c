"""The endpoint of reports."""

from __future__ import annotations

import httpx

from payi_transport import Payi
from tests.client.endpoint_cases import EndpointCase, EndpointTests
from tests.client.response_bodies import WHEN

__all__ = ["CASES"]

_CSV = "Day,Category,Spend\n2026-05-04T00:00:00Z,système,142.87\n"

CASES = [
    EndpointCase(
        "reports.retrieve",
        "GET /api/v1/reports/r%2F1?from=2026-05-04T03%3A02%3A01%2B00%3A00&to=2026-06-01",
        str,
        _CSV,
        {"report_id": "r/1", "from_": WHEN, "to": "2026-06-01"},
        first="report_id",
        headers={"accept": "*/*"},
    ),
]


class TestReportsEndpoints(EndpointTests):
    cases = CASES


def test_a_report_can_be_read_line_by_line_as_it_arrives() -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, text=_CSV)))
    with Payi(api_key="k", http_client=http) as client:
        reports = client.reports.with_streaming_response
        with reports.retrieve("r1", from_="2026-05-01", to="2026-06-01") as response:
            assert list(response.iter_lines()) == _CSV.splitlines()
