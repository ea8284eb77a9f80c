"""A program that makes calls beside a tracing library, and prints what each of the two saw.

    python -m tests.instrumentations.program TRACER ORDER PROVIDER

ORDER is "alone", or who is installed first and who is removed first, such as "ours theirs".
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures.thread import ThreadPoolExecutor
from typing import Any

import aiohttp.client
import botocore.client
import botocore.httpsession
import grpc._channel
import grpc.aio._channel
import httpx
import httpx2
import requests.adapters
import websockets.client

from payi_transport import payi_flush, payi_instrument, payi_stats, payi_uninstrument
from tests.instrumentations.rpc_calls import GRPC_VARIABLE, SOCKETS_VARIABLE
from tests.instrumentations.tracers import TRACERS, Tracer
from tests.support.polling import wait_until

_METHODS: list[tuple[Any, str]] = [
    (httpx.Client, "_send_single_request"),
    (httpx.AsyncClient, "_send_single_request"),
    (httpx2.Client, "_send_single_request"),
    (httpx2.AsyncClient, "_send_single_request"),
    (aiohttp.client.ClientSession, "_request"),
    (aiohttp.client.ClientSession, "_prepare_headers"),
    (requests.adapters.HTTPAdapter, "send"),
    (botocore.httpsession.URLLib3Session, "send"),
    (botocore.client.BaseClient, "_make_api_call"),
    (botocore.client.BaseClient, "_convert_to_request_dict"),
    (ThreadPoolExecutor, "submit"),
    (grpc, "insecure_channel"),
    (grpc.aio, "insecure_channel"),
    (grpc._channel.Channel, "unary_unary"),
    (grpc._channel.Channel, "unary_stream"),
    (grpc.aio._channel.Channel, "unary_unary"),
    (grpc.aio._channel.Channel, "unary_stream"),
    (websockets.client.ClientProtocol, "send_request"),
]


def snapshot() -> list[Any]:
    return [owner.__dict__[method] for owner, method in _METHODS]


def make_calls(tracer: Tracer, url: str) -> dict[str, Any]:
    with tracer.transaction():
        return {name: call(url) for name, call in tracer.calls.items()}


def instrument(url: str) -> None:
    mappings = {
        url: {"price_as_category": "system.openai"},
        os.environ[GRPC_VARIABLE]: {"price_as_category": "xai"},
        os.environ[SOCKETS_VARIABLE]: {"price_as_category": "system.openai"},
    }
    config: Any = {"host_mappings": mappings, "delivery": {"flush_interval": 0.01}}
    payi_instrument(config=config)


def settle(count: int) -> None:
    """Wait until so many calls have ended. Some streams end on a thread of gRPC's."""
    wait_until(lambda: payi_stats().captured >= count)


def main(name: str, order: str, url: str) -> dict[str, Any]:
    before = snapshot()
    first, _, off = order.partition(" ")
    if first == "ours":
        instrument(url)
    tracer = TRACERS[name]()
    traced = snapshot()
    if first == "theirs":
        instrument(url)
    results = make_calls(tracer, url)
    told: dict[str, Any] = {"results": results, "seen": sorted(tracer.seen)}
    if first == "alone":
        tracer.stop()
        return told | {"changed": compare(snapshot(), before)}
    settle(len(tracer.calls))
    assert payi_flush(30)
    # Delivered meanwhile, so a span of it would be among what was seen.
    told |= {"faults": payi_stats().faults, "seen": sorted(tracer.seen)}
    steps = [tracer.stop, payi_uninstrument]
    for step in steps if off == "theirs" else steps[::-1]:
        step()
        if make_calls(tracer, url) != results:
            told["faults"] += 1
        if off == "theirs":
            # Ours alone has seen them once more.
            settle(2 * len(tracer.calls))
    told["captured"] = payi_stats().captured
    after = snapshot()
    restored = before if tracer.stops else traced if first == "theirs" else after
    return told | {"changed": compare(after, restored)}


def compare(now: list[Any], then: list[Any]) -> list[str]:
    """Return the names of methods that changed."""
    methods = [f"{owner.__name__}.{method}" for owner, method in _METHODS]
    return [name for name, new, old in zip(methods, now, then, strict=True) if new is not old]


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
