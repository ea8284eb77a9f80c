"""A value in a table leads to its breakdown, and from there to its calls."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.address import Address
from payi_transport.serve.page.charts import Colors
from payi_transport.serve.page.elements import Cell
from payi_transport.serve.page.frame import Page
from payi_transport.serve.page.ranking import _link, _name
from payi_transport.serve.views import Dimension, Filters, Group, Sums
from tests.serve.events import span


@pytest.mark.parametrize(
    ("dimension", "path", "filters", "link"),
    [
        ("use_case", "/", Filters(), "/breakdown?by=model&use_case=x"),
        ("model", "/", Filters(), "/breakdown?model=x"),
        ("use_case", "/", Filters(account="a"), "/breakdown?by=model&use_case=x&account=a"),
        ("use_case", "/", Filters(account="a", failed=True), "/calls?use_case=x&account=a&failed=1"),
        ("use_case", "/", Filters(use_case="y"), "/calls?use_case=x"),
        ("use_case", "/breakdown", Filters(), "/calls?use_case=x"),
        ("tag", "/", Filters(), "/calls?tag=x"),
        ("limit", "/", Filters(), "/budgets"),
    ],
)
def test_a_value_leads_to_what_is_asked_next(
    dimension: Dimension, path: str, filters: Filters, link: str
) -> None:
    page = Page(Address(path=path, filters=filters), span(), Colors(), set())
    assert _link(page, dimension, Group("x", Sums())) == link


@pytest.mark.parametrize(
    ("name", "colors", "text", "color"),
    [
        ("x", {"x": "c1"}, "x", "c1"),
        ("x", {}, "x", "other"),
        ("", {"x": "c1"}, "none", "none"),
        ("x", None, "x", ""),
    ],
)
def test_a_value_has_the_color_of_its_line_in_the_chart(
    name: str, colors: Mapping[str, str] | None, text: str, color: str
) -> None:
    page = Page(Address(), span(), Colors(), set())
    link = "/breakdown?by=model&use_case=" + name
    assert _name(page, "use_case", Group(name, Sums()), colors) == Cell(text, color=color, link=link)
