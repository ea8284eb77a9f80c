"""Clients of an impostor of NATS, and what they have sent to it."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any

from payi_transport.sinks.nats_connection import NatsConnection
from tests.sinks.nats_impostor import Impostor
from tests.support.nats_server import make_settings

__all__ = ["connect", "read_connect"]


def connect(impostor: Impostor, **settings: Any) -> NatsConnection:
    connection = NatsConnection(make_settings(impostor.url, **settings), "a name")
    connection.open(monotonic() + 20)
    return connection


def read_connect(impostor: Impostor) -> dict[str, Any]:
    [line] = [line for line in impostor.lines if line.startswith(b"CONNECT")]
    found: dict[str, Any] = json.loads(line.removeprefix(b"CONNECT "))
    return found
