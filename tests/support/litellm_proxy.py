"""LiteLLM's proxy, a server by others that translates between the providers' APIs, in a process of its own.

It needs `litellm[proxy]`, which pins versions of what other tests need. So CI has an environment for it, and
without it, the tests that need it are skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.support.origin import CannedResponse, Origin
from tests.support.usage_sums import Sums
from tests.support.wire_cases import WireCase, by_name

__all__ = ["CALLS", "ProxyCall", "call", "needs_litellm_proxy", "serve_litellm"]

_COMMAND = Path(sys.executable).with_name("litellm")
# The scheduler comes with the extra alone.
_INSTALLED = _COMMAND.exists() and find_spec("apscheduler") is not None
needs_litellm_proxy = pytest.mark.skipif(not _INSTALLED, reason="needs `litellm[proxy]`")
_KEY = "sk-litellm-proxy-of-the-tests"
_HELLO: list[Any] = [{"role": "user", "content": "hello"}]


@contextlib.contextmanager
def serve_litellm(
    folder: Path, provider: Origin, prefix: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Run the proxy in front of a provider, and yield its address.

    `prefix` is what the command begins with, such as `payi-transport run --`. At the end of the block, it
    gets SIGTERM, and has to exit as it does without the prefix.
    """
    config = folder / "config.yaml"
    # JSON is YAML, too.
    config.write_text(json.dumps(_configure(provider)))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*prefix, str(_COMMAND), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    # Else it fetches its prices when it starts.
    environment = {**environment, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    log = folder / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            _wait_until_it_responds(f"http://127.0.0.1:{port}/health/liveliness", process, log)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
    assert process.returncode == -signal.SIGTERM, log.read_text()
    # It had the time to finish.
    assert "Application shutdown complete" in log.read_text()


def _configure(provider: Origin) -> dict[str, Any]:
    models = {
        "gpt": {"model": "openai/gpt-4.1", "api_base": f"{provider.url}/v1"},
        "vectors": {"model": "openai/text-embedding-3-small", "api_base": f"{provider.url}/v1"},
        "claude": {"model": "anthropic/claude-sonnet-4-5", "api_base": provider.url},
    }
    listed = [
        {"model_name": name, "litellm_params": {**parameters, "api_key": "sk-1"}}
        for name, parameters in models.items()
    ]
    return {
        "model_list": listed,
        "general_settings": {"master_key": _KEY},
        "litellm_settings": {"num_retries": 0},
    }


def _wait_until_it_responds(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(url, timeout=60, trust_env=False)
            return
        except httpx.TransportError:
            threading.Event().wait(0.1)


class ProxyCall(NamedTuple):
    """A call of an SDK to the proxy: how to make it, and what the provider sends for it.

    `make` returns what the SDK shows as usage.
    """

    make: Callable[[str], Sums]
    case: WireCase


def call(proxied: ProxyCall, netloc: str, provider: Origin) -> Sums:
    """Make a call through the proxy, and return what the SDK shows as usage."""
    case = proxied.case
    headers = {"content-type": case.headers["content-type"]}
    provider.responses = [CannedResponse(case.chunks(), headers=headers)]
    return proxied.make(netloc)


def _openai(netloc: str) -> Any:
    import openai

    return openai.OpenAI(base_url=f"http://{netloc}/v1", api_key=_KEY, max_retries=0)


def _anthropic(netloc: str) -> Any:
    import anthropic

    return anthropic.Anthropic(base_url=f"http://{netloc}", api_key=_KEY, max_retries=0)


def _chat(model: str) -> Callable[[str], Sums]:
    def make(netloc: str) -> Sums:
        with _openai(netloc) as client:
            return _sum_chat(client.chat.completions.create(model=model, messages=_HELLO).usage)

    return make


def _chat_stream(model: str) -> Callable[[str], Sums]:
    def make(netloc: str) -> Sums:
        options = {"include_usage": True}
        with _openai(netloc) as client:
            chunks = list(
                client.chat.completions.create(
                    model=model, messages=_HELLO, stream=True, stream_options=options
                )
            )
        (usage,) = [chunk.usage for chunk in chunks if chunk.usage]
        return _sum_chat(usage)

    return make


def _sum_chat(usage: Any) -> Sums:
    return Sums(usage.prompt_tokens, usage.completion_tokens, *_find_cached(usage.prompt_tokens_details))


def _find_cached(details: Any) -> tuple[int, int]:
    """Return the tokens that were read from the cache and written to it."""
    return getattr(details, "cached_tokens", None) or 0, getattr(details, "cache_write_tokens", None) or 0


def _respond(netloc: str) -> Sums:
    with _openai(netloc) as client:
        return _sum_response(client.responses.create(model="gpt", input="hello"))


def _respond_stream(netloc: str) -> Sums:
    with _openai(netloc) as client:
        events = list(client.responses.create(model="gpt", input="hello", stream=True))
    return _sum_response(events[-1].response)


def _sum_response(response: Any) -> Sums:
    usage = response.usage
    return Sums(usage.input_tokens, usage.output_tokens, *_find_cached(usage.input_tokens_details))


def _embed(netloc: str) -> Sums:
    with _openai(netloc) as client:
        usage = client.embeddings.create(model="vectors", input="hello", encoding_format="float").usage
    return Sums(usage.prompt_tokens, 0)


def _send_message(netloc: str) -> Sums:
    with _anthropic(netloc) as client:
        message = client.messages.create(model="claude", max_tokens=9, messages=_HELLO)
    return _sum_message(message.usage)


def _stream_message(netloc: str) -> Sums:
    with (
        _anthropic(netloc) as client,
        client.messages.stream(model="claude", max_tokens=9, messages=_HELLO) as stream,
    ):
        return _sum_message(stream.get_final_message().usage)


def _sum_message(usage: Any) -> Sums:
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    return Sums(usage.input_tokens + read + written, usage.output_tokens, read, written)


CALLS = {
    "chat": ProxyCall(_chat("gpt"), by_name["openai/chat_cached_and_reasoning"]),
    "chat, stream": ProxyCall(_chat_stream("gpt"), by_name["openai/chat_stream"]),
    "chat with Claude": ProxyCall(_chat("claude"), by_name["anthropic/cache_unary"]),
    "chat with Claude, stream": ProxyCall(_chat_stream("claude"), by_name["anthropic/cache_stream"]),
    "responses": ProxyCall(_respond, by_name["openai/responses_unary"]),
    "responses, stream": ProxyCall(_respond_stream, by_name["openai/responses_stream"]),
    "embeddings": ProxyCall(_embed, by_name["openai/embeddings_float"]),
    "messages": ProxyCall(_send_message, by_name["anthropic/cache_unary"]),
    "messages, stream": ProxyCall(_stream_message, by_name["anthropic/cache_stream"]),
}
