"""Times that are known approximately look so, in exports too."""

from __future__ import annotations

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.elements import Cell
from payi_transport.serve.page.health import _about


@pytest.mark.parametrize(
    ("ms", "expected"),
    [
        (None, Cell("—")),
        (1, Cell("1 ms", "1", hint="about 1 ms")),
        (850, Cell("850 ms", "850", hint="about 850 ms")),
        (3299, Cell("3.3 s", "3300", hint="about 3.3 s")),
        (11427357, Cell("3.2 h", "11400000", hint="about 3.2 h")),
    ],
)
def test_a_time_has_three_digits_at_most(ms: int | None, expected: Cell) -> None:
    assert _about(ms) == expected
