"""The checks of each request, without a socket: what a browser, another site, and a stranger can send."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from payi_transport.serve.security import API_POLICY, COOKIE, NONCE, PAGE_POLICY, Security
from payi_transport.serve.settings import ServeSettings

INGEST, STATE, PROXY = "/api/v1/ingest", "/page/api/state", "/api/v1/proxy/openai/v1/models"
RUN = "/api/v1/run/app/proxy/openai/v1/models"
OWN = {"host": "127.0.0.1:8383"}
KEYED = {**OWN, "xproxy-api-key": "k"}


class Seen(NamedTuple):
    """What the app got, None if it got nothing, and what was sent back."""

    scope: dict[str, Any] | None
    status: int
    headers: dict[str, str]
    body: bytes
    read: bytes = b""

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["xproxy_error"]["code"])


def send(
    path: str = INGEST,
    headers: dict[str, str] | None = None,
    *,
    method: str = "POST",
    kind: str = "http",
    query: str = "",
    chunks: tuple[bytes, ...] = (b"{}",),
    **settings: Any,
) -> Seen:
    """Send a request through the checks to an app that reads its body."""
    got: list[dict[str, Any]] = []
    read: list[bytes] = []
    sent: list[Any] = []
    waiting = list(chunks)

    async def app(scope: Any, receive: Any, respond: Any) -> None:
        got.append(scope)
        if kind == "http":
            read.extend([(await receive())["body"] for _ in chunks])
        own = [(b"x-own", b"1"), (b"X-Frame-Options", b"ALLOWALL")]
        await respond({"type": "http.response.start", "status": 200, "headers": own})
        await respond({"type": "http.response.body", "body": b"ok"})

    async def receive() -> Any:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def respond(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
        "extensions": {"websocket.http.response": {}},
    }
    if kind == "websocket":
        del scope["method"]
    secured = Security(app, ServeSettings(file=Path("s"), **settings))
    asyncio.run(secured(scope, receive, respond))
    head = sent[0]
    names = {name.decode().lower(): value.decode() for name, value in head["headers"]}
    assert len(names) == len(head["headers"])
    return Seen(got[0] if got else None, head["status"], names, sent[1].get("body", b""), b"".join(read))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_only_what_changes_nothing_may_come_from_other_sites(method: str, site: str) -> None:
    seen = send(headers={**KEYED, "sec-fetch-site": site}, method=method)
    is_reading = method in ("GET", "HEAD", "OPTIONS")
    assert (seen.scope is not None) is is_reading
    if not is_reading:
        assert (seen.status, seen.code) == (403, "origin_not_allowed")
        assert b"requests from other sites are refused" in seen.body


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_itself_and_the_address_bar_may_change_things(site: str) -> None:
    assert send(headers={**KEYED, "sec-fetch-site": site}).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_websocket_may_not_come_from_other_sites(site: str) -> None:
    assert send("/x", {**OWN, "sec-fetch-site": site}, kind="websocket").status == 403
    assert send("/x", OWN, kind="websocket").scope is not None


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("http://127.0.0.1:8383", "127.0.0.1:8383", True),
        ("https://localhost", "localhost", True),
        ("http://127.0.0.1", "127.0.0.1:8383", False),
        ("http://127.0.0.1:8383", "localhost:8383", False),
        ("127.0.0.1:8383", "127.0.0.1:8383", False),
        ("null", "127.0.0.1:8383", False),
    ],
)
def test_an_origin_is_scheme_and_host_of_the_service(origin: str, host: str, is_own: bool) -> None:
    seen = send(headers={**KEYED, "host": host, "origin": origin})
    assert (seen.status, seen.scope is not None) == ((200, True) if is_own else (403, False))
    if not is_own:
        assert seen.code == "origin_not_allowed"
        assert f"requests from {origin!r} are refused".encode() in seen.body


@pytest.mark.parametrize(
    ("host", "settings", "is_own"),
    [
        ("Localhost", {}, True),
        ("PAYI.lan:1", {"hosts": ("Payi.LAN",)}, True),
        ("payi.lan", {}, False),
        ("box", {"host": "BOX", "token": "k"}, True),
        ("box", {}, False),
        ("10.0.0.1", {}, True),
        ("10.0.0.1.", {}, False),
        ("[fe80::1]:8383", {}, True),
        ("user@localhost.evil", {}, False),
        ("", {}, False),
    ],
)
def test_the_host_is_an_address_or_a_name_that_was_allowed(
    host: str, settings: dict[str, Any], is_own: bool
) -> None:
    seen = send(headers={**KEYED, "host": host}, **settings)
    assert (seen.status == 200) is is_own
    if not is_own:
        assert (seen.status, seen.code) == (403, "host_not_allowed")
        assert json.loads(seen.body)["message"] == (
            f"the host {host!r} is not this service; see --allow-host"
        )


@pytest.mark.parametrize(
    ("path", "needs_key"),
    [(INGEST, True), ("/api/v1/limits", True), (PROXY, False), (RUN, False), (STATE, False), ("/", False)],
)
def test_without_a_token_only_the_api_needs_some_key(path: str, needs_key: bool) -> None:
    seen = send(path, OWN)
    assert (seen.status, seen.scope is None) == ((401, True) if needs_key else (200, False))
    if needs_key:
        assert "any value will do" in json.loads(seen.body)["message"]
    assert send(path, KEYED).status == 200


@pytest.mark.parametrize("path", [INGEST, PROXY, STATE, "/"])
@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        ({}, False),
        ({"xproxy-api-key": "k\u00fc"}, True),
        ({"xproxy-api-key": "k"}, False),
        ({"authorization": "Bearer k\u00fc"}, True),
        ({"authorization": "k\u00fc"}, True),
        ({"authorization": "Basic k\u00fc"}, False),
        ({"cookie": f"{COOKIE}=k%C3%BC"}, True),
        ({"cookie": f"a=b; {COOKIE}=k%C3%BC; c=d"}, True),
        ({"cookie": f"{COOKIE}=k"}, False),
        ({"cookie": f"x{COOKIE}=k%C3%BC"}, False),
        ({"cookie": COOKIE}, False),
    ],
    ids=str,
)
def test_with_a_token_it_is_needed_in_one_of_three_places(
    path: str, headers: dict[str, str], opens: bool
) -> None:
    seen = send(path, {**OWN, **headers}, token="k\u00fc")
    assert (seen.status, seen.scope is not None) == ((200, True) if opens else (401, False))
    if not opens:
        expected = "this service needs its token: as xProxy-api-key, or in /?token=…"
        assert json.loads(seen.body)["message"] == expected


@pytest.mark.parametrize(
    ("path", "method", "query", "token", "sets"),
    [
        ("/", "GET", "token=a%2Fb", "a/b", True),
        ("/", "GET", "x=1&token=wrong&token=a%2Fb", "a/b", True),
        ("/", "GET", "token=a%2Fb&token=wrong", "a/b", False),
        ("/", "POST", "token=a%2Fb", "a/b", False),
        ("/calls", "GET", "token=a%2Fb", "a/b", False),
        ("/", "GET", "", "a/b", False),
    ],
)
def test_a_visit_with_the_token_sets_a_cookie_and_nothing_else_does(
    path: str, method: str, query: str, token: str, sets: bool
) -> None:
    seen = send(path, OWN, method=method, query=query, token=token)
    assert seen.scope is None
    if not sets:
        assert (seen.status, "set-cookie" in seen.headers) == (401, False)
        return
    assert (seen.status, seen.headers["location"]) == (303, "/")
    cookie = seen.headers["set-cookie"].split("; ")
    assert cookie == [f"{COOKIE}=a%2Fb", "HttpOnly", "Path=/", "SameSite=strict"]
    assert seen.headers["content-security-policy"] == API_POLICY
    assert send(STATE, {**OWN, "cookie": cookie[0]}, token=token).status == 200


def test_without_a_token_an_address_that_has_one_is_the_page() -> None:
    assert send("/", OWN, method="GET", query="token=x").scope is not None


@pytest.mark.parametrize(
    ("path", "is_api"), [(INGEST, True), (STATE, True), ("/", False), ("/page/x", False)]
)
def test_a_response_runs_scripts_of_its_own_document_alone(path: str, is_api: bool) -> None:
    seen = send(path, KEYED)
    assert seen.scope is not None
    policy = API_POLICY if is_api else PAGE_POLICY.format(nonce=seen.scope.get(NONCE))
    assert seen.headers == {
        "x-own": "1",
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    assert (NONCE in seen.scope) is not is_api
    if not is_api:
        other = send(path, KEYED).scope
        assert other is not None and other[NONCE] != seen.scope[NONCE]
        assert len(seen.scope[NONCE]) >= 20


def test_a_refusal_has_the_same_headers() -> None:
    seen = send(headers=OWN)
    assert seen.headers["content-security-policy"] == API_POLICY
    assert seen.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(("length", "is_taken"), [("10", True), ("11", False), ("x", False), ("-1", False)])
def test_a_body_may_say_that_it_has_as_many_bytes_as_are_allowed(length: str, is_taken: bool) -> None:
    seen = send(headers={**KEYED, "content-length": length}, max_body=10)
    assert (seen.status, seen.scope is not None) == ((200, True) if is_taken else (413, False))
    if not is_taken:
        assert json.loads(seen.body)["message"] == "a body may have 10 bytes at most"


def test_a_body_that_says_nothing_is_read_up_to_the_limit() -> None:
    assert send(headers=KEYED, max_body=10, chunks=(b"x" * 6, b"y" * 4)).read == b"x" * 6 + b"y" * 4
    with pytest.raises(Exception, match="a body may have 10 bytes at most"):
        send(headers=KEYED, max_body=10, chunks=(b"x" * 6, b"y" * 5))


def test_what_is_no_request_passes() -> None:
    assert send("/x", {}, kind="lifespan").scope is not None
