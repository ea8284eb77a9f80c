"""A streamed chat: the reader gets exactly the chunks it expects, and the event has the usage.

OpenAI reports the usage of a stream only if the request asks for it. This program does not ask. The library
does, and hides the additional chunk, which would break readers that index `choices[0]`.
"""

from __future__ import annotations

from openai import OpenAI

from examples.stand_in import serve
from payi_transport import MemorySink, payi_flush, payi_instrument, payi_uninstrument, track


def main() -> None:
    with serve() as stand_in:
        sink = MemorySink()
        payi_instrument(
            sink=sink,
            config={
                "host_mappings": {
                    stand_in.host: {"price_as_category": "system.openai", "include_usage": True}
                }
            },
        )
        client = OpenAI(api_key="example", base_url=f"{stand_in.url}/v1")
        chat(client, "Where is my parcel?")
        payi_flush()
        [event] = sink.events
        units = event.units or {}
        print(f"use case {event.use_case_name}, model {event.resource}")
        print(f"input {units['text'].input} tokens, output {units['text'].output} tokens")
        print(f"first token known: {event.time_to_first_token_ms is not None}")
        payi_uninstrument()


@track(use_case_name="chat")
def chat(client: OpenAI, question: str) -> None:
    """Print the response as it arrives."""
    stream = client.chat.completions.create(
        model="gpt-4.1", messages=[{"role": "user", "content": question}], stream=True
    )
    for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
