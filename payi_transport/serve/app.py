"""The service as an ASGI app: Pay-i's API, the page's questions, and whatever page is added."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from payi_transport.serve.api_ingest import make_ingest_routes
from payi_transport.serve.faults import Refusal
from payi_transport.serve.page_api import make_page_routes
from payi_transport.serve.responses import refuse, route
from payi_transport.serve.security import Security
from payi_transport.serve.service import Service

__all__ = ["make_app"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def make_app(service: Service) -> FastAPI:
    """Return the app. It is a FastAPI app because NiceGUI, which the page is built with, needs one."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Security, settings=service.settings)
    app.router.routes += [
        *make_ingest_routes(service),
        *make_page_routes(service.queries),
        # Pay-i's errors, for paths that it doesn't have.
        *(route(method, "/api/{path:path}", _refuse_path) for method in _METHODS),
    ]

    @app.exception_handler(Refusal)
    async def handle(request: Request, refusal: Refusal) -> Any:
        return refuse(refusal)

    return app


async def _refuse_path(request: Request) -> Any:
    raise Refusal("not_found", f"{request.method} {request.url.path} is not a call of Pay-i's API")
