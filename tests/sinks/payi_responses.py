"""Responses of Pay-i, and the receipts for them, without a connection."""

from __future__ import annotations

import json
from typing import Any

from payi_transport.sinks.payi_response import PayiResponse, make_receipt
from payi_transport.sinks.protocol import Receipt

__all__ = ["NOT_PAYI", "error", "read", "respond"]

NOT_PAYI = "which is not from Pay-i and confirms no event: check proxies and the base URL"


def respond(status: int, body: Any = b"", **fields: Any) -> PayiResponse:
    return PayiResponse(status, body if isinstance(body, bytes) else json.dumps(body).encode(), **fields)


def read(response: PayiResponse, size: int = 3, *, single: bool = False) -> Receipt:
    receipt = make_receipt(response, size, 10, single=single)
    assert receipt.bytes_sent == 10
    return receipt


def error(code: str) -> dict[str, Any]:
    return {"xproxy_error": {"code": code}}
