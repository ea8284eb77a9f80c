"""Undo the content codings of a response: gzip, deflate, br and zstd. Pure, and bounded.

A few kilobytes can inflate to gigabytes, and whatever host a program calls may send such a body, so no step
may allocate more than the limit. zlib and the newer brotli and zstd packages take a maximum for what a call
returns. We ask for one byte more than may be left, and raise if we get it. Older packages have no maximum, so
the body is fed to them in steps of a few bytes, none of which can inflate to much.

A body may consist of several compressed members in a row (RFC 1952), such as one for each event of a stream.
A decompressor returns a copy of what follows its member, so it gets the body in windows that grow: time is
linear then, however many members there are. Their number is bounded all the same.

Truncated bodies are normal, since callers leave streams early: whatever could be inflated is returned.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

__all__ = ["InflateError", "inflate"]

_MAX_MEMBERS = 100_000
# Bytes to look at first for the end of a member.
_FIRST_WINDOW = 512
# Bytes to feed at a time to a decompressor that can't limit its output.
_STEP = 32


class InflateError(Exception):
    """A body that can't be inflated; the text says why. `beginning` is that of a body which is too long."""

    def __init__(self, message: str, beginning: bytes = b"") -> None:
        super().__init__(message)
        self.beginning = beginning


def inflate(body: bytes, codings: str, limit: int) -> bytes:
    """Return the body without its `codings`, the value of a Content-Encoding header.

    Raises InflateError for a coding that is unknown or not installed, for bytes that are not in that coding,
    and for a result of more than `limit` bytes. A truncated body returns what can be read of it.
    """
    # Codings are listed in the order in which they were applied (RFC 9110, section 8.4).
    names = [
        name for coding in codings.lower().split(",") if (name := coding.strip()) not in ("", "identity")
    ]
    while names:
        coding = names.pop()
        if coding not in _CODINGS:
            raise InflateError(f"unknown content coding {coding!r}")
        try:
            body = _CODINGS[coding](body, limit)
        except InflateError as exc:
            # The beginning is still in the other codings.
            raise InflateError(str(exc), b"" if names else exc.beginning) from exc
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    # 16 is zlib's flag for the format of gzip.
    return _zlib(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 defines deflate as zlib's format, but some servers send a bare deflate stream.
    try:
        return _zlib(body, limit, zlib.MAX_WBITS)
    except InflateError:
        # With a negative window, zlib expects neither a header nor a checksum.
        return _zlib(body, limit, -zlib.MAX_WBITS)


def _zlib(body: bytes, limit: int, window: int) -> bytes:
    return _join_members(body, limit, lambda: zlib.decompressobj(window), zlib.error)


def _brotli(body: bytes, limit: int) -> bytes:
    brotli = _import("br", _import_brotli)
    return _join_members(body, limit, lambda: _Brotli(brotli.Decompressor()), brotli.error)


def _zstd(body: bytes, limit: int) -> bytes:
    zstd = _import("zstd", _import_zstd)
    open_member = zstd.ZstdDecompressor
    # The package zstandard has another interface than the module of Python 3.14 and its backport.
    if zstd.__name__ == "zstandard":
        open_member = partial(_Zstandard, zstd.ZstdDecompressor)
    return _join_members(body, limit, open_member, zstd.ZstdError)


class _Brotli:
    """A brotli stream with the interface of zlib's decompressors."""

    # Brotli has no members: a stream ends with the body.
    unused_data = b""
    eof = False

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def decompress(self, body: bytes, max_length: int) -> bytes:
        process = self._stream.process
        # This method and the output limit both appeared in brotli 1.2.
        if not hasattr(self._stream, "can_accept_more_data"):
            return b"".join(part for part, _ in _feed_in_steps(process, body, max_length))
        out: bytes = process(body, output_buffer_limit=max_length)
        return out


class _Zstandard:
    """A member of a zstd body with the interface of zlib's decompressors, for the package zstandard."""

    def __init__(self, decompressor: Callable[[], Any]) -> None:
        self._stream = decompressor().decompressobj()
        self.unused_data = b""
        self.eof = False

    def decompress(self, body: bytes, max_length: int) -> bytes:
        parts: list[bytes] = []
        for part, end in _feed_in_steps(self._stream.decompress, body, max_length):
            parts.append(part)
            if self._stream.eof:
                self.eof = True
                self.unused_data = self._stream.unused_data + body[end:]
                break
        return b"".join(parts)


def _feed_in_steps(
    process: Callable[[bytes], bytes], body: bytes, max_length: int
) -> Iterator[tuple[bytes, int]]:
    """Yield what each step returns and where in the body it ends, until `max_length` bytes came out."""
    size = 0
    for end in range(_STEP, len(body) + _STEP, _STEP):
        part = process(body[end - _STEP : end])
        yield part, end
        size += len(part)
        if size >= max_length:
            return


def _join_members(body: bytes, limit: int, open_member: Callable[[], Any], error: type[Exception]) -> bytes:
    """Inflate the members of a body one after another."""
    parts: list[bytes] = []
    at, room = 0, limit
    while at < len(body):
        if len(parts) == _MAX_MEMBERS:
            raise InflateError(f"more than {_MAX_MEMBERS} members")
        try:
            # The 1 also keeps this from being 0, which zlib takes for no limit.
            part, at = _read_member(open_member(), body, at, room + 1)
        except error as exc:
            # Some servers pad a body after its last member.
            if parts:
                break
            raise InflateError(str(exc)) from exc
        room -= len(part)
        if room < 0:
            raise InflateError(f"more than {limit} bytes when inflated", b"".join((*parts, part)))
        parts.append(part)
    return b"".join(parts)


def _read_member(member: Any, body: bytes, at: int, most: int) -> tuple[bytes, int]:
    """Return the first `most` bytes of the member at `at`, and where it ends."""
    parts: list[bytes] = []
    window = _FIRST_WINDOW
    while at < len(body) and most > 0 and not member.eof:
        data = body[at : at + window]
        parts.append(member.decompress(data, most))
        most -= len(parts[-1])
        # What follows a member is copied once for each member, so it must be short where members are.
        at += len(data) - len(member.unused_data)
        window *= 2
    return b"".join(parts), at


def _import(coding: str, find: Callable[[], Any]) -> Any:
    """Return the package for a coding; an SDK that accepts the coding depends on one."""
    try:
        return find()
    except ImportError:
        raise InflateError(f"{coding} needs payi-transport[{coding}]") from None


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


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
