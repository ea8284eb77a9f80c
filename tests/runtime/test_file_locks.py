"""A locked file has one owner, until it is closed or its process ends."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from payi_transport.runtime.file_locks import lock_file, try_lock


def test_a_lock_has_one_owner_until_its_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = io.FileIO(path, "w"), io.FileIO(path, "w")
    assert try_lock(first)
    assert not try_lock(second)
    first.close()
    assert try_lock(second)
    second.close()


def test_a_locked_file_cannot_be_locked_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = lock_file(path, create=True)
    assert first is not None
    assert lock_file(path) is None
    first.close()
    again = lock_file(path)
    assert again is not None
    again.close()


def test_a_missing_file_is_created_only_on_request(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lock_file(tmp_path / "lock")


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = f"""
from pathlib import Path
from payi_transport.runtime.file_locks import lock_file
held = lock_file(Path({str(path)!r}), create=True)
print("held", flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert lock_file(path) is None
        process.kill()
    free = lock_file(path)
    assert free is not None
    free.close()


def test_a_file_removed_before_it_is_locked_is_not_available(tmp_path: Path) -> None:
    class Removed(type(tmp_path)):  # type: ignore[misc]
        """The path of a file that is removed between opening and locking it."""

        def stat(self, **options: bool) -> object:
            self.unlink(missing_ok=True)
            return super().stat(**options)

    (tmp_path / "lock").touch()
    assert lock_file(Removed(tmp_path / "lock")) is None


def test_where_the_file_system_has_no_locks_the_error_is_raised_and_the_file_closed(
    without_locks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[io.FileIO] = []

    class Opened(io.FileIO):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            opened.append(self)

    monkeypatch.setattr(io, "FileIO", Opened)
    with pytest.raises(OSError, match="No locks available"):
        lock_file(tmp_path / "lock", create=True)
    assert [file.closed for file in opened] == [True]


def test_a_name_that_cannot_be_looked_up_is_an_error_and_not_a_removed_file(tmp_path: Path) -> None:
    class Denied(type(tmp_path)):  # type: ignore[misc]
        """The path of a file in a folder whose permissions change between opening and locking it."""

        def stat(self, **options: bool) -> object:
            raise PermissionError("denied")

    with pytest.raises(PermissionError):
        lock_file(Denied(tmp_path / "lock"), create=True)


def test_a_locked_file_is_this_users_alone_and_holds_at_once_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = lock_file(path, create=True)
    assert held is not None
    held.write(b"place")
    assert path.read_bytes() == b"place"
    assert path.stat().st_mode & 0o777 == 0o600
    held.close()


@pytest.mark.parametrize("create", [False, True])
def test_nothing_is_locked_through_a_link(create: bool, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        lock_file(tmp_path / "lock", create=create)
