"""Views without a browser: the elements that the server would send, as texts that tests compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from nicegui import Client, ui
from nicegui.page import page

from payi_transport.serve.page.address import Address
from payi_transport.serve.page.charts import Colors
from payi_transport.serve.page.frame import Page, View
from payi_transport.serve.queries import Queries

__all__ = ["Shown", "make_client", "make_page", "show"]


def make_client() -> Client:
    """Return a browser's side of a page, which is no browser's."""
    return Client(page("/rendered"), request=None)


def make_page(path: str, now: datetime, **query: str) -> Page:
    """Return what a view is shown for at an address."""
    address = Address.read(path, {"zone": "UTC", **query})
    return Page(address, address.span(now), Colors(), set())


def show(view: View, queries: Queries, made: Page) -> Shown:
    """Load a view, and return what it shows."""
    client = make_client()
    loaded = view.load(queries, made)
    with client:
        view.show(made, loaded)
    return Shown(client.content)


class Shown:
    """An element with all that is below it."""

    def __init__(self, root: ui.element) -> None:
        self.root = root

    @property
    def texts(self) -> list[str]:
        """Each text outside of tables after the kind of its element: `p.note: No limits.`."""
        return [f"{_kind_of(each)}: {text}" for each, text in self._find_texts() if each.tag != "button"]

    def _find_texts(self) -> Iterator[tuple[ui.element, str]]:
        for each in _walk(self.root, into_tables=False):
            text = getattr(each, "text", "")
            if text:
                yield each, text

    @property
    def links(self) -> dict[str, str]:
        """Where the links outside of tables lead, by their texts."""
        return {text: each.props["href"] for each, text in self._find_texts() if each.tag == "a"}

    @property
    def tables(self) -> dict[str, list[list[str]]]:
        """The cells of each table by its caption. The first row has the titles of its columns."""
        found: dict[str, list[list[str]]] = {}
        for each in self.find("table"):
            parts = list(_walk(each))
            [caption] = [part.text for part in parts if part.tag == "caption"]  # type: ignore[attr-defined]
            rows = [part for part in parts if part.tag == "tr"]
            found[caption] = [[_describe_cell(cell) for cell in _children(row)] for row in rows]
        return found

    def find(self, tag: str) -> list[ui.element]:
        """Return all elements of a kind."""
        return [each for each in _walk(self.root) if each.tag == tag]

    def props(self, tag: str) -> list[Mapping[str, Any]]:
        """Return the properties of all elements of a kind."""
        return [dict(each.props) for each in self.find(tag)]


def _children(element: ui.element) -> Iterator[ui.element]:
    for slot in element.slots.values():
        yield from slot.children


def _walk(element: ui.element, *, into_tables: bool = True) -> Iterator[ui.element]:
    yield element
    if into_tables or element.tag != "table":
        for child in _children(element):
            yield from _walk(child, into_tables=into_tables)


def _kind_of(element: ui.element) -> str:
    return ".".join([element.tag, *element.classes])


def _describe_cell(cell: ui.element) -> str:
    """Return a cell as its text, and what else there is: [hint], →link, (marks), the width of its bar."""
    words = [getattr(cell, "text", "") or ""]
    if "title" in cell.props:
        words.append(f"[{cell.props['title']}]")
    for part in list(_walk(cell))[1:]:
        text = getattr(part, "text", "") or ""
        if "swatch" in part.classes:
            words.append(f"({' '.join(part.classes)})")
        elif text:
            words[0] = text
            words += [f"→{part.props['href']}"] if part.tag == "a" else []
            words += [f"({' '.join(part.classes)})"] if part.classes else []
        elif "width" in part.style:
            words.append(part.style["width"])
    return " ".join(filter(None, words))
