"""What tests of the context start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payi_transport.context.frame import Frame
from payi_transport.context.scope import set_base_frame
from tests.context.echoes import user


@pytest.fixture
def base() -> Iterator[Frame]:
    """Instrumented, with a frame outside all scopes; at the end no scope is left open."""
    frame = Frame(user_id="base")
    set_base_frame(frame)
    yield frame
    assert user() == "base"
    set_base_frame(None)
