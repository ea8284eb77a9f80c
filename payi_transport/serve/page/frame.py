"""What every view has around it: the navigation, the choices of what to show, and live updates.

A view is loaded in a thread, because SQLite blocks, and shown when all its numbers are there. Until then, the
old numbers stay. New calls change numbers in place, and what the reader has unfolded stays open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, NamedTuple

from anyio.to_thread import run_sync
from fastapi import Request
from nicegui import ui

from payi_transport.serve.faults import Refusal
from payi_transport.serve.page import formats
from payi_transport.serve.page.address import DIMENSION_NAMES, FILTER_NAMES, SPANS, Address
from payi_transport.serve.page.charts import Colors
from payi_transport.serve.page.elements import empty, link, note, text
from payi_transport.serve.queries import Queries
from payi_transport.serve.views import Span, State

__all__ = ["NOTHING", "Page", "View", "show_page", "show_pages"]

# How often to look whether calls have arrived. Seconds.
_EVERY = 1.0
_FIRST_CALL = """export PAYI_BASE_URL={url} PAYI_API_KEY=local
payi-transport run -- python your_program.py
# or, in code: from payi_transport import payi_instrument; payi_instrument()"""


class Page(NamedTuple):
    """What a view is shown for. `opened` has the parts that the reader has unfolded, across updates."""

    address: Address
    span: Span
    colors: Colors
    opened: set[str]

    def time(self, moment: datetime) -> str:
        """Return a moment in the zone of the page."""
        return formats.time(moment, self.address.time_zone())

    def moment(self, moment: datetime) -> str:
        """Return a moment for a list, in few characters."""
        return formats.recent(moment, self.address.time_zone(), self.span.end)

    def date(self, moment: datetime) -> str:
        """Return the day of a moment."""
        return formats.date(moment, self.address.time_zone())


class View(NamedTuple):
    """One screen. `load` asks the store, on a thread, and `show` makes the elements.

    Where `load` returns None, there is nothing at the address: the status is 404.

    `has_span`, `has_dimension`, and `has_filters` say which choices it offers. `title_of` returns a title
    that depends on what was loaded.
    """

    path: str
    title: str
    load: Callable[[Queries, Page], Any]
    show: Callable[[Page, Any], None]
    in_menu: bool = True
    has_span: bool = True
    has_dimension: bool = False
    has_filters: bool = False
    title_of: Callable[[Page, Any], str] | None = None


class _SearchField(ui.element, component="search.js"):
    """A search field. It emits "typed" and "chosen", both with its text."""


async def show_page(view: View, menu: list[View], request: Request, queries: Queries, colors: Colors) -> None:
    """Build a view, and keep it up to date while a browser shows it."""
    address = Address.read(request.url.path, request.query_params)
    client = ui.context.client
    # Above NiceGUI's <main>, which has the rest.
    with client.layout, ui.element("div") as top:
        link("Skip to the numbers", "#numbers", "skip")
        _show_menu(menu, address)
        if view.has_span:
            _show_choices(view, address, queries)
    top.move(target_index=0)
    with ui.element("div").props("id=numbers tabindex=-1") as main:
        heading = text("h1", view.title)
        body = ui.element("div")
    seen, opened = -1, set[str]()

    async def update() -> None:
        nonlocal seen
        state = await run_sync(queries.state)
        if state.revision == seen:
            return
        seen = state.revision
        page = Page(address, address.span(datetime.now(timezone.utc)), colors, opened)
        try:
            loaded = await run_sync(view.load, queries, page)
        except Refusal as refusal:
            body.clear()
            with body:
                empty(f"Can't show this: {refusal}. Choose something else above.")
            return
        # The status, which is sent after this, as the title of the document is.
        client.status_code = 404 if loaded is None else 200
        if view.title_of is not None:
            heading.text = view.title_of(page, loaded)
            client.title = f"{heading.text} · Pay-i local"
        body.clear()
        with body:
            if state.calls == 0:
                _show_first_call(str(request.base_url).rstrip("/"))
            else:
                view.show(page, loaded)
                if view.has_span:
                    _show_span(page, state)

    with main:
        ui.timer(_EVERY, update, immediate=False)
    await update()


def _show_menu(menu: list[View], address: Address) -> None:
    with ui.element("header").classes("bar-top"), ui.element("nav").props('aria-label="Views"'):
        text("span", "Pay-i local", "brand")
        for view in menu:
            choice = link(view.title, address.link(view.path))
            if view.path == address.path:
                choice.classes("here").props("aria-current=page")
            elif view.path != "/" and address.path.startswith(view.path):
                choice.classes("here").props("aria-current=true")


def _show_choices(view: View, address: Address, queries: Queries) -> None:
    with ui.element("div").classes("choices"):
        _show_group(
            "Last",
            [
                (words, address.link(span_name=name), name == address.span_name)
                for name, (_, words) in SPANS.items()
            ],
        )
        if view.has_dimension:
            _show_group(
                "By",
                [
                    (title, address.link(by=name), name == address.by)
                    for name, title in DIMENSION_NAMES.items()
                ],
            )
        if view.has_filters:
            _show_filters(address, queries)


def _show_group(title: str, links: list[tuple[str, str, bool]]) -> None:
    with ui.element("div").classes("group").props(f'role=group aria-label="{title}"'):
        text("span", title, "label")
        for words, target, is_chosen in links:
            choice = link(words, target)
            if is_chosen:
                choice.classes("here").props("aria-current=true")


def _show_filters(address: Address, queries: Queries) -> None:
    with ui.element("div").classes("group"):
        for name, value in address.active_filters().items():
            shown = name if value is True else f"{FILTER_NAMES[name]}: {value if value != '' else 'none'}"
            nothing: Any = False if value is True else None
            chip = link(f"{shown} ✕", address.link(**{name: nothing}), "chip")
            chip.props["aria-label"] = f"Remove the filter {shown}"
        if address.by not in ("tag", "limit"):
            _show_search(address, queries)


def _show_search(address: Address, queries: Queries) -> None:
    what = DIMENSION_NAMES[address.by].lower()
    field = _SearchField().props(
        f'list=names placeholder="Filter by {what}   /" aria-label="Filter by {what}"'
    )
    options = ui.element("datalist").props("id=names")

    async def complete(event: Any) -> None:
        names = await run_sync(queries.names, address.by, str(event.args))
        options.clear()
        with options:
            for name in names:
                ui.element("option").props["value"] = name

    async def choose(event: Any) -> None:
        names = await run_sync(queries.names, address.by, str(event.args))
        if names:
            ui.navigate.to(address.link(**{address.by: event.args if event.args in names else names[0]}))
        else:
            ui.notify(f"No {what} contains {event.args!r}")

    field.on("typed", complete, throttle=0.2)
    field.on("chosen", choose)


def show_pages(page: Page, cursor: str | None) -> None:
    """Show links to the other pages of a list; `cursor` is that of the next one."""
    with ui.element("nav").classes("pages").props('aria-label="Pages"'):
        if page.address.cursor:
            link("First page", page.address.link())
        if cursor:
            link("Next", page.address.link(cursor=cursor))


def _show_first_call(url: str) -> None:
    empty("No calls yet. Run these lines, and the first call appears here within a second.")
    text("pre", _FIRST_CALL.format(url=url))


def _show_span(page: Page, state: State) -> None:
    zone = page.address.time_zone()
    start, end = (formats.minute(moment, zone) for moment in (page.span.start, page.span.end))
    words = f"From {start} to {end} ({page.address.zone_name})."
    if state.since is not None and state.since > page.span.start:
        words += f" The first call was at {formats.minute(state.since, zone)}."
    note(f"{words} Costs are estimates from price lists, unless a call's page says otherwise.")


def _say_nothing(page: Page, loaded: Any) -> None:
    empty("There is nothing at this address. Choose a view above.")


# For every other path: NiceGUI's own page needs scripts that the policy forbids.
NOTHING = View("/{path:path}", "Not found", lambda queries, page: None, _say_nothing, False, has_span=False)
