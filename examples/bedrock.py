"""AWS Bedrock through boto3: each call is recorded for its use case, and what is signed stays untouched.

The client is created before `payi_instrument()`, which makes no difference.
"""

from __future__ import annotations

from typing import Any

import boto3

from examples.stand_in import serve
from payi_transport import (
    MemorySink,
    PayiCategories,
    payi_flush,
    payi_instrument,
    payi_uninstrument,
    track,
    track_context,
)

MODEL = "us.amazon.nova-lite-v1:0"


def main() -> None:
    with serve() as stand_in:
        bedrock = boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=stand_in.url,
            aws_access_key_id="example",
            aws_secret_access_key="example",  # noqa: S106
        )
        sink = MemorySink()
        payi_instrument(
            sink=sink,
            config={"host_mappings": {stand_in.host: {"price_as_category": PayiCategories.aws_bedrock}}},
        )
        with track_context(account_name="acme"):
            print(summarize(bedrock, "The parcel is late."))
            print(translate(bedrock, "The parcel is late."))
        payi_flush()
        for event in sink.events:
            units = (event.units or {})["text"]
            print(f"{event.account_name} / {event.use_case_name}: {event.resource}, {units.input} tokens in")
        payi_uninstrument()


@track(use_case_name="summarize")
def summarize(bedrock: Any, text: str) -> str:
    return converse(bedrock, f"Summarize in one sentence: {text}")


@track(use_case_name="translate")
def translate(bedrock: Any, text: str) -> str:
    return converse(bedrock, f"Translate to French: {text}")


def converse(bedrock: Any, prompt: str) -> str:
    """Ask the model, and return its text."""
    messages = [{"role": "user", "content": [{"text": prompt}]}]
    response = bedrock.converse(modelId=MODEL, messages=messages)
    return str(response["output"]["message"]["content"][0]["text"])


if __name__ == "__main__":
    main()
