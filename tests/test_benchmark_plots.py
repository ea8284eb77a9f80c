"""What is drawn of a run is in proportion to its numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, fromstring

import pytest

from benchmarks.plot import draw
from benchmarks.samples import Row, tell_size
from benchmarks.svg import list_ticks, tell_short

_SVG = "{http://www.w3.org/2000/svg}"
_PLAIN, _WITHIN, _MISSED = "#4c78a8", "#2f9e6e", "#d9534f"


def _parse(rows: Sequence[Row]) -> Element:
    return fromstring(draw(rows))  # noqa: S314 (our own)


def _list_bars(picture: Element) -> list[tuple[str, float, float]]:
    """Colour, left edge and width of each; those of the legend and the background are first."""
    boxes = [box.attrib for box in picture.iter(f"{_SVG}rect")]
    return [
        (box["fill"], float(box["x"]), float(box["width"])) for box in boxes if box.get("height") == "12.0"
    ]


def _list_texts(picture: Element) -> list[str]:
    return [text.text or "" for text in picture.iter(f"{_SVG}text")]


def test_bars_of_a_unit_are_as_long_as_their_medians_and_coloured_by_their_budgets() -> None:
    rows = [
        Row("unary / a", "µs", 9.0, 10.0, 11.0, 50.0, 20.0),
        Row("unary / b", "µs", 29.0, 30.0, 41.0, 50.0, 20.0),
        Row("unary / c", "µs", -12.0, -10.0, 2.0, 50.0),
    ]
    *legend, within, missed, below = _list_bars(_parse(rows))
    assert [colour for colour, *_ in legend] == [_PLAIN, _WITHIN, _MISSED]
    assert [within[0], missed[0], below[0]] == [_WITHIN, _MISSED, _PLAIN]
    assert missed[2] == pytest.approx(3 * within[2], abs=0.2)
    assert below[1] + below[2] == pytest.approx(within[1], abs=0.2)


def test_every_block_names_its_cases_units_and_numbers() -> None:
    rows = [
        Row(f"{block} / case", unit, 1.0, 2.0, 3.0, bare)
        for block, bare in (("added", 9.0), ("itself", None))
        for unit in ("µs", "events a second", "bytes")
    ]
    texts = _list_texts(_parse(rows))
    # Three units are more than there is room for side by side.
    assert texts.count("added") == texts.count("itself") == 2
    assert texts.count("case") == 4
    assert texts.count("+2.00") == texts.count("2.00") == 3
    assert texts.count("events a second") == 2
    assert "no budget" in texts and "within budget" not in texts


def test_a_case_of_one_name_is_its_own_label() -> None:
    assert _list_texts(_parse([Row("alone", "µs", 1.0, 2.0, 3.0)])).count("alone") == 2


def test_nothing_is_drawn_outside_of_the_picture() -> None:
    rows = [Row(f"a / {number}", "µs", -number, number, 3.0 * number, 1.0, number) for number in range(9)]
    picture = _parse(rows)
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    for element in picture.iter(f"{_SVG}text"):
        assert 0 <= float(element.attrib["x"]) <= width and 0 <= float(element.attrib["y"]) <= height
    for element in picture.iter(f"{_SVG}path"):
        assert all(0 <= float(x) <= width for x in re.findall(r"[ML]([\d.-]+) ", element.attrib["d"]))


@pytest.mark.parametrize(("costs", "rises"), [((5.0, 5.0, 5.0), 0.0), ((1.0, 10.0, 100.0), 1.0)])
def test_a_curve_rises_by_the_power_of_the_growth(costs: tuple[float, ...], rises: float) -> None:
    rows = [
        Row("chunks / record", tell_size(size), cost, cost, cost)
        for size, cost in zip((1, 10, 100), costs, strict=True)
    ]
    bounds = Row("chunks / record", "power of the size", 0.0, 0.0, 0.0, None, 1.15)
    picture = _parse([*rows, bounds])
    (curve,) = picture.iter(f"{_SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in curve.attrib["points"].split()]
    (left, bottom), (right, top) = points[0], points[-1]
    assert (bottom - top) / (right - left) == pytest.approx(rises)
    assert "power of the size" not in _list_texts(picture)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 10.0, [0, 2, 4, 6, 8, 10]),
        (-7.0, 12.0, [-5, 0, 5, 10]),
        (0.0, 1_300.0, [0, 500, 1_000]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert list_ticks(low, high, 5) == ticks


def test_large_numbers_are_told_short() -> None:
    assert [tell_short(value) for value in (0, 0.5, 999, 20_000, -1_500, 1e6)] == [
        "0", "0.5", "999", "20k", "-1.5k", "1M",
    ]  # fmt: skip
