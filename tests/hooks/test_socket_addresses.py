"""The hooks of all WebSocket libraries know a host by the same name, whatever its URL says of the port."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from payi_transport import MemorySink, payi_instrument, payi_stats
from payi_transport.hooks.websocket_client import _make_connect
from payi_transport.hooks.websockets.legacy import _make_handshake
from payi_transport.hooks.websockets.protocol import _make_send_request

datastructures: Any = pytest.importorskip("websockets.datastructures")

PATH = "/v1/live"
ADDRESSES = [
    ("wss", 443, "api.openai.com"),
    ("wss", 80, "api.openai.com:80"),
    ("wss", 8443, "api.openai.com:8443"),
    ("ws", 80, "api.openai.com"),
    ("ws", 443, "api.openai.com:443"),
]


def open_by_websocket_client(scheme: str, port: int) -> None:
    _make_connect(lambda client, url: None)(object(), f"{scheme}://api.openai.com:{port}{PATH}")


def uri_of(scheme: str, port: int) -> Any:
    return SimpleNamespace(secure=scheme == "wss", host="api.openai.com", port=port, resource_name=PATH)


def open_by_websockets(scheme: str, port: int, name: str = "uri") -> None:
    request = SimpleNamespace(path=PATH, headers=datastructures.Headers())
    protocol = SimpleNamespace(**{name: uri_of(scheme, port)})
    _make_send_request(lambda protocol, request: None)(protocol, request)


def open_by_an_older_protocol(scheme: str, port: int) -> None:
    open_by_websockets(scheme, port, "wsuri")


def open_by_the_legacy_client(scheme: str, port: int) -> None:
    async def shake_hands(protocol: Any, uri: Any) -> None:
        """Open nothing."""

    handshake: Any = _make_handshake(shake_hands)
    asyncio.run(handshake(SimpleNamespace(extra_headers=None), uri_of(scheme, port)))


@pytest.mark.parametrize(
    "connect",
    [open_by_websocket_client, open_by_websockets, open_by_an_older_protocol, open_by_the_legacy_client],
)
@pytest.mark.parametrize(("scheme", "port", "name"), ADDRESSES)
def test_the_schemes_own_port_is_not_part_of_the_name(
    connect: Any, scheme: str, port: int, name: str, sink: MemorySink
) -> None:
    payi_instrument(sink=sink)
    connect(scheme, port)
    assert payi_stats().unobserved == {name: {"websocket": 1}}
    assert payi_stats().faults == 0
