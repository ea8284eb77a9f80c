"""Who may talk to the service: hosts, origins, tokens, sizes, and what a browser may do with a response."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from payi_transport.errors import PayiError
from payi_transport.serve.app import make_app
from payi_transport.serve.command import open_service
from payi_transport.serve.security import COOKIE
from payi_transport.serve.settings import ServeSettings, is_loopback
from tests.serve.conftest import Serve
from tests.serve.events import item

STATE, INGEST = "/page/api/state", "/api/v1/ingest"
KEY = {"xproxy-api-key": "k"}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8383", "127.0.0.1.evil.example", "localhost.evil.example", "", "[", "a@b"],
)
def test_a_name_that_points_here_by_dns_rebinding_is_refused(serve: Serve, host: str) -> None:
    address, _ = serve()
    response = httpx.get(f"{address}{STATE}", headers={"host": host})
    assert (response.status_code, response.json()["xproxy_error"]["code"]) == (403, "host_not_allowed")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.:1", "127.0.0.1:9", "[::1]:8383", "payi.lan"])
def test_addresses_and_names_that_were_allowed_are_served(serve: Serve, host: str) -> None:
    address, _ = serve(hosts=("payi.lan",))
    assert httpx.get(f"{address}{STATE}", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        *(
            {"origin": text}
            for text in ("", "http://", "://", "http://[bad", "http://[::1", "http://a]", "\xff")
        ),
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [INGEST, "/api/v1/limits", "/api/v1/proxy/openai/v1/chat/completions"])
def test_a_request_that_another_site_makes_a_browser_send_is_refused(
    serve: Serve, headers: dict[str, str], path: str
) -> None:
    address, service = serve()
    sent = [(name.encode(), value.encode("latin-1")) for name, value in {**KEY, **headers}.items()]
    response = httpx.post(f"{address}{path}", json=item(), headers=sent)
    assert (response.status_code, response.json()["xproxy_error"]["code"]) == (403, "origin_not_allowed")
    assert service.queries.state().calls == 0


def test_no_other_origin_may_read_a_response(serve: Serve) -> None:
    address, _ = serve()
    preflight = httpx.options(f"{address}{INGEST}", headers={"access-control-request-method": "POST"})
    for response in (httpx.get(f"{address}{STATE}"), preflight):
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("form", ["{}", "{}:8383"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_request_of_the_services_own_page_is_served(serve: Serve, host: str, form: str) -> None:
    address, _ = serve()
    named = form.format(host)
    headers = {**KEY, "host": named, "origin": f"http://{named}", "referer": "http://[bad"}
    assert httpx.post(f"{address}{INGEST}", json=item(), headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://[bad", "null"])
def test_a_websocket_of_another_site_is_refused(serve: Serve, origin: str) -> None:
    address, _ = serve()
    url = address.replace("http", "ws") + "/anything"
    with pytest.raises(InvalidStatus) as refused:
        connect(url, additional_headers={"Origin": origin})
    assert refused.value.response.status_code == 403


def test_pay_is_api_needs_a_key_and_takes_any(serve: Serve) -> None:
    address, _ = serve()
    refused = httpx.post(f"{address}{INGEST}", json=item())
    assert (refused.status_code, refused.json()["xproxy_error"]["code"]) == (401, "invalid_api_key")
    assert httpx.post(f"{address}{INGEST}", json=item(), headers=KEY).status_code == 200


@pytest.mark.parametrize("key", ["", "wrong", "secre", "secret2", "sécret"])
def test_with_a_token_nothing_is_served_without_it(serve: Serve, key: str) -> None:
    address, _ = serve(token="secret")
    for path in (STATE, INGEST, "/", "/api/v1/proxy/openai/v1/models", "/nowhere?token=secret"):
        for name, value in (
            ("xproxy-api-key", key),
            ("authorization", f"Bearer {key}".strip()),
            ("cookie", f"{COOKIE}={key}"),
        ):
            sent = [(name.encode(), value.encode())]
            assert httpx.get(f"{address}{path}", headers=sent).status_code == 401


def test_the_token_opens_as_a_key_as_a_bearer_and_as_a_cookie_that_a_visit_sets(serve: Serve) -> None:
    address, _ = serve(token="secret")
    assert httpx.get(f"{address}{STATE}", headers={"xproxy-api-key": "secret"}).status_code == 200
    assert httpx.get(f"{address}{STATE}", headers={"authorization": "Bearer secret"}).status_code == 200
    with httpx.Client(base_url=address) as browser:
        visit = browser.get("/?token=secret")
        assert (visit.status_code, visit.headers["location"]) == (303, "/")
        assert "httponly" in visit.headers["set-cookie"].lower()
        assert "samesite=strict" in visit.headers["set-cookie"].lower()
        assert browser.get(STATE).status_code == 200


def test_other_machines_need_a_token(tmp_path: Path) -> None:
    with pytest.raises(PayiError, match="--token"):
        ServeSettings(file=tmp_path / "s", host="0.0.0.0").check()  # noqa: S104
    ServeSettings(file=tmp_path / "s", host="0.0.0.0", token="t").check()  # noqa: S104
    assert [is_loopback(host) for host in ("localhost", "::1", "127.9.9.9", "10.0.0.1", "example")] == [
        *(True, True, True, False, False)
    ]


def test_a_body_over_the_limit_is_refused_whatever_its_length_says(serve: Serve) -> None:
    address, service = serve(max_body=2000)
    stated = httpx.post(f"{address}{INGEST}", content=b"x" * 2001, headers=KEY)
    chunked = httpx.post(f"{address}{INGEST}", content=(b"x" * 1000 for _ in range(3)), headers=KEY)
    assert [stated.status_code, chunked.status_code] == [413, 413]
    assert stated.json()["xproxy_error"]["code"] == "body_too_large"
    assert httpx.post(f"{address}{INGEST}", json=item(), headers=KEY).status_code == 200
    assert service.queries.state().calls == 1


@pytest.mark.anyio
@pytest.mark.parametrize("length", ["9" * 5000, "0" * 5000, "-1", "1_0", "\u00b2", "", "2001"])
async def test_a_length_that_is_no_number_or_too_large_is_refused(tmp_path: Path, length: str) -> None:
    with open_service(ServeSettings(file=tmp_path / "s", max_body=2000)) as service:
        transport = httpx.ASGITransport(make_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            sent = {b"xproxy-api-key": b"k", b"content-length": length.encode("latin-1")}
            refused = await client.post(INGEST, content=b"{}", headers=sent)
    assert (refused.status_code, refused.json()["xproxy_error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/../../etc/passwd",
        "/page/api/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/api/v1/limits/../x",
    ],
)
def test_a_path_can_not_climb(serve: Serve, path: str) -> None:
    address, _ = serve()
    url = httpx.URL(address).copy_with(raw_path=path.encode())
    response = httpx.get(url, headers=KEY)
    assert response.status_code == 404 and b"root:" not in response.content


def test_what_looks_like_a_script_stays_text_in_json(serve: Serve) -> None:
    address, service = serve()
    script = "<script>alert(1)</script>"
    sent = item(
        resource=script, account_name=script, properties={script: script}, provider_request_json=script
    )
    assert httpx.post(
        f"{address}{INGEST}", json={k: v for k, v in sent.items() if k != "account_name"}, headers=KEY
    )
    response = httpx.get(f"{address}/page/api/call?id=1")
    assert response.headers["content-type"] == "application/json"
    assert response.json()["request"] == script and service.queries.state().calls == 1


@pytest.mark.parametrize("body", [b"", b"nul", b"[" * 100_000, b"\xff", b'{"category":1}', b"[]"])
def test_bodies_that_are_no_event_are_refused(serve: Serve, body: bytes) -> None:
    address, _ = serve()
    response = httpx.post(f"{address}{INGEST}", content=body, headers=KEY)
    assert (response.status_code, response.json()["xproxy_error"]["code"]) == (400, "invalid_json")


def test_the_store_is_for_its_owner_alone(serve: Serve, tmp_path: Path) -> None:
    address, _ = serve()
    assert httpx.post(f"{address}{INGEST}", json=item(), headers=KEY).status_code == 200
    files = [name for name in os.listdir(tmp_path) if name.startswith("serve.sqlite")]
    assert len(files) == 3
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in files} == {0o600}


def test_text_that_is_odd_is_stored_and_shown(serve: Serve) -> None:
    address, _ = serve()
    odd: dict[str, Any] = {"resource": "a\x00b\u202e'; DROP TABLE events; --", "provider_response_id": "%_\\"}
    assert httpx.post(f"{address}{INGEST}", json=item(**odd), headers=KEY).status_code == 200
    shown = httpx.get(f"{address}/page/api/calls?start=2026-01-01T00:00:00Z").json()["calls"]
    assert json.dumps(shown).count("DROP TABLE") == 1


def test_a_websocket_that_is_refused_is_told_why(serve: Serve) -> None:
    address, _ = serve(token="secret")
    with pytest.raises(InvalidStatus) as refused:
        connect(address.replace("http", "ws") + "/anything")
    response = refused.value.response
    assert response.status_code == 401 and b"invalid_api_key" in (response.body or b"")
