"""The SDKs of other providers against a real server: the hooks alone see every call, and nobody sees them.

`PAYI_TEST_SDKS` names the SDKs that have to be installed, with commas between; the others run where they are.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from tests.contract.compatible import INSTALLED, Sdk, Seen
from tests.support.exchanges import shown
from tests.support.garbage import collect_garbage
from tests.support.origin import CannedResponse, Origin
from tests.support.wire_cases import CASES, WireCase

# What litellm's models of a response make pydantic say.
pytestmark = [
    pytest.mark.filterwarnings(rf"ignore:{message}")
    for message in (
        r"Accessing the 'model_(computed_)?fields' attribute on the instance:DeprecationWarning",
        r"Item '\w+' on TypedDict class '\w+' is using the `ReadOnly` qualifier:UserWarning",
    )
]

by_name = {case.name: case for case in CASES}

every_sdk = pytest.mark.parametrize("sdk", INSTALLED, ids=lambda sdk: sdk.name)
either_side = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@pytest.fixture(autouse=True)
def closed_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is looked up elsewhere: what an SDK needs is on loopback, or comes with it."""
    elsewhere: list[object] = []
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in ("127.0.0.1", b"127.0.0.1", "localhost", None):
            elsewhere.append(host)
            raise socket.gaierror(f"no network in tests: {host!r}")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    # Else litellm fetches its prices when it is imported.
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    yield
    assert elsewhere == []


def text_of(case: WireCase) -> str:
    """The text that a recorded response holds."""
    if not case.streams:
        content: str = json.loads(case.response)["choices"][0]["message"]["content"]
        return content
    chunks = [json.loads(line[6:]) for line in case.response.splitlines() if line.startswith(b"data: {")]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


def ask(sdk: Sdk, origin: Origin, case: WireCase, asynchronous: bool) -> Seen:
    request = json.loads(case.request)
    seen: Seen = anyio.run(sdk.ask, origin.url, request, asynchronous)
    # What an SDK leaves open is told of here, and not in another test.
    collect_garbage()
    return seen


@every_sdk
@either_side
@pytest.mark.parametrize("kind", ["unary", "stream"])
def test_a_call_of_a_compatible_sdk_is_one_event_and_the_caller_sees_no_difference(
    sdk: Sdk, asynchronous: bool, kind: str, origin: Origin, sink: MemorySink
) -> None:
    case = by_name[sdk.unary if kind == "unary" else sdk.stream]
    origin.responses = [CannedResponse(case.chunks(), status=case.status, headers=case.headers)]
    without = ask(sdk, origin, case, asynchronous)
    payi_instrument(sink=sink, config={"host_mappings": {origin.netloc: {"price_as_category": sdk.category}}})
    within = ask(sdk, origin, case, asynchronous)
    assert payi_flush(10)
    assert payi_stats().faults == 0
    [event] = sink.events
    assert within == without
    assert within.text == text_of(case)
    expected = {**case.mapped_event, "category": sdk.category}
    assert shown(event, expected) == expected
    assert event.provider_uri == origin.url + sdk.path.format(model=event.resource)
    # Databricks' SDK asks its host for how to log in, too.
    first, second = (received for received in origin.received if received.method == "POST")
    assert first.body == second.body
    assert event.provider_request_json == second.body.decode()


def test_every_sdk_that_the_environment_promises_is_installed() -> None:
    promised = {name.strip() for name in os.environ.get("PAYI_TEST_SDKS", "").split(",")} - {""}
    assert promised - {sdk.name for sdk in INSTALLED} == set()
