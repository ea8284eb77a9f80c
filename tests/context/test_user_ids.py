"""With `hash_user_ids`, no user id leaves the process as it is, whichever way."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payi_transport import (
    MemorySink,
    create_headers,
    get_context,
    payi_flush,
    payi_instrument,
    track_context,
)
from payi_transport.context.frame import FIELDS, Frame
from payi_transport.context.headers import write_proxied_headers
from payi_transport.context.user_ids import hash_user_id
from payi_transport.propagate import extract, inject
from tests.support.calls import call

# printf %s ada | sha256sum | cut -c -32
ADA = "sha256-fdee430d40bd57deeac186cd9790033d"


@given(st.text())
def test_a_hash_is_the_same_everywhere_and_is_not_hashed_again(user_id: str) -> None:
    hashed = hash_user_id(user_id)
    assert re.fullmatch("sha256-[0-9a-f]{32}", hashed)
    assert hash_user_id(hashed) == hashed


@pytest.mark.parametrize("place", ["config", "scope", "header"])
def test_an_event_has_the_hash_wherever_the_id_is_from(place: str, sink: MemorySink) -> None:
    config = {"hash_user_ids": True, **({"user_id": "ada"} if place == "config" else {})}
    payi_instrument(sink=sink, config=config)  # type: ignore[arg-type]
    if place == "header":
        call(headers=create_headers(user_id="ada"))
    else:
        with track_context(user_id="ada" if place == "scope" else None):
            call()
            # The program itself sees its own ids.
            assert get_context()["user_id"] == "ada"
            assert set(get_context()) <= {*FIELDS.names, "last_result"}
    assert payi_flush(10)
    assert [event.user_id for event in sink.events] == [ADA]
    assert "'ada'" not in repr(sink.events)


def test_the_next_service_gets_the_hash_and_keeps_it(sink: MemorySink) -> None:
    payi_instrument(sink=sink, config={"hash_user_ids": True})
    headers: dict[str, str] = {}
    with track_context(user_id="ada"):
        inject(headers)
    assert "user_id=ada" not in headers["baggage"]
    with track_context(**extract(headers)):
        call()
    assert payi_flush(10)
    assert sink.events[0].user_id == ADA


@pytest.mark.parametrize(("hashes", "expected"), [(True, ADA), (False, "ada")])
def test_the_proxy_gets_the_hash(hashes: bool, expected: str) -> None:
    frame = Frame(user_id="ada", account_name="acme", hash_user_ids=hashes)
    assert write_proxied_headers(frame) == {"xProxy-User-ID": expected, "xProxy-Account-Name": "acme"}


def test_without_the_key_ids_are_as_they_are(sink: MemorySink) -> None:
    payi_instrument(sink=sink)
    with track_context(user_id="ada"):
        call()
    assert payi_flush(10)
    assert sink.events[0].user_id == "ada"


@pytest.mark.parametrize(
    "user_id",
    [ADA[:-1], ADA + "0", ADA.upper(), "x" + ADA, "sha256-", ADA.replace("f", "g"), "\ud800"],
)
def test_what_only_looks_like_a_hash_is_hashed(user_id: str) -> None:
    hashed = hash_user_id(user_id)
    assert hashed != user_id
    assert len(hashed) == len(ADA)
    assert hash_user_id("ada") == ADA
