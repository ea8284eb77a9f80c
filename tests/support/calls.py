"""A chat completion whose response needs no network."""

from __future__ import annotations

from typing import Any

import httpx

from tests.support.wire_cases import UNARY

__all__ = ["URL", "call"]

URL = "https://api.openai.com/v1/chat/completions"


def call(case: Any = UNARY, **options: Any) -> None:
    response = httpx.Response(case.status, headers=case.headers, content=case.response)
    with httpx.Client(transport=httpx.MockTransport(lambda request: response)) as client:
        client.post(URL, content=case.request, **options)
