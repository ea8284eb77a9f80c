"""Compressed bodies are inflated, truncated ones as far as possible, and of bombs both ends are kept."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from payi_transport.decode.inflate import Inflated, inflate

ROOM = 1 << 20
TEXT = b'data: {"choices": [{"delta": {"content": "Gr\xc3\xbc\xc3\x9fe"}}]}\n\n' * 200
NOISE = random.Random(1).randbytes(20_000)


def bare_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


def br(body: bytes) -> bytes:
    compressed: bytes = brotli.compress(body)
    return compressed


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate in zlib's wrapping": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare_deflate),
    "br": ("br", br),
    "zstd": ("zstd", zstd),
}
each_coding = pytest.mark.parametrize(("coding", "compress"), CODINGS.values(), ids=CODINGS)


@each_coding
@pytest.mark.parametrize("body", [b"", b"x", TEXT, NOISE], ids=["empty", "byte", "text", "noise"])
def test_a_compressed_body_is_inflated(coding: str, compress: Callable[[bytes], bytes], body: bytes) -> None:
    assert inflate(compress(body), coding, ROOM) == Inflated(body)


@pytest.mark.parametrize("codings", ["", "identity", " Identity ", ",", "identity, ,identity"])
def test_a_body_without_a_coding_stays_the_same(codings: str) -> None:
    assert inflate(TEXT, codings, ROOM) == Inflated(TEXT)


@pytest.mark.parametrize("codings", ["gzip, br", "GZIP,BR", " gzip ,  br ", "gzip, identity, br"], ids=str)
def test_stacked_codings_are_undone_last_first(codings: str) -> None:
    assert inflate(br(gzip.compress(TEXT)), codings, ROOM) == Inflated(TEXT)


@pytest.mark.parametrize("codings", ["compress", "gzip, compress", "compress, gzip"])
def test_an_unknown_coding_is_an_error_that_names_it(codings: str) -> None:
    assert inflate(b"x", codings, ROOM) == Inflated(b"", error="its coding 'compress' is unknown")


@each_coding
def test_an_empty_body_is_empty_in_every_coding(coding: str, compress: Callable[[bytes], bytes]) -> None:
    assert inflate(b"", coding, ROOM) == Inflated(b"")


@pytest.mark.parametrize("name", ["gzip", "deflate in zlib's wrapping", "zstd"])
def test_several_members_are_one_body(name: str) -> None:
    coding, compress = CODINGS[name]
    assert inflate(compress(b"one ") + compress(b"") + compress(b"two"), coding, ROOM) == Inflated(b"one two")


@pytest.mark.parametrize("padding", [b"\0", b"\0" * 100, b"padding"])
@pytest.mark.parametrize("name", ["gzip", "deflate in zlib's wrapping", "zstd"])
def test_padding_after_the_last_member_is_dropped(name: str, padding: bytes) -> None:
    coding, compress = CODINGS[name]
    assert inflate(compress(TEXT) + padding, coding, ROOM) == Inflated(TEXT)


@each_coding
def test_a_truncated_body_returns_what_can_be_read_of_it(
    coding: str, compress: Callable[[bytes], bytes]
) -> None:
    body = (TEXT + NOISE) * 10  # zstd only returns whole blocks of 128 KiB
    whole = compress(body)
    for end in range(0, len(whole), 997):
        part = inflate(whole[:end], coding, ROOM)
        assert body.startswith(part.head)
        assert not part.error
    assert len(inflate(whole[:-1], coding, ROOM).head) > len(TEXT)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("body", [b'{"id": "1"}', b"<html><head>", b"\0" * 50, b"\xff" * 50, NOISE])
def test_bytes_in_another_format_are_an_error(coding: str, body: bytes) -> None:
    assert "can't be inflated" in inflate(body, coding, ROOM).error


@given(st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip,br"]), st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing(coding: str, body: bytes) -> None:
    kept = inflate(body, coding, 1000)
    assert len(kept.head + kept.tail) <= 1000


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=2000), st.data())
def test_damaged_bodies_raise_nothing(name: str, body: bytes, data: st.DataObject) -> None:
    coding, compress = CODINGS[name]
    damaged = bytearray(compress(body))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    kept = inflate(bytes(damaged), coding, 5000)
    assert len(kept.head + kept.tail) <= 5000


@pytest.mark.parametrize("name", ["gzip", "deflate in zlib's wrapping"])
def test_what_comes_before_damage_is_kept(name: str) -> None:
    coding, compress = CODINGS[name]
    packed = compress(NOISE * 10)
    damaged = packed[:-1] + bytes([packed[-1] ^ 255])
    for limit in (ROOM, 1000):
        kept = inflate(damaged, coding, limit)
        assert NOISE.startswith(kept.head[:1000]) and len(kept.head) > 100
        assert (kept.tail, kept.has_gap) == (b"", limit == 1000)
        assert "can't be inflated" in kept.error


def test_a_damaged_member_is_not_taken_for_padding() -> None:
    kept = inflate(gzip.compress(b"one ") + gzip.compress(NOISE * 10)[:-8] + b"\xff" * 8, "gzip", ROOM)
    assert kept.head.startswith(b"one " + NOISE[:1000])
    assert kept.error


@given(st.lists(st.sampled_from(sorted(CODINGS)), max_size=3), st.binary(max_size=2000))
def test_any_bytes_survive_any_codings(names: list[str], body: bytes) -> None:
    packed = body
    for name in names:
        packed = CODINGS[name][1](packed)
    assert inflate(packed, ", ".join(CODINGS[name][0] for name in names), ROOM) == Inflated(body)


@each_coding
@pytest.mark.parametrize("limit", [1, 2, 1001, len(TEXT) - 1, len(TEXT), len(TEXT) + 1])
def test_of_a_body_over_the_limit_both_ends_are_kept(
    coding: str, compress: Callable[[bytes], bytes], limit: int
) -> None:
    kept = inflate(compress(TEXT), coding, limit)
    if limit >= len(TEXT):
        assert kept == Inflated(TEXT)
    else:
        half = limit // 2
        assert kept == Inflated(TEXT[:half], TEXT[half - limit :], has_gap=True)


@pytest.mark.parametrize("name", ["gzip", "zstd", "br"])
def test_the_ends_of_stacked_codings_are_kept(name: str) -> None:
    coding, compress = CODINGS[name]
    assert inflate(compress(compress(NOISE)), f"{coding},{coding}", 1000) == Inflated(
        NOISE[:500], NOISE[-500:], has_gap=True
    )


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_the_limit_covers_all_members_together(name: str) -> None:
    coding, compress = CODINGS[name]
    packed = compress(b"0123456789") + compress(b"abcdefghij")
    assert inflate(packed, coding, 20) == Inflated(b"0123456789abcdefghij")
    assert inflate(packed, coding, 15) == Inflated(b"0123456", b"cdefghij", has_gap=True)


@pytest.mark.parametrize(("coding", "compress"), [("gzip", gzip.compress), ("br", br), ("zstd", zstd)])
def test_a_bomb_is_inflated_up_to_a_bound(
    coding: str, compress: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payi_transport.decode.inflate._MAX_INFLATED", 1 << 22)
    kept = inflate(compress(b"\0" * (1 << 24)), coding, 1000)
    assert (kept.head, kept.tail, kept.has_gap) == (b"\0" * 500, b"", True)
    assert "4194304 bytes" in kept.error


@pytest.mark.parametrize(("most", "fits"), [(len(TEXT), True), (len(TEXT) - 1, False)])
def test_what_is_as_large_as_the_bound_is_inflated(
    most: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payi_transport.decode.inflate._MAX_INFLATED", most)
    kept = inflate(gzip.compress(TEXT), "gzip", ROOM)
    assert (kept == Inflated(TEXT)) == fits
    assert kept.error == ("" if fits else f"it has more than {most} bytes when inflated")


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_bomb_takes_no_more_memory_than_the_limit_allows(coding: str) -> None:
    bomb, limit = CODINGS[coding][1](b"\0" * (1 << 26)), 1 << 20
    tracemalloc.start()
    try:
        assert inflate(bomb, coding, limit).has_gap
        assert tracemalloc.get_traced_memory()[1] < 4 * limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_each_event_of_a_stream_may_be_a_member(coding: str) -> None:
    # BerriAI/litellm#40028. Sizes on both sides of the first windows.
    events = [b"data: %d %b\n\n" % (n, NOISE[: 200 * (n % 9)]) for n in range(5_000)]
    assert inflate(b"".join(map(CODINGS[coding][1], events)), coding, 1 << 24) == Inflated(b"".join(events))


def test_the_number_of_members_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payi_transport.decode.inflate._MAX_MEMBERS", 10)
    assert inflate(gzip.compress(b"x") * 10, "gzip", ROOM) == Inflated(b"x" * 10)
    kept = inflate(gzip.compress(b"x") * 11, "gzip", ROOM)
    assert (kept.head, kept.error) == (b"x" * 10, "it has more than 10 compressed members")
