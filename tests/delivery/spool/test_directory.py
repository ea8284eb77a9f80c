"""A directory in which others could plant events is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from payi_transport import PayiConfigError, payi_instrument
from payi_transport.delivery.spool.directory import check_directory, find_spool_directory


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_a_directory_that_others_can_write_is_refused_at_startup(mode: int, tmp_path: Path) -> None:
    directory = tmp_path / "spool"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(PayiConfigError, match=f"mode {mode:04o}") as raised:
        payi_instrument(config={"delivery": {"spool_directory": str(directory)}})
    assert repr(str(directory)) in str(raised.value) and "chmod 700" in str(raised.value)


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o750])
def test_a_directory_that_only_this_user_can_write_is_accepted(mode: int, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    check_directory(str(tmp_path))


def test_a_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(PayiConfigError, match="belongs to another user"):
        check_directory(str(tmp_path))


def test_each_of_several_sinks_has_a_directory_and_pay_i_the_one_of_a_single_sink() -> None:
    assert find_spool_directory(None, "file") is None
    assert find_spool_directory("root", "payi") == "root"
    assert find_spool_directory("root", "file") == os.path.join("root", "file")
