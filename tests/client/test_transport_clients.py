"""`http_client` takes a client of either HTTP library, also after others replaced its class."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

from payi_transport import AsyncPayi, Payi
from tests.client.test_transport import CONTEXT


@pytest.mark.parametrize(
    ("kind", "http"),
    [
        (Payi, 3),
        (Payi, httpx.AsyncClient),
        (Payi, httpx2.AsyncClient),
        (AsyncPayi, httpx.Client),
        (AsyncPayi, httpx2.Client),
    ],
)
def test_an_http_client_of_the_wrong_kind_raises_at_once(kind: Any, http: Any) -> None:
    given = http(verify=CONTEXT) if isinstance(http, type) else http
    expected = "Client" if kind is Payi else "AsyncClient"
    with pytest.raises(TypeError, match=f"http_client: expected {expected} of httpx or httpx2, got"):
        kind(api_key="k", http_client=given)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_client_is_accepted_after_another_library_replaced_its_class(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS X-Ray puts a subclass in the place of `httpx.Client`, and clients may be older than that."""
    older = library.Client(verify=CONTEXT)
    traced = type("_InstrumentedClient", (library.Client,), {"__module__": "aws_xray_sdk.ext.httpx.patch"})
    monkeypatch.setattr(library, "Client", traced)
    for http in (older, traced(verify=CONTEXT)):
        with Payi(api_key="k", http_client=http):
            pass
