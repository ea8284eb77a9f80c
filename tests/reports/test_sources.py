"""Which files a report reads."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path

import pytest

from payi_transport.errors import PayiError
from payi_transport.reports.sources import find_files, is_spooled, open_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jsonl", "a.json", "notes.txt", "c.ndjson.gz", "sub/1-000001.events", "sub/1.lock"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def test_a_directory_has_its_files_of_events_and_those_below(folder: Path) -> None:
    names = [path.relative_to(folder).as_posix() for path in find_files([folder])]
    assert names == ["a.json", "b.jsonl", "c.ndjson.gz", "sub/1-000001.events"]
    assert [is_spooled(path) for path in find_files([folder])] == [False, False, False, True]


SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz", ".events")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_of_events_have_one_of_these_names(tmp_path: Path, suffix: str) -> None:
    for name in (f"a{suffix}", f"a{suffix}x", f"folder{suffix}/b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert find_files([tmp_path]) == [tmp_path / f"a{suffix}"]
    assert is_spooled(tmp_path / f"a{suffix}") is (suffix == ".events")


def test_a_pattern_names_files_only(tmp_path: Path) -> None:
    (tmp_path / "a.d").mkdir()
    (tmp_path / "a.txt").write_bytes(b"")
    assert find_files([f"{tmp_path}/a.*"]) == [tmp_path / "a.txt"]


def test_patterns_and_names_that_overlap_are_read_once(folder: Path) -> None:
    found = find_files([f"{folder}/b.jsonl", f"{folder}/*.json*", f"{folder}/**/*.events", "-"])
    assert [path.name for path in found] == ["b.jsonl", "a.json", "1-000001.events", "-"]
    # A name is taken as it is, whatever its suffix.
    assert find_files([folder / "notes.txt"]) == [folder / "notes.txt"]


def test_a_source_without_files_says_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(PayiError) as caught:
        find_files([tmp_path])
    ends = ", ".join(SUFFIXES)
    assert (
        str(caught.value)
        == f"{tmp_path}: found no file of events; the directory has none that ends in {ends}"
    )
    with pytest.raises(PayiError, match=r"a pattern such as 'logs/\*\.jsonl', or - for the standard input$"):
        find_files(["-", f"{tmp_path}/*.jsonl"])
    with pytest.raises(
        PayiError, match=r"missing\.json: found no file of events; expected a file, a directory"
    ):
        find_files([tmp_path / "missing.json"])


def test_a_pipe_is_a_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert find_files([tmp_path / "pipe"]) == [tmp_path / "pipe"]


def test_files_are_unpacked_where_they_are_compressed(tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(gzip.compress(b"hello"))
    (tmp_path / "plain").write_bytes(b"hello")
    for name in ("packed", "plain"):
        with open_file(tmp_path / name) as (file, measured):
            assert file.read() == b"hello"
            assert measured.tell() == (tmp_path / name).stat().st_size


def test_a_dash_is_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
    with open_file(Path("-")) as (file, _):
        assert file.read() == b"hello"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize("is_input", [True, False])
def test_what_a_shell_wrote_is_read_as_utf_8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, is_packed: bool, is_input: bool
) -> None:
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    data = f"{mark}h\u00e9llo".encode(encoding)
    data = gzip.compress(data) if is_packed else data
    (tmp_path / "file").write_bytes(data)
    given = io.TextIOWrapper(io.BytesIO(data))
    monkeypatch.setattr(sys, "stdin", given)
    with open_file(Path("-") if is_input else tmp_path / "file") as (file, _):
        parts = iter(lambda: file.read(3), b"")
        assert b"".join(parts) == "h\u00e9llo".encode()
    assert not given.buffer.closed
