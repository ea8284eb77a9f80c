"""What is decoded by default: nothing that the user has to ask for."""

from __future__ import annotations

import pytest

from payi_transport.decode.options import DecodeOptions


def test_nothing_is_recorded_or_counted_unless_it_is_asked_for() -> None:
    options = DecodeOptions()
    assert (options.extra_request_headers, options.model_mappings) == (frozenset(), ())
    assert (options.keep_inline_data, options.count_tokens) == (False, None)


def test_options_can_not_change_while_exchanges_are_decoded() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        DecodeOptions().keep_inline_data = True  # type: ignore[misc]
