"""boto3 against moto's server, which others wrote: it has no usage, and the event says so.

Of Bedrock, moto 5.2 answers InvokeModel alone, with an empty document. Everything else is an error of the
server. So there is no usage to compare, and both kinds of calls must not look as if they cost nothing.
"""

from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from payi_transport import MemorySink, payi_instrument, payi_stats
from tests.support.bedrock_client import connect_bedrock
from tests.support.exchanges import events_of

pytestmark = pytest.mark.slow
MODEL = "anthropic.claude-opus-4-8-v1:0"


def test_a_call_to_a_server_without_usage_has_missing_units(sink: MemorySink) -> None:
    moto_server: Any = pytest.importorskip("moto.server", reason="needs `moto[server]`")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = moto_server.ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        mapping: Any = {f"127.0.0.1:{port}": {"price_as_category": "system.aws.bedrock"}}
        payi_instrument(sink=sink, config={"host_mappings": mapping})
        client = connect_bedrock(f"127.0.0.1:{port}")
        assert client.invoke_model(modelId=MODEL, body=b'{"messages": []}')["body"].read() == b"{}"
        with pytest.raises(ClientError):
            client.converse(modelId=MODEL, messages=[{"role": "user", "content": [{"text": "hello"}]}])
    finally:
        server.stop()
    invoked, failed = events_of(sink)
    assert (invoked.http_status_code, invoked.resource, invoked.units) == (200, MODEL, {})
    assert (invoked.properties or {})["system.units"] == "missing"
    assert (failed.http_status_code, failed.resource, failed.units) == (500, MODEL, {})
    assert payi_stats().missing_units == 1
