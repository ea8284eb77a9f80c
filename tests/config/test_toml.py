"""Reading TOML where Python has no parser of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from payi_transport.config.toml import read_toml
from payi_transport.errors import PayiConfigError


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    file.write_bytes(b'\xef\xbb\xbfuser_id = "a"\n')
    assert read_toml(file) == {"user_id": "a"}


def test_a_missing_parser_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "payi.toml"
    file.write_text("")
    for name in ("tomllib", "tomli"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(PayiConfigError, match=r"pip install 'payi-transport\[cli\]'"):
        read_toml(file)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "none.toml"])
def test_a_path_that_can_not_be_read_is_one_short_line(name: str) -> None:
    with pytest.raises(PayiConfigError, match="can't read the file: ") as error:
        read_toml(Path(name))
    assert len(str(error.value)) < 400 and str(error.value).isprintable()
