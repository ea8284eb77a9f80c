"""Each package for Brotli and zstd inflates alike, and a missing or broken one is an error that says so."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest

from payi_transport.decode.inflate import Inflated, inflate
from tests.decode.test_inflate import NOISE, ROOM, TEXT, br, zstd

ZSTD_PACKAGES = ("compression.zstd", "backports.zstd", "zstandard")


def is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


INSTALLED_ZSTD = tuple(filter(is_installed, ZSTD_PACKAGES))


class OldBrotli:
    """The Decompressor of brotli before 1.2, which can't limit its output."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()

    def process(self, body: bytes) -> bytes:
        out: bytes = self._stream.process(body)
        return out


def stand_in(name: str, decompressor: type[Any]) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(Decompressor=decompressor, error=brotli.error)
    return module


@pytest.fixture(params=["brotli", "brotli before 1.2", "brotlicffi"])
def any_brotli(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run with each brotli package, as if no other was installed."""
    name: str = request.param
    if name == "brotli before 1.2":
        monkeypatch.setitem(sys.modules, "brotli", stand_in("brotli", OldBrotli))
    if name == "brotlicffi":
        monkeypatch.setitem(sys.modules, "brotli", None)
        monkeypatch.setitem(sys.modules, "brotlicffi", stand_in("brotlicffi", brotli.Decompressor))
    return name


@pytest.fixture(params=INSTALLED_ZSTD)
def any_zstd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run with each zstd package, as if no other was installed."""
    for name in ZSTD_PACKAGES:
        if name != request.param:
            monkeypatch.setitem(sys.modules, name, None)
    yield request.param


@pytest.mark.parametrize("body", [b"", b"x", TEXT, NOISE], ids=["empty", "byte", "text", "noise"])
def test_every_brotli_package_inflates(any_brotli: str, body: bytes) -> None:
    assert inflate(br(body), "br", ROOM) == Inflated(body)


def test_every_brotli_package_is_bounded(any_brotli: str) -> None:
    packed = br(TEXT)
    assert inflate(packed, "br", len(TEXT)) == Inflated(TEXT)
    assert inflate(packed, "br", 1000) == Inflated(TEXT[:500], TEXT[-500:], has_gap=True)
    zeros = Inflated(b"\0" * 500, b"\0" * 500, has_gap=True)
    assert inflate(br(b"\0" * (1 << 24)), "br", 1000) == zeros


def test_every_brotli_package_handles_truncated_and_damaged_bodies(any_brotli: str) -> None:
    whole = br(TEXT + NOISE)
    assert (TEXT + NOISE).startswith(inflate(whole[:-10], "br", ROOM).head)
    assert inflate(b"\xff" * 100, "br", ROOM).error


@pytest.mark.parametrize("body", [b"", b"x", TEXT, NOISE], ids=["empty", "byte", "text", "noise"])
@pytest.mark.parametrize("rest", [b"", b"\0\0\0\0", b"padding"])
def test_every_zstd_package_inflates(any_zstd: str, body: bytes, rest: bytes) -> None:
    assert inflate(zstd(body) + zstd(body) + rest, "zstd", ROOM) == Inflated(body * 2)


def test_every_zstd_package_is_bounded(any_zstd: str) -> None:
    packed = zstd(TEXT)
    assert inflate(packed, "zstd", len(TEXT)) == Inflated(TEXT)
    assert inflate(packed, "zstd", 1000) == Inflated(TEXT[:500], TEXT[-500:], has_gap=True)
    zeros = Inflated(b"\0" * 500, b"\0" * 500, has_gap=True)
    assert inflate(zstd(b"\0" * (1 << 24)), "zstd", 1000) == zeros


def test_every_zstd_package_handles_truncated_and_damaged_bodies(any_zstd: str) -> None:
    whole = zstd(NOISE * 20)
    part = inflate(whole[:-10], "zstd", ROOM).head
    assert part
    assert (NOISE * 20).startswith(part)
    assert inflate(b"garbage" * 10, "zstd", ROOM).error


@pytest.mark.parametrize(("coding", "packages"), [("br", ("brotli", "brotlicffi")), ("zstd", ZSTD_PACKAGES)])
def test_without_a_package_the_error_names_the_extra(
    coding: str, packages: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in packages:
        monkeypatch.setitem(sys.modules, name, None)
    kept = inflate(b"x", coding, ROOM)
    assert kept == Inflated(b"", error=f'its coding needs pip install "payi-transport[{coding}]"')


@pytest.mark.parametrize("error", [MemoryError, RuntimeError])
def test_an_error_that_is_not_about_the_body_is_raised_as_it_is(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def process(self, body: bytes) -> bytes:
            raise error

    monkeypatch.setitem(sys.modules, "brotli", stand_in("brotli", Broken))
    with pytest.raises(error):
        inflate(br(TEXT), "br", ROOM)


def test_a_package_that_is_installed_but_broken_is_not_taken_for_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "brotli.py").write_text("raise RuntimeError('broken installation')")
    monkeypatch.delitem(sys.modules, "brotli", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match="broken installation"):
        inflate(b"x", "br", ROOM)
