"""Undo the content codings of an answer. Pure, and bounded: a small body can't grow without end."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from typing import Any

__all__ = ["InflateError", "inflate"]


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
    stream = brotli.Decompressor()
    # The two packages differ in the method's name.
    process = getattr(stream, "process", None) or stream.decompress
    try:
        parts = [process(body, output_buffer_limit=limit + 1)]
        while not stream.can_accept_more_data() and sum(map(len, parts)) <= limit:
            parts.append(process(b"", output_buffer_limit=limit + 1))
    except brotli.error as exc:
        raise InflateError(str(exc)) from exc
    return _within(b"".join(parts), limit)


def _zstd(body: bytes, limit: int) -> bytes:
    zstd = _import_any("zstd", "compression.zstd", "backports.zstd", "zstandard")
    if zstd.__name__ != "zstandard":
        return _join_members(body, limit, zstd.ZstdDecompressor, zstd.ZstdError)
    stream = zstd.ZstdDecompressor().stream_reader(body, read_across_frames=True)
    try:
        return _within(stream.read(limit + 1), limit)
    except zstd.ZstdError as exc:
        raise InflateError(str(exc)) from exc


def _join_members(body: bytes, limit: int, open_member: Callable[[], Any], error: type[Exception]) -> bytes:
    """A body of one or more compressed members in a row, and perhaps padding behind them."""
    parts: list[bytes] = []
    room = limit
    while body:
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


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise InflateError(f"more than {limit} bytes when inflated")
    return body


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
