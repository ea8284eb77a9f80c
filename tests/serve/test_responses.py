"""What the service sends where something goes wrong, or where there is nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from payi_transport.serve.app import make_app
from payi_transport.serve.command import open_service
from payi_transport.serve.settings import ServeSettings
from tests.serve.conftest import Serve

KEY = {"xproxy-api-key": "k"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_path_that_pay_i_does_not_have_is_refused_in_its_form(serve: Serve, method: str) -> None:
    address, _ = serve()
    response = httpx.request(method, f"{address}/api/v1/nowhere/a%2Fb", headers=KEY)
    assert (response.status_code, response.json()["xproxy_error"]["code"]) == (404, "not_found")
    assert "/api/v1/nowhere/a%2Fb is not a call of Pay-i's API" in response.json()["message"]


def test_a_failure_of_the_service_is_in_its_log_and_not_in_the_response(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address, service = serve()

    def fail() -> Any:
        raise RuntimeError("a secret of the service")

    monkeypatch.setattr(service.queries, "budgets", fail)
    with caplog.at_level(logging.ERROR, "payi_transport"):
        response = httpx.get(f"{address}/page/api/budgets")
    assert (response.status_code, response.json()["xproxy_error"]["code"]) == (500, "unexpected_error")
    assert "secret" not in response.text and "a secret of the service" in caplog.text


@pytest.mark.parametrize("body", [b"{", b"[]", b"[" * 100_000, b'{"limit_name": "n", "max": 1, "x": 1}'])
def test_a_body_that_can_not_be_read_is_refused(serve: Serve, body: bytes) -> None:
    address, _ = serve()
    response = httpx.post(f"{address}/api/v1/limits", content=body, headers=KEY)
    assert (response.status_code, response.json()["xproxy_error"]["code"]) == (400, "invalid_json")


@pytest.mark.anyio
async def test_a_body_that_the_page_reads_has_the_same_limit(tmp_path: Path) -> None:
    with open_service(ServeSettings(file=tmp_path / "s", max_body=100)) as service:
        app: FastAPI = make_app(service)

        @app.post("/upload")
        async def upload(request: Request) -> int:
            return len(await request.body())

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client:

            async def chunks(count: int) -> Any:
                for _ in range(count):
                    yield b"x" * 50

            assert (await client.post("/upload", content=chunks(2))).json() == 100
            refused = await client.post("/upload", content=chunks(3))
    assert (refused.status_code, refused.json()["xproxy_error"]["code"]) == (413, "body_too_large")
