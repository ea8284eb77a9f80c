"""A program that is instrumented by Pay-i's own SDK: `payi_program.py proxy|ingest PAY_I PROVIDER`.

It makes three calls of OpenAI's SDK, one of them streamed, and prints what it got of each as a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import openai
import tiktoken
from payi.lib.helpers import PayiCategories, payi_openai_url
from payi.lib.instrument import payi_instrument, track_context
from tiktoken import registry


def register_vocabulary() -> None:
    """Let the SDK count with a small vocabulary, which it would download for pictures otherwise."""
    letters = {bytes([byte]): byte for byte in range(256)}
    made = tiktoken.Encoding("o200k_base", pat_str=".", mergeable_ranks=letters, special_tokens={})
    registry.ENCODINGS["o200k_base"] = made


def main(mode: str, pay_i: str, provider: str) -> None:
    os.environ.update(PAYI_API_KEY="k", PAYI_BASE_URL=pay_i)
    register_vocabulary()
    payi_instrument(
        instruments={PayiCategories.openai},
        config={"proxy": mode == "proxy", "use_case_name": "chat", "user_id": "ann"},
    )
    base = payi_openai_url() if mode == "proxy" else f"{provider}/v1"
    # In proxy mode, the SDK's header takes the place of Pay-i's key.
    headers = {"xProxy-api-key": "k"} if mode == "proxy" else {}
    client = openai.OpenAI(api_key="no-key", base_url=base, default_headers=headers, max_retries=0)
    with track_context(account_name="acme", limit_ids=["monthly"]):
        for stream in (False, False, True):
            print(json.dumps(call(client, stream)))


def call(client: openai.OpenAI, stream: bool) -> dict[str, Any]:
    asked: Any = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hi"}]}
    if not stream:
        completion: Any = client.chat.completions.create(**asked)
        return {"text": completion.choices[0].message.content, "id": completion.id}
    chunks = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return {"text": text, "id": chunks[0].id}


if __name__ == "__main__":
    main(*sys.argv[1:])
