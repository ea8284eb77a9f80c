"""What a dialect reads: one answer, split into its messages, beside the request that it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from payi_transport.framing import Frames

__all__ = ["RawResponse"]


class RawResponse(NamedTuple):
    """`exhausted`: the body was read to its end; `streams`: it is that of a stream. `headers` are
    those of the answer, by lower-case name.

    `asked` is the model that the caller asked for, `priced` what the caller says that it is, where its name
    does not, and `category` that of the host. `uri` is where the request went, without its query, and `sent`
    are its headers, by lower-case name.
    """

    frames: Frames
    exhausted: bool = True
    request: bytes = b""
    headers: Mapping[str, str] = {}
    asked: str | None = None
    category: str = ""
    uri: str = ""
    sent: Mapping[str, str] = {}
    priced: str | None = None
    streams: bool = False
