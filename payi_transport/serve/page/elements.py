"""The parts that every view is made of: texts, links, tables, and figures.

All text goes through text elements, never through HTML, because names and prompts come from other programs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

__all__ = ["Cell", "Column", "empty", "figure", "note", "section", "table", "text"]


class Column(NamedTuple):
    """A column of a table. Numbers are aligned to the right."""

    title: str
    is_number: bool = True


class Cell(NamedTuple):
    """A cell: its text, its exact value on hover and in exports, where it leads, and the share of its bar."""

    text: str
    exact: str = ""
    link: str = ""
    bar: float | None = None
    color: str = ""
    mark: str = ""


def text(tag: str, content: str, classes: str = "") -> TextElement:
    """Show a text in an element of this kind."""
    return TextElement(tag=tag, text=content).classes(classes)


def note(content: str) -> None:
    """Show a remark in smaller letters."""
    text("p", content, "note")


def section(title: str, link: str = "", link_title: str = "") -> ui.element:
    """Return a section with its heading. What is made inside `with` belongs to it."""
    made = ui.element("section")
    with made, ui.element("div").classes("head"):
        text("h2", title)
        if link:
            ui.link(link_title, link).classes("more")
    return made


def figure(title: str, value: str, exact: str, change: str, *, is_bad: bool = False) -> None:
    """Show one number with its change against the period before."""
    with ui.element("div").classes("figure"):
        text("div", title, "label")
        text("div", value, "value").props["title"] = exact
        text("div", change, "change bad" if is_bad else "change")


def table(name: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], caption: str) -> None:
    """Show a table and a button that saves it as `name`.csv. The caption is for screen readers."""
    with ui.element("div").classes("scroll") as box, ui.element("table"):
        # What scrolls has to be reachable by keyboard, and to say what it is.
        box.props["role"], box.props["tabindex"], box.props["aria-label"] = "group", "0", caption
        text("caption", caption)
        with ui.element("thead"), ui.element("tr"):
            for column in columns:
                text("th", column.title, "number" if column.is_number else "").props("scope=col")
        with ui.element("tbody"):
            for row in rows:
                with ui.element("tr"):
                    for column, cell in zip(columns, row, strict=True):
                        _show_cell(column, cell)
    content = to_csv(columns, rows)
    button = text("button", "CSV", "csv")
    button.props["type"], button.props["aria-label"] = "button", f"Download as CSV: {caption}"
    button.on("click", lambda: ui.download.content(content, f"{name}.csv", "text/csv"), args=[])


def _show_cell(column: Column, cell: Cell) -> None:
    with ui.element("td").classes("number" if column.is_number else "name") as made:
        if cell.exact and cell.exact != cell.text:
            made.props["title"] = cell.exact
        if cell.color:
            ui.element("span").classes("swatch").style(f"background:{cell.color}")
        if cell.link:
            ui.link(cell.text, cell.link)
        else:
            text("span", cell.text, cell.mark)
        if cell.bar is not None:
            with ui.element("div").classes("bar").props("aria-hidden=true"):
                ui.element("div").style(
                    f"width:{100 * cell.bar:.1f}%;background:{cell.color or 'var(--accent)'}"
                )


def to_csv(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table as CSV, with exact values. Nothing in it is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.title for column in columns])
    for row in rows:
        writer.writerow([_defuse(cell.exact or cell.text) for cell in row])
    return out.getvalue()


def _defuse(value: str) -> str:
    # https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def empty(message: str) -> None:
    """Say that there is nothing to show, and why."""
    text("p", message, "empty")
