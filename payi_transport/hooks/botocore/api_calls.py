"""Hooking the API calls of botocore's clients, for what has to happen before signing and after parsing.

`http.py` records the HTTP requests. Two things need the whole API call: asking for a guardrail trace, which
changes the body and so has to come before signing, and adding Pay-i's result to the parsed output.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from payi_transport.capture.attempts import collect_attempts
from payi_transport.hooks.botocore.guardrail_trace import ask_for_trace
from payi_transport.hooks.botocore.results import attach_result
from payi_transport.hooks.methods import MethodHook
from payi_transport.pipeline.active import get_active
from payi_transport.pipeline.pipeline import Pipeline

__all__ = ["HOOKS"]


def _prepare(client: Any, operation: str, params: Any) -> tuple[Any, Pipeline | None]:
    """Return the parameters to call with, and the pipeline if a result may be added. Never raises."""
    pipeline = get_active()
    if pipeline is None:
        return params, None
    try:
        # Calls to S3, DynamoDB, and all other services pass through here, too.
        if client.meta.service_model.service_name != "bedrock-runtime":
            return params, None
        return ask_for_trace(pipeline, client, operation, params), pipeline
    except Exception as exc:
        pipeline.count_fault(exc)
        return params, None


def _make_api_call(original: Callable[[Any, str, Any], Any]) -> Callable[[Any, str, Any], Any]:
    def call(client: Any, operation_name: str, api_params: Any) -> Any:
        params, pipeline = _prepare(client, operation_name, api_params)
        if pipeline is None:
            return original(client, operation_name, params)
        # botocore retries inside this call, so it may make several requests. The last one has the result.
        with collect_attempts() as attempts:
            output = original(client, operation_name, params)
        return attach_result(output, attempts, in_streams=pipeline.adds_streaming_results)

    return call


def _make_async_api_call(
    original: Callable[[Any, str, Any], Awaitable[Any]],
) -> Callable[..., Awaitable[Any]]:
    async def call(client: Any, operation_name: str, api_params: Any) -> Any:
        params, pipeline = _prepare(client, operation_name, api_params)
        if pipeline is None:
            return await original(client, operation_name, params)
        with collect_attempts() as attempts:
            output = await original(client, operation_name, params)
        return attach_result(output, attempts, in_streams=pipeline.adds_streaming_results)

    return call


HOOKS = (
    MethodHook("botocore.client", "BaseClient", "_make_api_call", _make_api_call),
    # aiobotocore overrides the method, so the hook on botocore's class would not see its calls.
    MethodHook("aiobotocore.client", "AioBaseClient", "_make_api_call", _make_async_api_call),
)
