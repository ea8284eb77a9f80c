"""JSON responses, and routes whose refusals are in the form of Pay-i's errors."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from payi_transport.serve.faults import Refusal

__all__ = ["Endpoint", "read_body", "refuse", "respond", "route"]

Endpoint = Callable[[Request], Awaitable[Any]]
# Numbers with all their digits: a cost is exact.
_encode = msgspec.json.Encoder(decimal_format="number").encode
_logger = logging.getLogger("payi_transport")


def respond(value: Any, status: int = 200) -> Response:
    """Return a response with a value as JSON; None is an empty body."""
    body = b"" if value is None else _encode(value)
    return Response(body, status, media_type="application/json")


def refuse(refusal: Refusal) -> Response:
    """Return the response for a refused request."""
    return respond(refusal.to_body(), refusal.status)


def route(method: str, path: str, endpoint: Endpoint) -> Route:
    """Return a route to a function that returns what to send as JSON, and may raise Refusal."""

    async def handle(request: Request) -> Response:
        # The path is still as it was sent (see `app.py`), so that ids may have slashes.
        request.scope["path_params"] = {name: unquote(text) for name, text in request.path_params.items()}
        try:
            value = await endpoint(request)
        except Refusal as refusal:
            return refuse(refusal)
        except Exception:
            _logger.exception("the local service failed on %s %s", request.method, request.url.path)
            return refuse(Refusal("unexpected_error", "the service failed; its log has the reason"))
        return value if isinstance(value, Response) else respond(value)

    return Route(path, handle, methods=[method])


async def read_body(request: Request, type_: Any) -> Any:
    """Return the decoded body of a request. Raises Refusal."""
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=type_)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise Refusal("invalid_json", str(exc)) from None
