"""`python -m tests.fuzz [options of libFuzzer]`: any bytes through framings, readers and the header parser.

Coverage-guided, and endless unless told otherwise (`-max_total_time=3600`). Needs `pip install atheris`.
"""

from __future__ import annotations

import importlib
import sys

import msgspec

from payi_transport.context.frame import Frame
from payi_transport.context.headers import override_frame
from payi_transport.decode.decode import decode
from payi_transport.providers.registry import REGISTRY
from tests.support.exchanges import make_exchange
from tests.support.wire_cases import WireCase

__all__ = ["feed"]

_OPERATIONS = sorted(REGISTRY.operations)
_TYPES = ("application/json", "text/event-stream", "application/vnd.amazon.eventstream", "text/html")
_CODINGS = ("", "gzip", "deflate", "br", "zstd")


def feed(data: bytes) -> None:
    """One input: three bytes choose how it is read, the rest is the body, the request and a header."""
    if len(data) < 3:
        return
    operation = _OPERATIONS[data[0] % len(_OPERATIONS)]
    headers = {"content-type": _TYPES[data[1] % len(_TYPES)]}
    if coding := _CODINGS[data[2] % len(_CODINGS)]:
        headers["content-encoding"] = coding
    body = data[3:]
    case = WireCase("fuzz", body, body, 500 if data[2] & 128 else 200, headers, {}, operation)
    event = decode(make_exchange(case, [body]))
    if event is not None:
        msgspec.json.encode(event)
    override_frame(
        Frame(), (b"xproxy-usecase-properties", body, b"xproxy-limit-ids", body), lambda name: None
    )


def main() -> None:
    """Fuzz until the process is ended."""
    atheris = importlib.import_module("atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
