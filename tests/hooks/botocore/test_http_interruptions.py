"""A call of botocore that is interrupted ends like one that fails, and the exception reaches the caller."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from payi_transport import MemorySink, payi_instrument
from payi_transport.hooks.botocore.http import _make_send
from payi_transport.hooks.nesting import find_mark
from tests.support.exchanges import events_of


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_an_exception_that_is_not_an_error_ends_the_call_too(error: BaseException, sink: MemorySink) -> None:
    def interrupt(session: Any, request: Any) -> Any:
        raise error

    payi_instrument(sink=sink)
    request = AWSRequest("POST", "https://api.openai.com/v1/chat/completions", {}, b"{}").prepare()
    with pytest.raises(type(error)):
        _make_send(interrupt)(None, request)
    [event] = events_of(sink)
    assert event.properties is not None
    assert event.properties["system.failure"] == type(error).__name__
    assert not find_mark()
