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

from payi_transport.serve.page import formats

__all__ = ["Cell", "Column", "empty", "figure", "link", "note", "section", "table", "text"]


class Column(NamedTuple):
    """A column of a table. Numbers are aligned to the right. On a phone, minor ones are left out."""

    title: str
    is_number: bool = True
    wraps: bool = True
    is_minor: bool = False

    @property
    def classes(self) -> str:
        """The classes of its cells."""
        names = {"number": self.is_number, "name": not self.is_number, "short": not self.wraps}
        return " ".join(name for name, is_on in (names | {"minor": self.is_minor}).items() if is_on)


class Cell(NamedTuple):
    """A cell: its text, its exact value for exports, where it leads, and the share of its bar.

    `hint` is shown on hover, the exact value if there is none.
    """

    text: str
    exact: str = ""
    link: str = ""
    bar: float | None = None
    color: str = ""
    mark: str = ""
    hint: str = ""


def text(tag: str, content: str, classes: str = "") -> TextElement:
    """Show a text in an element of this kind."""
    return TextElement(tag=tag, text=content).classes(classes)


def link(content: str, target: str, classes: str = "") -> TextElement:
    """Show a link. The target is an address of this page."""
    made = text("a", content, classes)
    made.props["href"] = target
    return made


def note(content: str) -> None:
    """Show a remark in smaller letters."""
    text("p", content, "note")


def section(title: str, target: str = "", target_title: str = "") -> ui.element:
    """Return a section with its heading. What is made inside `with` belongs to it."""
    made = ui.element("section")
    with made, ui.element("div").classes("head"):
        text("h2", title)
        if target:
            link(target_title, target, "more")
    return made


def figure(title: str, value: str, exact: str, change: str, *, is_bad: bool = False) -> None:
    """Show one number with its change against the period before."""
    with ui.element("div").classes("figure"):
        text("div", title, "label")
        text("div", value, "value").props["title"] = exact
        text("div", change, "change bad" if is_bad else "change")


def table(
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    caption: str,
    *,
    is_wide: bool = False,
) -> None:
    """Show a table and a button that saves it as `name`.csv. The caption is for screen readers.

    A wide one is a list of cards on a phone, each with the titles of its figures.
    """
    with ui.element("div").classes("scroll") as box, ui.element("table") as made:
        made.classes("wide" if is_wide else "")
        # Browsers forget that what is laid out as cards is a table, so all roles are written down.
        made.props["role"] = "table"
        # What scrolls has to be reachable by keyboard, and to say what it is.
        box.props["role"], box.props["tabindex"], box.props["aria-label"] = "group", "0", caption
        text("caption", caption)
        with _part("thead", "rowgroup"), _part("tr", "row"):
            for column in columns:
                title = text("th", column.title, column.classes)
                title.props["scope"], title.props["role"] = "col", "columnheader"
        with _part("tbody", "rowgroup"):
            for row in rows:
                with _part("tr", "row"):
                    for column, cell in zip(columns, row, strict=True):
                        _show_cell(column, cell)
    content = to_csv(columns, rows)
    button = text("button", "Download as CSV", "csv")
    button.props["type"], button.props["aria-label"] = "button", f"Download as CSV: {caption}"
    button.on("click", lambda: ui.download.content(content, f"{name}.csv", "text/csv"), args=[])


def _part(tag: str, role: str) -> ui.element:
    made = ui.element(tag)
    made.props["role"] = role
    return made


def _show_cell(column: Column, cell: Cell) -> None:
    shown = formats.name(cell.text)
    with _part("td", "cell").classes(column.classes) as made:
        made.props["data-label"] = column.title
        hint = cell.hint or cell.exact or cell.text
        if hint != shown:
            made.props["title"] = hint
        if cell.color:
            ui.element("span").classes(f"swatch {cell.color}")
        if cell.link:
            link(shown, cell.link, cell.mark)
        else:
            text("span", shown, cell.mark)
        if cell.bar is not None:
            with ui.element("div").classes("bar").props("aria-hidden=true"):
                ui.element("div").style(f"width:{100 * cell.bar:.1f}%")


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
