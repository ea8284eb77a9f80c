"""Undo the content codings of a response: gzip, deflate, br and zstd. Pure, and bounded.

A few kilobytes can inflate to gigabytes, and any host may send such a body. So a body is inflated in small
pieces, which each coding passes to the next one. If the result is over the limit, only its beginning and
end stay in memory, because usage is in one of them. How much is inflated in all is bounded, too, since it
takes time. zlib and the newer brotli and zstd packages take a maximum for what a call returns. Older
packages have no maximum, so the body is fed to them in steps of a few bytes, none of which can inflate to
much.

A body may consist of several compressed members in a row (RFC 1952), such as one for each event of a stream.
A decompressor returns a copy of what follows its member, so it gets the body in short slices: time is linear
then, however many members there are. Their number is bounded anyway.

Truncated bodies are normal, since callers leave streams early: whatever could be inflated is returned.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

__all__ = ["Inflated", "inflate", "split_codings"]

_MAX_MEMBERS = 100_000
# Bytes that are inflated at most. zlib needs a second or two for them, and releases the GIL meanwhile.
_MAX_INFLATED = 1 << 30
# Bytes to feed at a time, and bytes to take at a time.
_INPUT_CHUNK = 4096
_OUTPUT_CHUNK = 1 << 16
# Bytes to feed at a time to a decompressor that can't limit its output.
_UNBOUNDED_INPUT_CHUNK = 32


class Inflated(NamedTuple):
    """What is kept of a body: all of it, or its beginning and its end if it is over the limit.

    `error` says why the rest of the body couldn't be inflated. `tail` is empty then.
    """

    head: bytes
    tail: bytes = b""
    has_gap: bool = False
    error: str = ""


class _InflateError(Exception):
    """A body that can't be inflated; the text says why."""


def split_codings(codings: str) -> list[str]:
    """Return the codings that a Content-Encoding header names, in the order in which they were applied."""
    return [name for coding in codings.lower().split(",") if (name := coding.strip()) not in ("", "identity")]


def inflate(body: bytes, codings: str, limit: int) -> Inflated:
    """Return the body without its `codings`, the value of a Content-Encoding header.

    A result of more than `limit` bytes has a gap. A truncated body returns what can be read of it. So does a
    body that is damaged, and one in a coding that is unknown or not installed, with an error.
    """
    names = split_codings(codings)
    if not names:
        return Inflated(body)
    pieces: Iterable[bytes] = (body,)
    for coding in reversed(names):
        if coding not in _CODINGS:
            return Inflated(b"", error=f"its coding {coding!r} is unknown")
        pieces = _CODINGS[coding](pieces)
    return _keep_ends(pieces, limit)


def _keep_ends(pieces: Iterable[bytes], limit: int) -> Inflated:
    """Join the pieces. If they are over the limit, keep as much of the beginning as of the end."""
    head, tail = bytearray(), deque[bytes]()
    room, size, in_tail, error = limit // 2, 0, 0, ""
    try:
        for piece in pieces:
            size += len(piece)
            if size > _MAX_INFLATED:
                raise _InflateError(f"it has more than {_MAX_INFLATED} bytes when inflated")
            taken = room - len(head)
            head += piece[:taken]
            tail.append(piece[taken:])
            in_tail += len(tail[-1])
            while in_tail - len(tail[0]) >= limit - room:
                in_tail -= len(tail.popleft())
    except _InflateError as exc:
        error = str(exc)
    if size <= limit:
        return Inflated(b"".join((head, *tail)), error=error)
    end = b"" if error else b"".join(tail)[room - limit :]
    return Inflated(bytes(head), end, True, error)


def _inflate_gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    # 16 is zlib's flag for the format of gzip.
    return _inflate_members(pieces, lambda _: zlib.decompressobj(zlib.MAX_WBITS | 16), zlib.error)


def _inflate_deflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return _inflate_members(pieces, _open_deflate, zlib.error)


def _open_deflate(start: bytes) -> Any:
    # RFC 9110 defines deflate as zlib's format, but some servers send a bare deflate stream. Four bits of
    # the format's first byte are always 8 (RFC 1950), and a bare stream never has them so. With a negative
    # window, zlib expects neither a header nor a checksum.
    return zlib.decompressobj(zlib.MAX_WBITS if start[0] & 15 == 8 else -zlib.MAX_WBITS)


def _inflate_brotli(pieces: Iterable[bytes]) -> Iterator[bytes]:
    brotli = _import("br", _import_brotli)
    yield from _inflate_members(pieces, lambda _: _Brotli(brotli.Decompressor()), brotli.error)


def _inflate_zstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    zstd = _import("zstd", _import_zstd)
    # The package zstandard has another interface than the module of Python 3.14 and its backport.
    wrap = _Zstandard if zstd.__name__ == "zstandard" else _unwrapped
    yield from _inflate_members(pieces, lambda _: wrap(zstd.ZstdDecompressor()), zstd.ZstdError)


def _unwrapped(stream: Any) -> Any:
    return stream


class _Brotli:
    """A brotli stream with the interface of zlib's decompressors."""

    # Brotli has no members: a stream ends with the body.
    unused_data = b""
    eof = False

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.unconsumed_tail = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        process = self._stream.process
        # This method and the output limit both appeared in brotli 1.2.
        if not hasattr(self._stream, "can_accept_more_data"):
            out, self.unconsumed_tail = _feed_in_steps(process, data, max_length)
            return out
        limited: bytes = process(data, output_buffer_limit=max_length)
        return limited


class _Zstandard:
    """A member of a zstd body with the interface of zlib's decompressors, for the package zstandard."""

    def __init__(self, decompressor: Any) -> None:
        self._stream = decompressor.decompressobj()
        self.unconsumed_tail = self.unused_data = b""
        self.eof = False

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out, rest = _feed_in_steps(self._process, data, max_length)
        if self.eof:
            self.unused_data = self._stream.unused_data + rest
        else:
            self.unconsumed_tail = rest
        return out

    def _process(self, step: bytes) -> bytes | None:
        if self.eof:
            return None
        out: bytes = self._stream.decompress(step)
        self.eof = self._stream.eof
        return out


def _feed_in_steps(
    process: Callable[[bytes], bytes | None], data: bytes, max_length: int
) -> tuple[bytes, bytes]:
    """Return at least `max_length` bytes if there are as many, and the data that was not fed.

    `process` returns None at the end of a member.
    """
    parts: list[bytes] = []
    at = size = 0
    while at < len(data) and size < max_length:
        part = process(data[at : at + _UNBOUNDED_INPUT_CHUNK])
        if part is None:
            break
        parts.append(part)
        at, size = at + _UNBOUNDED_INPUT_CHUNK, size + len(part)
    return b"".join(parts), data[at:]


def _inflate_members(
    pieces: Iterable[bytes], open_member: Callable[[bytes], Any], error: type[Exception]
) -> Iterator[bytes]:
    """Inflate the members of a body one after another."""
    member: Any = None
    members = size = 0
    for data in _cut_into_slices(pieces):
        while data:
            if member is None:
                if members == _MAX_MEMBERS:
                    raise _InflateError(f"it has more than {_MAX_MEMBERS} compressed members")
                member, members, size = open_member(data), members + 1, 0
            try:
                for piece in _drain(member, data):
                    size += len(piece)
                    yield piece
            except error as exc:
                # Some servers pad a body after its last member.
                if members > 1 and not size:
                    return
                raise _InflateError(f"it can't be inflated: {exc}") from exc
            data, member = (member.unused_data, None) if member.eof else (b"", member)


def _cut_into_slices(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for at in range(0, len(piece), _INPUT_CHUNK):
            yield piece[at : at + _INPUT_CHUNK]


def _drain(member: Any, data: bytes) -> Iterator[bytes]:
    """Yield what comes out of a decompressor for `data`, in pieces."""
    while True:
        piece = member.decompress(data, _OUTPUT_CHUNK)
        yield piece
        # zlib returns the data that it had no room for. Others keep it, and a full piece says that they do.
        data = getattr(member, "unconsumed_tail", b"")
        if member.eof or not (data or len(piece) >= _OUTPUT_CHUNK):
            return


def _import(coding: str, find: Callable[[], Any]) -> Any:
    """Return the package for a coding; an SDK that accepts the coding depends on one."""
    try:
        return find()
    except ImportError:
        raise _InflateError(f'its coding needs pip install "payi-transport[{coding}]"') from None


# Bundlers such as PyInstaller follow import statements only, so each package has one.
def _import_brotli() -> Any:
    try:
        import brotli
    except ImportError:
        import brotlicffi as brotli
    return brotli


def _import_zstd() -> Any:
    try:
        import compression.zstd as zstd
    except ImportError:
        try:
            import backports.zstd as zstd
        except ImportError:
            import zstandard as zstd
    return zstd


_CODINGS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _inflate_gzip,
    "x-gzip": _inflate_gzip,
    "deflate": _inflate_deflate,
    "br": _inflate_brotli,
    "zstd": _inflate_zstd,
}
