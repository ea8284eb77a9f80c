"""The service as an ASGI app: Pay-i's API, the page's questions, and whatever page is added."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from payi_transport.serve.api_categories import make_category_routes
from payi_transport.serve.api_ingest import make_ingest_routes
from payi_transport.serve.api_instances import make_instance_routes
from payi_transport.serve.api_limits import make_limit_routes
from payi_transport.serve.api_requests import make_request_routes
from payi_transport.serve.api_use_cases import make_use_case_routes
from payi_transport.serve.faults import Refusal
from payi_transport.serve.page_api import make_page_routes
from payi_transport.serve.proxy import Proxy, make_proxy_routes
from payi_transport.serve.responses import refuse, route
from payi_transport.serve.security import Security
from payi_transport.serve.service import Service

__all__ = ["make_app"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def make_app(service: Service) -> FastAPI:
    """Return the app. It is a FastAPI app because NiceGUI, which the page is built with, needs one."""
    proxy = Proxy(service)

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        yield
        await proxy.close()

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=run)
    app.add_middleware(_RawPaths)
    app.add_middleware(Security, settings=service.settings)
    app.router.routes += [
        *make_ingest_routes(service),
        *make_limit_routes(service),
        *make_use_case_routes(service),
        *make_instance_routes(service),
        *make_category_routes(service),
        *make_request_routes(service),
        *make_proxy_routes(proxy),
        *make_page_routes(service.queries),
        # Pay-i's errors, for paths that it doesn't have.
        *(route(method, "/api/{path:path}", _refuse_path) for method in _METHODS),
    ]

    @app.exception_handler(Refusal)
    async def handle(request: Request, refusal: Refusal) -> Any:
        return refuse(refusal)

    return app


class _RawPaths:
    """Route Pay-i's API by paths as they were sent: a model's name may have a slash, sent as %2F."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = scope.get("raw_path")
        if scope["type"] == "http" and raw_path and raw_path.startswith(b"/api/"):
            scope = {**scope, "path": raw_path.partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


async def _refuse_path(request: Request) -> Any:
    raise Refusal("not_found", f"{request.method} {request.url.path} is not a call of Pay-i's API")
