"""A provider that the package does not know: this folder is all it takes to observe it."""

from __future__ import annotations

import json
import re
from typing import Any

from payi_transport.framing import Messages
from payi_transport.providers.provider import Forwarding, HostRule, Operation, Provider, Readers, post
from payi_transport.providers.shared.counts import count
from payi_transport.providers.shared.raw_response import RawResponse
from payi_transport.values.event import ParsedResponse, Units

__all__ = ["PROVIDER"]


def read_song(raw: RawResponse) -> ParsedResponse:
    """Return the usage of a song, `{"song": …, "used": {"heard": 1, "sung": 2}}`, whole or in verses."""
    bodies = [json.loads(data) for _, data in raw.messages]
    used: dict[str, Any] = next((body["used"] for body in reversed(bodies) if "used" in body), {})
    units = {"text": Units(input=count(used, "heard"), output=count(used, "sung"))} if used else {}
    return ParsedResponse(units=units, finished=bool(used))


def read_song_text(messages: Messages) -> str:
    """Return the song as far as it came."""
    return "".join(json.loads(data).get("song", "") for _, data in messages)


def load_readers() -> dict[str, Readers]:
    """Return the readers of each operation. In the package, they are imported here."""
    return {"toy.song": Readers(read_song, read_output_text=read_song_text, prefix="toy.")}


PROVIDER = Provider(
    name="toy",
    load_readers=load_readers,
    # Where the stand-in for a provider is.
    hosts=(HostRule("127.0.0.1", "toy.models"), HostRule("api.toy.example", "toy.models")),
    operations=(
        Operation(
            name="toy.song",
            category="toy.models",
            paths=(post("singers/[^/]+/sing-along"),),
            example="/v1/singers/bird/sing-along",
        ),
    ),
    resources_in_paths=("/singers/([^/]+)/",),
    forwarded=(Forwarding("toy", "toy.models", re.compile("/v1/singers/[^/]+/sing-along")),),
)
