"""Clients of Bedrock's runtime, sync and async, on every HTTP stack of theirs, behind one async face."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.metadata
import importlib.util
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import boto3
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.session import get_session as get_sync
from botocore.validate import validate_parameters

from tests.contract.clients import each, result
from tests.support.origin import CannedResponse
from tests.support.sigv4 import ACCESS_KEY, REGION, SECRET_KEY
from tests.support.wire_cases import WireCase

__all__ = ["CLIENTS", "BedrockClient", "call", "is_known", "make_response", "options", "replay"]

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
    """One way to have a client. On httpx, aiobotocore can't read event streams (as of 3.10)."""

    name: str
    connect: Callable[..., Any]
    reads_events: bool = True

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


def _async(make: Callable[[], Any], **more: Any) -> Callable[..., Any]:
    return lambda url, config: make()(SERVICE, config=AioConfig(**config, **more), **options(url))


@functools.cache
def _session(make: Callable[[], Any]) -> Any:
    """The one session of a kind: each of them reads the descriptions of all services anew."""
    return make()


def _clients() -> list[BedrockClient]:
    found = [
        BedrockClient("boto3.client", _sync(lambda **kwargs: boto3.client(SERVICE, **kwargs))),
        BedrockClient("by-keyword", _sync(lambda **kwargs: boto3.client(service_name=SERVICE, **kwargs))),
        BedrockClient(
            "boto3.Session", _sync(lambda **kwargs: _session(boto3.Session).client(SERVICE, **kwargs))
        ),
        BedrockClient(
            "botocore", _sync(lambda **kwargs: _session(get_sync).create_client(SERVICE, **kwargs))
        ),
        BedrockClient("aiobotocore-aiohttp", _async(lambda: _session(get_session).create_client)),
    ]
    if importlib.util.find_spec("aioboto3"):
        import aioboto3

        found.append(BedrockClient("aioboto3", _async(lambda: _session(aioboto3.Session).client)))
    if int(importlib.metadata.version("aiobotocore").split(".")[0]) >= 3:
        from aiobotocore.httpxsession import HttpxSession

        connect = _async(lambda: _session(get_session).create_client, http_session_cls=HttpxSession)
        found.append(BedrockClient("aiobotocore-httpx", connect, reads_events=False))
    return found


CLIENTS = _clients()

# The method of a client for an operation, unary and streaming.
_METHODS = {
    "bedrock.converse": ("converse", "converse_stream"),
    "bedrock.invoke": ("invoke_model", "invoke_model_with_response_stream"),
    "bedrock.guardrail": ("apply_guardrail", ""),
    "bedrock.checks": ("invoke_guardrail_checks", ""),
}

# Parameters that are sent as headers.
_PARAMETERS = {
    "x-amzn-bedrock-guardrailidentifier": "guardrailIdentifier",
    "x-amzn-bedrock-guardrailversion": "guardrailVersion",
    "x-amzn-bedrock-trace": "trace",
}


def make_response(case: WireCase, **changes: Any) -> CannedResponse:
    """What Bedrock answered, sent as it sends it: with a length where it is no stream."""
    length = {} if case.streams else {"content-length": str(len(case.response))}
    response = CannedResponse(case.chunks(), status=case.status, headers={**case.headers, **length})
    return dataclasses.replace(response, **changes)


def _method_of(case: WireCase) -> str:
    return _METHODS[case.operation][case.streams]


def _params_of(case: WireCase) -> dict[str, Any]:
    resource = case.route.get("resource")
    if case.operation == "bedrock.invoke":
        sent = {_PARAMETERS[name]: value for name, value in case.sent.items()}
        return {"modelId": resource, "body": case.request, **sent}
    request: dict[str, Any] = json.loads(case.request)
    if case.operation == "bedrock.guardrail":
        return {"guardrailIdentifier": resource, "guardrailVersion": "2", **request}
    return {"modelId": resource, **request} if case.operation == "bedrock.converse" else request


@functools.cache
def _operations() -> dict[str, Any]:
    """What the methods of the SDK's version take."""
    meta = boto3.client(SERVICE, **options("http://127.0.0.1")).meta
    names = meta.method_to_api_mapping.items()
    return {method: meta.service_model.operation_model(name).input_shape for method, name in names}


def is_known(case: WireCase) -> bool:
    """Whether this version of the SDK knows the operation and each of its parameters."""
    shape = _operations().get(_method_of(case)) if case.operation in _METHODS else None
    try:
        return shape is not None and validate_parameters(_params_of(case), shape) is None
    except ParamValidationError:
        return False


async def call(client: Any, case: WireCase) -> Any:
    """Make the recorded request."""
    return await result(getattr(client, _method_of(case))(**_params_of(case)))


async def read(body: Any) -> list[Any]:
    """All that a caller sees of a body, and of the exception behind it."""
    seen: list[Any] = []
    try:
        if hasattr(body, "read"):
            seen.append(await result(body.read()))
        else:
            # One by one, so that what came before an exception is told.
            async for event in each(body):
                seen.append(event)  # noqa: PERF401
    except Exception as exc:
        seen.append(tell(exc))
        await result(body.close())
    return seen


def tell(exc: Exception) -> tuple[str, str, Any]:
    """What an exception says to a caller."""
    return type(exc).__name__, str(exc), getattr(exc, "response", None)


def _undate(response: Any) -> None:
    response["ResponseMetadata"]["HTTPHeaders"]["date"] = ""


async def replay(client: Any, case: WireCase) -> dict[str, Any]:
    """What the caller sees of the recorded call."""
    try:
        response = await call(client, case)
    except ClientError as exc:
        _undate(exc.response)
        return {"raised": tell(exc)}
    except BotoCoreError as exc:
        return {"raised": tell(exc)}
    _undate(response)
    return {name: await read(part) if hasattr(part, "close") else part for name, part in response.items()}
