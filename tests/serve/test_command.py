"""Where a service listens."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx
import pytest

from payi_transport.serve.command import find_address, listen, listens_everywhere
from payi_transport.serve.settings import ServeSettings
from tests.serve.conftest import Serve


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as made:
            made.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="the machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
def test_an_address_may_be_of_ipv6(tmp_path: Path, host: str) -> None:
    with listen(ServeSettings(file=tmp_path / "s", host=host, port=0)) as made:
        assert listens_everywhere(made) == (host == "::")
        assert find_address(made) == f"http://[::1]:{made.getsockname()[1]}"


def test_a_port_is_free_again_when_the_service_has_ended(serve: Serve) -> None:
    address, service = serve()
    assert httpx.get(f"{address}/page/api/state").json()["calls"] == 0
    assert service.settings.port == 0
