"""The secrets of `test_privacy_doors.py` through other sinks, other transports, and commands."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_uninstrument
from payi_transport.cli.main import cli
from tests.support.nats_server import serve_nats
from tests.support.secrets import SECRET, TEXTS, URLS
from tests.test_privacy_doors import REQUEST_HEADERS, own_lines, record_all

CREATE = json.dumps({"type": "response.create", "model": "gpt-5"})


def read_all(sink: MemorySink, caplog: pytest.LogCaptureFixture) -> str:
    """Return all that left: the events, without the content that was to be logged, and the log."""
    assert payi_flush(30)
    assert sink.events
    return msgspec.json.encode(sink.events).decode() + own_lines(caplog)


def test_no_secret_is_in_a_file_of_a_bucket(tmp_path: Path) -> None:
    parquet: Any = pytest.importorskip("pyarrow.parquet")

    record_all(config={"bucket": {"url": tmp_path.as_uri()}})
    files = list(tmp_path.rglob("*.parquet"))
    rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
    assert len(rows) == 4 * len(TEXTS)
    assert SECRET not in repr((files, rows))


def test_no_secret_is_in_a_message_of_nats(tmp_path: Path) -> None:
    with serve_nats(tmp_path) as server:
        record_all(config={"nats": {"servers": [server.url]}})
        messages = server.read_messages()
    assert len(messages) == 4 * len(TEXTS)
    assert SECRET not in repr(messages)


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/realtime"])
def test_no_secret_of_a_websocket_leaves(
    path: str, sink: MemorySink, caplog: pytest.LogCaptureFixture
) -> None:
    client: Any = pytest.importorskip("websocket")
    sockets: Any = pytest.importorskip("tests.support.sockets")
    with (
        caplog.at_level(logging.DEBUG, "payi.instrument"),
        sockets.serve_sockets(sockets.speak_openai) as server,
    ):
        payi_instrument(sink=sink, log_prompt_and_response=False, config=server.config)
        for text in TEXTS[::5]:
            quoted = [f"{name}: {SECRET}" for name in REQUEST_HEADERS]
            connection = client.create_connection(
                f"ws://user:{SECRET}@{server.netloc}{path}?api_key={SECRET}&model=gpt-5",
                header=[*quoted, f"OpenAI-Project: {text}"],
                timeout=30,
            )
            connection.send(CREATE)
            connection.recv()
            connection.close()
        assert SECRET not in read_all(sink, caplog)
        payi_uninstrument()


def test_no_secret_of_a_grpc_call_leaves(sink: MemorySink, caplog: pytest.LogCaptureFixture) -> None:
    xai: Any = pytest.importorskip("tests.support.grpc_xai")
    with caplog.at_level(logging.DEBUG, "payi.instrument"), xai.serve_xai() as server:
        payi_instrument(sink=sink, log_prompt_and_response=False, config=server.config)
        metadata = [(name.lower(), SECRET) for name in REQUEST_HEADERS] + [("x-key-bin", SECRET.encode())]
        with xai.grpc.insecure_channel(server.netloc) as channel:
            stub = xai.chat_pb2_grpc.ChatStub(channel)
            for text in ("Hello", "abort UNAUTHENTICATED"):
                request = xai.chat_pb2.GetCompletionsRequest(model="grok-4")
                request.messages.add().content.add().text = text
                try:
                    stub.GetCompletion(
                        request, metadata=[*metadata, ("openai-project", TEXTS[0])], timeout=30
                    )
                except xai.grpc.RpcError:
                    assert text.startswith("abort")
        xai.wait_for_calls(2)
        assert SECRET in repr(server.metadata)
        assert SECRET not in read_all(sink, caplog)
        payi_uninstrument()


@pytest.mark.parametrize("address", URLS)
@pytest.mark.parametrize("command", [["doctor"], ["explain", "{}"]], ids=" ".join)
def test_no_command_shows_a_secret(command: list[str], address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYI_API_KEY", SECRET)
    monkeypatch.setenv("PAYI_BASE_URL", address.replace("host.test", "127.0.0.1:9"))
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("PAYI_TRANSPORT_NATS__PASSWORD", SECRET)
    monkeypatch.setenv("PAYI_TRANSPORT_NATS__SERVERS", f"nats://user:{SECRET}@127.0.0.1:9")
    shown = CliRunner().invoke(cli, [part.format(address) for part in command])
    assert SECRET not in shown.output
    assert shown.exception is None or isinstance(shown.exception, SystemExit)
