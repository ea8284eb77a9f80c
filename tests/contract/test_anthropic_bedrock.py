"""The real Anthropic SDK on Bedrock's InvokeModel: signed requests arrive as they were signed."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from payi_transport import MemorySink
from tests.contract.anthropic_clients import Setup
from tests.contract.calls import instrument, make_response, run
from tests.contract.clients import each, result
from tests.support.exchanges import events_of, shown
from tests.support.origin import Origin
from tests.support.sigv4 import ACCESS_KEY, REGION, SECRET_KEY, is_signed
from tests.support.wire_cases import CASES, WireCase

KEYS: Any = {"aws_access_key": ACCESS_KEY, "aws_secret_key": SECRET_KEY, "aws_region": REGION}
SETUPS = [
    Setup("sync", lambda api_key=None, **options: anthropic.AnthropicBedrock(**KEYS, **options)),
    Setup("async", lambda api_key=None, **options: anthropic.AsyncAnthropicBedrock(**KEYS, **options)),
]
QUESTION: Any = {
    "max_tokens": 512,
    "messages": [{"role": "user", "content": "What is the weather in Boston?"}],
}
RECORDED = [case for case in CASES if case.name.startswith(("bedrock/anthropic_", "bedrock/error_"))]
each_setup = pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)


async def replay(client: Any, case: WireCase) -> Any:
    """Ask as was recorded; what the caller sees of the response, or its exception."""
    seen: list[Any] = []
    try:
        response = await result(
            client.messages.create(
                model=case.route["resource"], stream=case.streams, extra_headers=case.sent, **QUESTION
            )
        )
        if not case.streams:
            return response.model_dump(warnings=False)
        async for event in each(response):
            seen += [event.model_dump(warnings=False)]
        return seen
    except Exception as exc:
        return seen, type(exc), str(exc), getattr(exc, "status_code", None)


@each_setup
@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
def test_a_recorded_call_is_seen_alike_arrives_signed_and_makes_its_event(
    setup: Setup, case: WireCase, origin: Origin, sink: MemorySink
) -> None:
    origin.responses = [make_response(case)]
    bare = run(setup, origin.url, lambda client: replay(client, case), max_retries=0)
    instrument(setup, origin, sink, category="system.aws.bedrock")
    seen = run(setup, origin.url, lambda client: replay(client, case), max_retries=0)
    [event] = events_of(sink)
    assert seen == bare
    assert [is_signed(received) for received in origin.received] == [True, True]
    assert shown(event, case.mapped_event) == case.mapped_event
