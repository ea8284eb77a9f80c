"""Limits on the page: a bar that ends where the limit is, and words with every figure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("nicegui", reason="the extra serve is not installed")

from payi_transport.serve.page.budgets import BUDGETS
from payi_transport.serve.views import Budget
from tests.serve.events import DAY, NOON
from tests.serve.page.rendering import Shown, make_client, make_page

USUAL: dict[str, Any] = {
    "limit_id": "L",
    "name": "Pilot",
    "type": "allow",
    "max": Decimal(10),
    "threshold": Decimal("0.8"),
    "spent": Decimal(4),
    "state": "ok",
    "calls": {"ok": 3},
    "created": NOON - 9 * DAY,
    "reset": None,
    "pace": Decimal("1.5"),
    "full_at": None,
}


def look(*budgets: Budget) -> Shown:
    client = make_client()
    with client:
        BUDGETS.show(make_page("/budgets", NOON + timedelta(hours=1)), list(budgets))
    return Shown(client.content)


def test_a_limit_has_its_figures_in_words() -> None:
    shown = look(Budget(**USUAL))
    assert shown.texts[0].startswith("p.note: These are limits, which programs make through Pay-i's API.")
    assert shown.texts[1:] == [
        "h2: Pilot",
        "span: $4.00 of $10.00 (40.0%), state ",
        "span: ok",
        "span: . Blocks calls: no.",
        "p.note: $1.50 per day over the last seven days.",
        "p.note: Counted since Mar 1, 2026.",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "block"}, "span: . Blocks calls: yes."),
        ({"state": "exceeded"}, "span.warn: exceeded"),
        ({"state": "overrun"}, "span.bad: overrun"),
        ({"state": "blocked"}, "span.bad: blocked"),
        ({"state": "another"}, "span: another"),
        ({"max": Decimal(0)}, "span: $4.00 of $0 (—), state "),
        (
            {"full_at": NOON + 10 * DAY},
            "p.note: $1.50 per day over the last seven days. At this pace, it runs out around Mar 20, 2026.",
        ),
        ({"reset": NOON - 2 * DAY}, "p.note: Counted since Mar 8, 2026."),
        (
            {"unpriced": 2},
            "p.note: Counted since Mar 1, 2026. It lacks the price of 2 calls of the last seven days.",
        ),
    ],
    ids=str,
)
def test_what_is_special_about_a_limit_is_said(changes: dict[str, Any], words: str) -> None:
    assert words in look(Budget(**{**USUAL, **changes})).texts


@pytest.mark.parametrize(
    ("spent", "most", "state", "width", "mark"),
    [
        ("0", "10", "ok", "0.0%", "100.0%"),
        ("4", "10", "ok", "40.0%", "100.0%"),
        ("10", "10", "exceeded", "100.0%", "100.0%"),
        # What is over the limit goes on behind its mark.
        ("20", "10", "overrun", "100.0%", "50.0%"),
        ("4", "0", "overrun", "100.0%", "100.0%"),
    ],
)
def test_a_bar_has_a_mark_where_the_limit_is(
    spent: str, most: str, state: str, width: str, mark: str
) -> None:
    shown = look(Budget(**{**USUAL, "spent": Decimal(spent), "max": Decimal(most), "state": state}))
    [bar] = [each for each in shown.find("div") if "limit" in each.classes]
    part, end = bar.default_slot.children
    assert part.style["width"] == width
    assert list(part.classes) == {"exceeded": ["warn"], "overrun": ["bad"]}.get(state, [])
    assert end.style["left"] == f"calc({mark} - 2px)"
    assert bar.props["role"] == "img"
    most_words = "$0" if most == "0" else f"${most}.00"
    assert bar.props["aria-label"].endswith(f" of {most_words}")


def test_without_limits_the_page_says_how_to_make_one() -> None:
    shown = look()
    assert shown.texts[1:] == [
        "p.empty: No limits. Make one with the client: Payi().limits.create(limit_name=..., max=100)."
    ]
    assert (BUDGETS.has_span, BUDGETS.in_menu) == (False, True)
