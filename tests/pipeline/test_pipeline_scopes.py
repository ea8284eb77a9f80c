"""Which hosts are observed where, and what a session of a WebSocket starts with."""

from __future__ import annotations

from typing import Any

import pytest

from payi_transport import MemorySink, payi_instrument, track_context
from payi_transport.capture.session import Session
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline
from payi_transport.providers.provider import WEBSOCKET


def start(sink: MemorySink, **options: Any) -> Pipeline:
    payi_instrument(sink=sink, **options)
    pipeline = get_active()
    assert pipeline is not None
    return pipeline


@pytest.mark.parametrize(
    ("host", "port", "is_observed"),
    [
        ("api.openai.com", None, True),
        ("api.anthropic.com", None, False),
        ("example.org", None, False),
    ],
)
def test_a_host_is_observed_if_it_is_known_and_its_category_is_wanted(
    host: str, port: int | None, is_observed: bool, sink: MemorySink
) -> None:
    assert start(sink, instruments=["system.openai"]).observes(host, port) is is_observed


def test_outside_of_all_scopes_nothing_is_observed_where_only_scopes_are(sink: MemorySink) -> None:
    pipeline = start(sink, config={"global_instrumentation": False})
    assert not pipeline.observes("api.openai.com", None)
    with track_context(user_id="u"):
        assert pipeline.observes("api.openai.com", None)


def open_session(pipeline: Pipeline, path: str, query: dict[str, str], *headers: bytes) -> Session:
    route = pipeline.routes.find(WEBSOCKET, "wss", "api.openai.com", None, path)
    assert route is not None
    session = pipeline.open_session(route, headers, query)
    assert session is not None
    return session


def test_a_session_has_the_model_of_its_address_and_the_scope_of_its_headers(sink: MemorySink) -> None:
    pipeline = start(sink, log_prompt_and_response=False, config={"capture": {"max_body_bytes": 99}})
    with track_context(user_id="u", account_name="acme"):
        session = open_session(
            pipeline, "/v1/realtime", {"model": "gpt-realtime"}, b"xProxy-User-ID", b"v", b"a", b"b"
        )
    assert session.model == "gpt-realtime"
    assert session.frame is not None
    assert (session.frame.user_id, session.frame.account_name) == ("v", "acme")
    assert (session.log_content, session.body_limit) == (False, 99)
    other = open_session(pipeline, "/v1/realtime", {})
    assert other.model is None
    assert other.frame is not None and other.frame.user_id is None
