"""What is drawn of a run is in proportion to its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from benchmarks.__main__ import main
from benchmarks.plot import draw, save
from benchmarks.samples import Row, tell_size

_PLAIN, _WITHIN, _MISSED = "#4c78a8", "#2f9e6e", "#d9534f"


def _list_bars(axes: Axes) -> list[tuple[str, float]]:
    """Colour and length of each."""
    patches: Any = axes.patches
    return [(to_hex(bar.get_facecolor()), bar.get_width()) for bar in patches]


def _list_curves(axes: Axes) -> list[list[float]]:
    """The heights of each."""
    heights: list[Any] = [line.get_ydata() for line in axes.get_lines()]
    return list(map(list, heights))


def _list_legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_bars_of_a_unit_are_as_long_as_their_medians_and_coloured_by_their_budgets() -> None:
    rows = [
        Row("unary / a", "µs", 9.0, 10.0, 11.0, 50.0, 20.0),
        Row("unary / b", "µs", 29.0, 30.0, 41.0, 50.0, 20.0),
        Row("unary / c", "µs", -12.0, -10.0, 2.0, 50.0),
    ]
    figure = draw(rows)
    (axes,) = figure.axes
    assert _list_bars(axes) == [(_WITHIN, 10.0), (_MISSED, 30.0), (_PLAIN, -10.0)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert [text.get_text() for text in axes.texts] == ["+10.0", "+30.0", "-10.0"]
    assert _list_legend(figure) == ["no budget", "within budget", "budget missed", "quartiles", "budget"]


def test_each_unit_of_each_first_name_has_a_field() -> None:
    rows = [
        Row(f"{block} / case", unit, 1.0, 2.0, 3.0, bare)
        for block, bare in (("added", 9.0), ("itself", None))
        for unit in ("µs", "bytes")
    ]
    figure = draw(rows)
    assert [axes.get_title("left") for axes in figure.axes] == [
        "added: µs, added to the same without recording",
        "added: bytes, added to the same without recording",
        "itself: µs",
        "itself: bytes",
    ]
    assert _list_legend(figure) == ["quartiles"]


def test_a_case_of_one_name_is_its_own_label() -> None:
    (axes,) = draw([Row("alone", "µs", 1.0, 2.0, 3.0)]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["alone"]


def test_rows_of_several_sizes_are_curves_beside_the_line_of_linear_growth() -> None:
    rows = [
        Row(f"chunks / {name}", tell_size(size), cost, cost, 2 * cost)
        for name, costs in (("record", (5.0, 5.0, 0.0)), ("decode", (1.0, 10.0, 100.0)))
        for size, cost in zip((1, 10, 100), costs, strict=True)
    ]
    bounds = Row("chunks / record", "power of the size", 0.0, 0.0, 0.0, None, 1.15)
    shown = [axes for axes in draw([*rows, bounds]).axes if axes.axison]
    assert [axes.get_title() for axes in shown] == ["chunks / record", "chunks / decode"]
    assert list(map(_list_curves, shown)) == [
        [[5.0, 5.0, 0.001], [5.0, 50.0, 500.0]],
        [[1.0, 10.0, 100.0], [1.0, 10.0, 100.0]],
    ]


@pytest.mark.parametrize(("suffix", "begins"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_the_format_is_that_of_the_files_name(suffix: str, begins: bytes, tmp_path: Path) -> None:
    file = tmp_path / f"picture{suffix}"
    save([Row("alone", "µs", 1.0, 2.0, 3.0)], file)
    assert file.read_bytes().startswith(begins)


def test_the_words_of_an_svg_can_be_searched(tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"
    save([Row("alone", "µs", 1.0, 2.0, 3.0)], file)
    assert "alone" in "".join(ElementTree.parse(file).getroot().itertext())  # noqa: S314 (our own)


def test_another_format_is_refused_before_anything_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--plot", "picture.txt"])
    assert "'picture.txt': a picture is a file with one of the endings .png, .svg" in capsys.readouterr().err
