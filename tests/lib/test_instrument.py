"""The names of `payi.lib.instrument` are importable from the module of that name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import payi_transport
from payi_transport.lib import instrument
from tests.lib.names import find_public_names

SEEDS = Path(__file__).parent.parent / "seeds"
IMPORT = re.compile(r"^ *from payi((?:\.lib\.\w+)?) import ([\w, ]+)", re.MULTILINE)
IMPORTS = sorted({found for page in SEEDS.glob("*.md") for found in IMPORT.findall(page.read_text("utf-8"))})


def test_every_public_name_of_pay_i_s_module_is_there_and_is_the_one_of_the_package() -> None:
    # The type of what payi keeps for itself; no public function accepts or returns it.
    assert find_public_names("payi.lib.instrument") - set(instrument.__all__) == {
        "PayiInstanceDefaultContext"
    }
    for name in instrument.__all__:
        assert getattr(instrument, name) is getattr(payi_transport, name)


def test_pay_i_s_pages_import_from_every_module_that_is_re_exported() -> None:
    assert {module for module, _ in IMPORTS} == {"", ".lib.helpers", ".lib.instrument"}


@pytest.mark.parametrize(("module", "names"), IMPORTS)
def test_an_import_of_pay_i_s_pages_needs_only_the_new_name_of_the_package(module: str, names: str) -> None:
    exec(f"from payi_transport{module} import {names}", {})  # noqa: S102 (it is what this is about)
