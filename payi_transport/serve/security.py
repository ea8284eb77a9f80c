"""Who may talk to the service, checked before anything else looks at a request.

- The `Host` has to be an address, "localhost", or a name that the settings list. A website whose name points
  to this machine (DNS rebinding) has neither.
- A request that a browser sends for another site is refused, by its `Origin` or `Sec-Fetch-Site`.
- With a token, every request needs it: as Pay-i's API key, as a bearer token, or in the cookie that a visit
  to `/?token=…` sets. Without one, the service can be reached from this machine alone.
- Bodies end at `max_body` bytes, whatever their headers say.
- Responses allow no other origin, no frame, and no scripts from elsewhere.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payi_transport.serve.faults import Refusal
from payi_transport.serve.responses import refuse
from payi_transport.serve.settings import ServeSettings
from payi_transport.values.numbers import read_number

__all__ = ["API_POLICY", "COOKIE", "NONCE", "PAGE_POLICY", "Security"]

COOKIE: Final = "payi_serve_token"
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# NiceGUI writes an empty <style> without a nonce. The hash is that of no text at all.
_EMPTY: Final = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
# The page's own files, and what has the nonce of its document. Nothing may use eval.
PAGE_POLICY: Final = (
    f"default-src 'none'; script-src 'self' 'nonce-{{nonce}}'; style-src 'self' 'nonce-{{nonce}}' {_EMPTY};"
    " img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
# Where the scope of a request has its nonce.
NONCE: Final = "payi_nonce"
_HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
_API_PATHS: Final = ("/api/", "/page/api/")
_METERED: Final = ("/api/v1/proxy/", "/api/v1/run/")
# Sites that a browser itself calls the same, and requests that the user made in the address bar.
_OWN_SITES: Final = frozenset({"same-origin", "none"})


class Security:
    """ASGI middleware around the whole service."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app = app
        self._settings = settings
        self._names = {"localhost", settings.host.lower(), *(name.lower() for name in settings.hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            self._check(scope, headers)
        except Refusal as refusal:
            await self._refuse(refusal, scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
        elif self._has_token_in_url(scope):
            await self._set_cookie(scope, receive, send)
        else:
            await self._run(scope, headers, receive, send)

    def _check(self, scope: Scope, headers: Mapping[str, str]) -> None:
        host = headers.get("host", "")
        if not self._is_own(host):
            raise Refusal("host_not_allowed", f"the host {host!r} is not this service; see --allow-host")
        origin = headers.get("origin")
        # Compared as it is, because a browser sends scheme and host alone, and others any text.
        if origin is not None and origin.partition("://")[2] != host:
            raise Refusal("origin_not_allowed", f"requests from {origin!r} are refused")
        is_change = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if is_change and headers.get("sec-fetch-site", "none") not in _OWN_SITES:
            raise Refusal("origin_not_allowed", "requests from other sites are refused")
        self._check_key(scope, headers)

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        # The name of a website is never an address.
        return name.rstrip(".") in self._names or _is_address(name)

    def _check_key(self, scope: Scope, headers: Mapping[str, str]) -> None:
        path, token = scope["path"], self._settings.token
        key = headers.get("xproxy-api-key", "")
        if token is None:
            # Any key will do, as long as there is one, like at Pay-i. A CLI that is metered has none.
            if path.startswith("/api/") and not path.startswith(_METERED) and not key:
                raise Refusal("invalid_api_key", "the header xProxy-api-key is missing; any value will do")
            return
        offered = (key, headers.get("authorization", "").removeprefix("Bearer "), _read_cookie(headers))
        if not any(_equal(value, token) for value in offered) and not self._has_token_in_url(scope):
            raise Refusal(
                "invalid_api_key", "this service needs its token: as xProxy-api-key, or in /?token=…"
            )

    def _has_token_in_url(self, scope: Scope) -> bool:
        if self._settings.token is None or scope["type"] != "http" or scope["method"] != "GET":
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[-1]
        return scope["path"] == "/" and _equal(given, self._settings.token)

    async def _set_cookie(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = RedirectResponse("/", status_code=303)
        # Quoted, because a token may have characters that cookies can't have.
        value = quote(self._settings.token or "", safe="")
        response.set_cookie(COOKIE, value, httponly=True, samesite="strict", path="/")
        await response(scope, receive, _add_headers(send, API_POLICY))

    async def _run(self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        policy = API_POLICY
        if not scope["path"].startswith(_API_PATHS):
            scope = {**scope, NONCE: secrets.token_urlsafe(16)}
            policy = PAGE_POLICY.format(nonce=scope[NONCE])
        left = self._settings.max_body
        too_large = Refusal("body_too_large", f"a body may have {left} bytes at most")
        length = read_number(headers.get("content-length", "0"))
        if length is None or length > left:
            await self._refuse(too_large, scope, receive, send)
            return

        async def receive_some() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise too_large
            return message

        # Whoever reads the body raises it, and the app's handler of refusals sends the response.
        await self._app(scope, receive_some, _add_headers(send, policy))

    async def _refuse(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        # A WebSocket is refused by a response, too.
        await refuse(refusal)(scope, receive, _add_headers(send, API_POLICY))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode("utf-8", "replace"))


def _read_cookie(headers: Mapping[str, str]) -> str:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return next((unquote(value) for name, _, value in pairs if name == COOKIE), "")


def _add_headers(send: Send, policy: str) -> Send:
    added = {**_HEADERS, b"content-security-policy": policy.encode()}

    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            # Those of a provider whose response is forwarded are of another site.
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in added]
            message = {**message, "headers": [*kept, *added.items()]}
        await send(message)

    return send_more
