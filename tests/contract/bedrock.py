"""Clients of Bedrock's runtime, sync and async, on every HTTP stack of theirs, behind one async face."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from aiobotocore.config import AioConfig
from aiobotocore.httpxsession import HttpxSession
from aiobotocore.session import get_session
from botocore.config import Config

from tests.sigv4 import ACCESS_KEY, REGION, SECRET_KEY

__all__ = ["CLIENTS", "BedrockClient", "options"]

SERVICE = "bedrock-runtime"
ONCE = {"retries": {"total_max_attempts": 1}}


def options(url: str) -> dict[str, Any]:
    """What a client needs to talk to a server on loopback."""
    return {
        "region_name": REGION,
        "endpoint_url": url,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_session_token": "session-secret",
    }


@dataclass(frozen=True)
class BedrockClient:
    """One way to have a client."""

    name: str
    connect: Callable[..., Any]

    def open(self, url: str, **config: Any) -> contextlib.AbstractAsyncContextManager[Any]:
        client: contextlib.AbstractAsyncContextManager[Any] = self.connect(url, {**ONCE, **config})
        return client


def _sync(make: Callable[..., Any]) -> Callable[..., Any]:
    @contextlib.asynccontextmanager
    async def connect(url: str, config: dict[str, Any]) -> AsyncIterator[Any]:
        client = make(config=Config(**config), **options(url))
        try:
            yield client
        finally:
            client.close()

    return connect


def _async(**more: Any) -> Callable[..., Any]:
    return lambda url, config: get_session().create_client(
        SERVICE, config=AioConfig(**config, **more), **options(url)
    )


CLIENTS = [
    BedrockClient("boto3.client", _sync(lambda **kwargs: boto3.client(SERVICE, **kwargs))),
    BedrockClient(
        "boto3.client-by-keyword", _sync(lambda **kwargs: boto3.client(service_name=SERVICE, **kwargs))
    ),
    BedrockClient("boto3.Session", _sync(lambda **kwargs: boto3.Session().client(SERVICE, **kwargs))),
    BedrockClient(
        "botocore", _sync(lambda **kwargs: botocore.session.get_session().create_client(SERVICE, **kwargs))
    ),
    BedrockClient("aiobotocore-aiohttp", _async()),
    BedrockClient("aiobotocore-httpx", _async(http_session_cls=HttpxSession)),
]
