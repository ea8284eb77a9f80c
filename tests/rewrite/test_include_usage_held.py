"""What is held back of a stream that may still turn out to be the usage chunk, and for how long."""

from __future__ import annotations

import pytest

from payi_transport.rewrite.include_usage import UsageHider

END = b'","choices":[],"usage":{"a_tokens":1}}\n\n'


@pytest.mark.parametrize(("size", "is_held"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_an_event_is_held_back_up_to_the_size_of_a_usage_chunk(size: int, is_held: bool) -> None:
    hider = UsageHider()
    start = b'data: {"x":"' + b"x" * (size - 12)
    assert hider.feed(start) == (b"" if is_held else start)
    assert hider.feed(END) == (b"" if is_held else END)
    assert hider.flush() == b""


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[],"usage":{"tokens":1}}\n\n',
        b'data: {"choices":[],"usage":"a_tokens\\""}\n\n',
        b'data: {"choices":[{}],"usage":{"a_tokens":1}}\n\n',
        b'data: {"choices":[],"error":{},"usage":[{"a_tokens":1}]}\n\n',
        b'data: {"choices":[],"error":"x","usage":{"a_tokens":1}}\n\n',
        b'data: {"choices":7,"usage":{"a_tokens":1}}\n\n',
    ],
)
def test_only_an_object_of_tokens_without_choices_and_error_is_hidden(event: bytes) -> None:
    hider = UsageHider()
    assert hider.feed(event) + hider.flush() == event


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[],"error":null,"usage":{"a_tokens":1}}\n\n',
        b'data: {"choices":[],"error":{},"usage":{"a_tokens":1}}\n\n',
        b'data: {"choices":0,"usage":{"a_tokens":1}}\n\n',
        b'event: x\nid: 7\ndata: {"usage":{"a_tokens":1}}\n\n',
    ],
)
def test_an_empty_error_and_no_choices_in_any_form_are_nothing_to_show(event: bytes) -> None:
    hider = UsageHider()
    assert hider.feed(event) + hider.flush() == b""
