"""Which exchanges a call of an SDK has begun: those of its own block, as long as it lasts."""

from __future__ import annotations

import gc
from contextvars import copy_context

from payi_transport.capture.attempts import collect_attempts, note_attempt
from payi_transport.capture.exchange import Exchange
from tests.capture.test_exchange import Pushed


def make() -> Exchange:
    return Pushed().make()


def test_what_is_begun_in_a_block_is_collected_in_order() -> None:
    before, first, second, after = (make() for _ in range(4))
    note_attempt(before)
    with collect_attempts() as begun:
        note_attempt(first)
        copy_context().run(note_attempt, second)
    note_attempt(after)
    assert begun == [first, second]
    assert [exchange.collected for exchange in (before, first, second, after)] == [False, True, True, False]


def test_of_two_blocks_the_inner_one_has_it() -> None:
    mine, inner, again = (make() for _ in range(3))
    with collect_attempts() as begun:
        note_attempt(mine)
        with collect_attempts() as nested:
            note_attempt(inner)
        note_attempt(again)
    assert (begun, nested) == ([mine, again], [inner])


def test_a_context_that_lives_on_holds_nothing_and_collects_nothing() -> None:
    with collect_attempts() as begun:
        note_attempt(make())
        context = copy_context()
    context.run(note_attempt, make())
    assert len(begun) == 1
    # No longer held by what the context has.
    assert not [part for part in gc.get_referrers(begun) if isinstance(part, list)]
