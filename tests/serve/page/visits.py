"""A look at a view in each of the ways that a reader may: wide and on a phone, light and dark."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, expect

__all__ = ["VIEWS", "Look", "save", "visit", "wait_until_fit"]

VIEWS = ["/", "/breakdown?by=model", "/calls", "/calls/6", "/runs", "/budgets", "/health"]
_WIDTHS = (1440, 390)
_SCHEMES = ("light", "dark")


class Look(NamedTuple):
    """How wide a window is, and which mode its reader prefers."""

    width: int
    scheme: str


def visit(page: Page, url: str) -> Iterator[Look]:
    """Open a view, and yield each look once the page has it."""
    page.goto(url)
    expect(page.locator("h1")).to_be_visible(timeout=30_000)
    for width in _WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            yield Look(width, scheme)


def wait_until_fit(page: Page, look: Look) -> None:
    """Wait until nothing is wider than the window. Charts follow a new width a moment later."""
    page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=look.width)


def save(page: Page, name: str, look: Look) -> None:
    """Save a picture of a page into the folder that PAYI_SCREENSHOTS names, if it is set."""
    folder = os.environ.get("PAYI_SCREENSHOTS")
    if folder:
        plain = re.sub(r"\W+", "-", name).strip("-")
        page.screenshot(path=Path(folder) / f"{plain}-{look.width}-{look.scheme}.png", full_page=True)
