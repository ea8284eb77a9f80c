"""Background work: whoever fetches its end, the event is that of the call that began it."""

from __future__ import annotations

import pytest

from payi_transport.reading.decode import Pending
from payi_transport.reading.origins import Origins
from payi_transport.scopes.frame import Frame
from tests.exchanges import make_exchange
from tests.wire_cases import by_name

BEGUN = make_exchange(by_name["openai/chat_unary"], context=Frame(user_id="beginner"), log_content=False)
FETCHED = make_exchange(by_name["openai/responses_fetched_again"], context=Frame(user_id="fetcher"))


def test_what_is_fetched_is_completed_by_the_call_that_began_it() -> None:
    origins = Origins()
    origins.keep(Pending("r", "gpt"), BEGUN)
    for _ in range(2):
        call = origins.complete("r", FETCHED)
        assert (call.context, call.log_content) == (BEGUN.context, False)
        assert (call.timestamp, call.started) == (BEGUN.timestamp, BEGUN.started)
        assert (call.route.uri, call.route.resource) == (BEGUN.route.uri, "gpt")
        assert (call.chunks, call.ended) == (FETCHED.chunks, FETCHED.ended)
        assert call.route.operation == FETCHED.route.operation


@pytest.mark.parametrize("response_id", ["another", "", None])
def test_what_nobody_began_here_stays_as_it_is(response_id: str | None) -> None:
    origins = Origins()
    origins.keep(Pending("r", "gpt"), BEGUN)
    origins.keep(Pending(None, None), BEGUN)
    assert origins.complete(response_id, FETCHED) is FETCHED


def test_the_latest_are_remembered() -> None:
    origins = Origins()
    for number in range(10_001):
        origins.keep(Pending(str(number), None), BEGUN)
    assert origins.complete("0", FETCHED) is FETCHED
    assert origins.complete("1", FETCHED).context is BEGUN.context
