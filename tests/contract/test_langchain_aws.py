"""Calls that langchain-aws makes with boto3, of which nothing is known here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from payi_transport import MemorySink, payi_flush, payi_instrument, payi_stats
from tests.contract.bedrock import make_response, options
from tests.support.exchanges import shown
from tests.support.garbage import collect_garbage
from tests.support.origin import Origin
from tests.support.sigv4 import is_signed
from tests.support.wire_cases import CASES, WireCase

langchain_aws = pytest.importorskip("langchain_aws")
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
BEDROCK = {case.name.removeprefix("bedrock/"): case for case in CASES if case.name.startswith("bedrock/")}


def ask(model: Any) -> str:
    return str(model.invoke("What is the weather in Boston?").text)


def stream(model: Any) -> str:
    return "".join(str(chunk.text) for chunk in model.stream("What is the weather in Boston?"))


CALLS: dict[str, tuple[str, Callable[[Any], str], str]] = {
    "converse": ("ChatBedrockConverse", ask, "converse_unary"),
    "converse-stream": ("ChatBedrockConverse", stream, "converse_stream"),
    "invoke": ("ChatBedrock", ask, "anthropic_unary"),
    "invoke-stream": ("ChatBedrock", stream, "anthropic_stream"),
}


@pytest.mark.parametrize(("kind", "make_call", "case"), CALLS.values(), ids=CALLS)
# Of InvokeModel's streams it leaves the end unread, and the connection open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_chat_is_seen_alike_and_its_units_are_reported(
    kind: str, make_call: Callable[[Any], str], case: str, origin: Origin, sink: MemorySink
) -> None:
    recorded: WireCase = BEDROCK[case]
    origin.responses = [make_response(recorded)]
    client = boto3.client("bedrock-runtime", **options(origin.url))
    model = getattr(langchain_aws, kind)(model=CLAUDE, client=client)
    without = make_call(model)
    config: Any = {"host_mappings": {origin.netloc: {"price_as_category": "system.aws.bedrock"}}}
    payi_instrument(sink=sink, config=config)
    assert make_call(model) == without != ""
    client.close()
    collect_garbage()
    assert payi_flush(10)
    assert payi_stats().faults == 0
    [event] = sink.events
    assert shown(event, recorded.mapped_event) == recorded.mapped_event
    assert is_signed(origin.received[1])


def test_an_embedding_is_reported(origin: Origin, sink: MemorySink) -> None:
    recorded = BEDROCK["titan_embeddings"]
    origin.responses = [make_response(recorded)]
    config: Any = {"host_mappings": {origin.netloc: {"price_as_category": "system.aws.bedrock"}}}
    payi_instrument(sink=sink, config=config)
    client = boto3.client("bedrock-runtime", **options(origin.url))
    embeddings = langchain_aws.BedrockEmbeddings(model_id="amazon.titan-embed-text-v2:0", client=client)
    assert embeddings.embed_query("Hello from Boston")
    client.close()
    assert payi_flush(10)
    assert [shown(event, recorded.mapped_event) for event in sink.events] == [recorded.mapped_event]
