"""The names of `payi.lib.helpers` are importable from the module of that name."""

from __future__ import annotations

import payi_transport
from payi_transport.lib import helpers
from tests.lib.names import find_public_names


def test_every_public_name_of_pay_i_s_module_is_there_and_is_the_one_of_the_package() -> None:
    assert find_public_names("payi.lib.helpers") - set(helpers.__all__) == set()
    for name in helpers.__all__:
        assert getattr(helpers, name) is getattr(payi_transport, name)
