"""All views of the page, and how they are added to the app."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from nicegui import app as nicegui_app
from nicegui import ui
from nicegui.client import templates
from starlette.responses import Response
from starlette.routing import Route

from payi_transport.serve.page.budgets import BUDGETS
from payi_transport.serve.page.call import CALL
from payi_transport.serve.page.calls import CALLS
from payi_transport.serve.page.charts import Colors
from payi_transport.serve.page.frame import NOTHING, View, show_page
from payi_transport.serve.page.health import HEALTH
from payi_transport.serve.page.nonces import add_nonces
from payi_transport.serve.page.overview import BREAKDOWN, OVERVIEW
from payi_transport.serve.page.runs import RUNS
from payi_transport.serve.queries import Queries

__all__ = ["add_page"]

_VIEWS = [OVERVIEW, BREAKDOWN, CALLS, RUNS, BUDGETS, HEALTH, CALL]
_MENU = [view for view in _VIEWS if view.in_menu]
_FOLDER = Path(__file__).parent
_HEAD = """
<link rel="stylesheet" href="/page/style.css">
<script src="/page/keys.js" defer></script>
"""


def add_page(app: FastAPI, queries: Queries) -> None:
    """Add the page to a service, after all other routes. Once in a process, since NiceGUI has one app."""
    for name, kind in (("style.css", "text/css"), ("keys.js", "text/javascript")):
        app.router.routes.append(_serve_file(name, kind))
    add_nonces(templates.env)
    colors = Colors()
    for view in [*_VIEWS, NOTHING]:
        _register(view, queries, colors)
    # Quasar's bar for requests in flight has no name for screen readers, and moves for what nobody asked.
    nicegui_app.config.quasar_config["loadingBar"]["skipHijack"] = True
    ui.run_with(
        app, title="Pay-i local", show_welcome_message=False, tailwind=False, dark=None, language="en-US"
    )


def _serve_file(name: str, kind: str) -> Route:
    content = (_FOLDER / name).read_bytes()

    async def send(request: Request) -> Response:
        # A browser may not keep it, because an update may change it.
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return Route(f"/page/{name}", send)


def _register(view: View, queries: Queries, colors: Colors) -> None:
    @ui.page(view.path, title=f"{view.title} · Pay-i local", response_timeout=30)
    async def page(request: Request) -> None:
        ui.add_head_html(_HEAD)
        await show_page(view, _MENU, request, queries, colors)
