"""Which exchanges a call of an SDK has begun: those of its own block, as long as it lasts."""

from __future__ import annotations

import gc
from contextvars import copy_context

from payi_transport.exchange import Exchange
from payi_transport.feedback.begun import collect_begun, note_begun
from tests.test_exchange import Pushed


def make() -> Exchange:
    return Pushed().make()


def test_what_is_begun_in_a_block_is_collected_in_order() -> None:
    before, first, second, after = (make() for _ in range(4))
    note_begun(before)
    with collect_begun() as begun:
        note_begun(first)
        copy_context().run(note_begun, second)
    note_begun(after)
    assert begun == [first, second]
    assert [exchange.collected for exchange in (before, first, second, after)] == [False, True, True, False]


def test_of_two_blocks_the_inner_one_has_it() -> None:
    mine, inner, again = (make() for _ in range(3))
    with collect_begun() as begun:
        note_begun(mine)
        with collect_begun() as nested:
            note_begun(inner)
        note_begun(again)
    assert (begun, nested) == ([mine, again], [inner])


def test_a_context_that_lives_on_holds_nothing_and_collects_nothing() -> None:
    with collect_begun() as begun:
        note_begun(make())
        context = copy_context()
    context.run(note_begun, make())
    assert len(begun) == 1
    # No longer held by what the context has.
    assert not [part for part in gc.get_referrers(begun) if isinstance(part, list)]
