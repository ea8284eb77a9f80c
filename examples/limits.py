"""A budget that stops calls: once a limit is blocked, further requests that name it are not sent.

The SDK gets a 403 in its provider's own format, so the program handles it as it handles any refused request.
"""

from __future__ import annotations

import openai

from examples.stand_in import serve
from payi_transport import (
    Payi,
    get_context,
    payi_instrument,
    payi_limits,
    payi_uninstrument,
    track_context,
)


def main() -> None:
    # The stand-in blocks a limit after two calls.
    with serve(limit_after=2) as stand_in:
        payi_instrument(
            payi=Payi(api_key="example", base_url=stand_in.url),
            config={
                "host_mappings": {stand_in.host: {"price_as_category": "system.openai"}},
                # Each call waits for its price, so the state of its limits is known before the next call.
                "delivery": {"mode": "inline"},
                "enforce_limits": True,
                "on_limit": lambda limit_id, state: print(f"limit {limit_id} is {state}"),
            },
        )
        client = openai.OpenAI(api_key="example", base_url=f"{stand_in.url}/v1")
        with track_context(limit_ids=["trial"]):
            for number in range(1, 4):
                print(f"call {number}: {ask(client)}")
        print(f"calls that reached the provider: {len(stand_in.calls)}")
        print(f"limits: {payi_limits()}")
        payi_uninstrument()


def ask(client: openai.OpenAI) -> str:
    """Make a call; return its price, or the reason it was refused."""
    try:
        client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
    except openai.PermissionDeniedError as error:
        return error.message
    return f"{get_context()['last_result']['cost']['total']['base']} USD"


if __name__ == "__main__":
    main()
