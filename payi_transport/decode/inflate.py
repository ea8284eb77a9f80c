"""Undo the content codings of an answer. Pure, and bounded: a small body can't grow without end."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

__all__ = ["InflateError", "inflate"]

# A body in more members than this was made to keep us busy: finding the next one copies what is left.
_MOST_MEMBERS = 4096
# Bytes for a decompressor that can't bound its output: few enough for it never to yield much more than asked.
_STEP = 32


class InflateError(Exception):
    """A body that can't be read; the text says why."""


def inflate(body: bytes, codings: str, limit: int) -> bytes:
    """The body as it was before `codings` (a Content-Encoding value) were applied, `limit` bytes at most.

    A body that was cut gives what can be had of it. Raises InflateError for a coding that is not known or
    not installed, for bytes that are not of that coding, and for a result over the limit.
    """
    for coding in reversed(codings.lower().split(",")):
        coding = coding.strip()
        if coding in ("", "identity"):
            continue
        if coding not in _CODINGS:
            raise InflateError(f"unknown content coding {coding!r}")
        body = _CODINGS[coding](body, limit)
    return body


def _gzip(body: bytes, limit: int) -> bytes:
    return _zlib(body, limit, zlib.MAX_WBITS | 16)


def _deflate(body: bytes, limit: int) -> bytes:
    # Servers send either zlib's wrapping, as RFC 9110 says, or the bare stream.
    try:
        return _zlib(body, limit, zlib.MAX_WBITS)
    except InflateError:
        return _zlib(body, limit, -zlib.MAX_WBITS)


def _zlib(body: bytes, limit: int, window: int) -> bytes:
    return _join_members(body, limit, lambda: zlib.decompressobj(window), zlib.error)


def _brotli(body: bytes, limit: int) -> bytes:
    brotli = _import_any("br", "brotli", "brotlicffi")
    return _join_members(body, limit, lambda: _Brotli(brotli.Decompressor()), brotli.error)


def _zstd(body: bytes, limit: int) -> bytes:
    zstd = _import_any("zstd", "compression.zstd", "backports.zstd", "zstandard")
    open_member = zstd.ZstdDecompressor
    if zstd.__name__ == "zstandard":
        open_member = partial(_Zstandard, zstd.ZstdDecompressor)
    return _join_members(body, limit, open_member, zstd.ZstdError)


class _Brotli:
    """A brotli stream with the methods of zlib's. Versions from 1.2 on can bound what a call yields."""

    unused_data = b""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def decompress(self, body: bytes, most: int) -> bytes:
        process = self._stream.process
        if not hasattr(self._stream, "can_accept_more_data"):
            return b"".join(part for part, _ in _step_through(process, body, most))
        out: bytes = process(body, output_buffer_limit=most)
        return out


class _Zstandard:
    """A frame by the package zstandard, with the methods of zlib's."""

    def __init__(self, decompressor: Callable[[], Any]) -> None:
        self._stream = decompressor().decompressobj()
        self.unused_data = b""

    def decompress(self, body: bytes, most: int) -> bytes:
        parts: list[bytes] = []
        for part, end in _step_through(self._stream.decompress, body, most):
            parts.append(part)
            if self._stream.eof:
                self.unused_data = self._stream.unused_data + body[end:]
                break
        return b"".join(parts)


def _step_through(process: Callable[[bytes], bytes], body: bytes, most: int) -> Iterator[tuple[bytes, int]]:
    """What each step yields, and where in the body it ends; no step after `most` bytes came out."""
    size = 0
    for end in range(_STEP, len(body) + _STEP, _STEP):
        part = process(body[end - _STEP : end])
        yield part, end
        size += len(part)
        if size >= most:
            return


def _join_members(body: bytes, limit: int, open_member: Callable[[], Any], error: type[Exception]) -> bytes:
    """A body of one or more compressed members in a row, and perhaps padding behind them."""
    parts: list[bytes] = []
    room = limit
    while body:
        if len(parts) == _MOST_MEMBERS:
            raise InflateError(f"more than {_MOST_MEMBERS} members")
        member = open_member()
        try:
            part = member.decompress(body, room + 1)
        except error as exc:
            if parts:
                break
            raise InflateError(str(exc)) from exc
        room -= len(part)
        if room < 0:
            raise InflateError(f"more than {limit} bytes when inflated")
        parts.append(part)
        body = member.unused_data
    return b"".join(parts)


def _import_any(coding: str, *names: str) -> Any:
    """The first of the packages that is there; an SDK that asked for the coding brought one of them."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise InflateError(f"{coding} needs payi-transport[{coding}]")


_CODINGS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
