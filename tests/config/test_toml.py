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
def test_a_path_that_cannot_be_read_is_one_short_line(name: str) -> None:
    with pytest.raises(PayiConfigError, match="can't read the file: ") as error:
        read_toml(Path(name))
    assert len(str(error.value)) < 400 and str(error.value).isprintable()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = ", "not a TOML file: "),
        (b'a = "\xff"', "not a TOML file: expected text in UTF-8, got another encoding, or no text"),
        ('a = "b"'.encode("utf-16-le"), "not a TOML file: expected text in UTF-8, got another encoding"),
        (b"a = 1\0", "not a TOML file: expected text in UTF-8, got another encoding, or no text"),
    ],
)
def test_what_is_no_toml_is_reported_with_the_file(data: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    file.write_bytes(data)
    with pytest.raises(PayiConfigError) as error:
        read_toml(file)
    assert str(error.value).startswith(f"{file}: {message}")


def test_a_mistake_in_a_line_is_reported_with_examples_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "payi.toml"
    file.write_text("user_id: a")
    with pytest.raises(PayiConfigError) as error:
        read_toml(file)
    assert str(error.value).endswith("; expected lines such as user_id = 'u-1', proxy = true, or [delivery]")


def test_a_folder_is_reported_with_what_the_system_says(tmp_path: Path) -> None:
    with pytest.raises(PayiConfigError) as error:
        read_toml(tmp_path)
    assert str(error.value) == f"{tmp_path}: can't read the file: Is a directory"


@pytest.mark.parametrize(("length", "quoted"), [(300, False), (301, True)])
def test_a_path_of_more_than_300_characters_is_cut(length: int, quoted: bool) -> None:
    name = "x" * length
    with pytest.raises(PayiConfigError) as error:
        read_toml(Path(name))
    shown = f"'{name[:300]}'" if quoted else name
    assert str(error.value).startswith(f"{shown}: can't read the file: ")
