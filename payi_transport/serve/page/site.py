"""All views of the page, and how they are added to the app."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from nicegui import app as nicegui_app
from nicegui import ui

from payi_transport.serve.page.budgets import BUDGETS
from payi_transport.serve.page.calls import CALL, CALLS, RUNS
from payi_transport.serve.page.charts import Colors
from payi_transport.serve.page.frame import View, show_page
from payi_transport.serve.page.health import HEALTH
from payi_transport.serve.page.overview import BREAKDOWN, OVERVIEW
from payi_transport.serve.queries import Queries

__all__ = ["add_page"]

_VIEWS = [OVERVIEW, BREAKDOWN, CALLS, RUNS, BUDGETS, HEALTH, CALL]
_MENU = [view for view in _VIEWS if view.in_menu]
_FOLDER = Path(__file__).parent


def add_page(app: FastAPI, queries: Queries) -> None:
    """Add the page to a service, after all other routes. Once in a process, since NiceGUI has one app."""
    style, keys = ((_FOLDER / name).read_text("utf-8") for name in ("style.css", "keys.js"))
    colors = Colors()
    for view in _VIEWS:
        _register(view, queries, colors, style, f"<script>{keys}</script>")
    # Quasar's bar for requests in flight has no name for screen readers, and moves for what nobody asked.
    nicegui_app.config.quasar_config["loadingBar"]["skipHijack"] = True
    ui.run_with(
        app, title="Pay-i local", show_welcome_message=False, tailwind=False, dark=None, language="en-US"
    )


def _register(view: View, queries: Queries, colors: Colors, style: str, script: str) -> None:
    @ui.page(view.path, title=f"{view.title} · Pay-i local", response_timeout=30)
    async def page(request: Request) -> None:
        ui.add_css(style)
        ui.add_body_html(script)
        await show_page(view, _MENU, request, queries, colors)
