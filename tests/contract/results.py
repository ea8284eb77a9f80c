"""What Pay-i says of a call that it was told of by itself."""

from __future__ import annotations

import json

from tests.support.origin import CannedResponse

__all__ = ["ACCEPTED", "RESULT"]

RESULT = {
    "request_id": "r-1",
    "cost": {"total": {"base": 0.1}},
    "limits": {"budget": {"state": "ok"}},
}
ACCEPTED = CannedResponse(
    [json.dumps({"request_id": "r-1", "ingest_count": 1, "xproxy_result": RESULT}).encode()]
)
