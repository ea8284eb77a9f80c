"""The API calls of botocore's and aiobotocore's clients, each of which may send several requests.

`http.py` records the HTTP requests. Two things need the whole API call: adding Pay-i's result to the parsed
output, and asking for a guardrail trace. The trace is added where a client turns the parameters into a
request: that is before signing, and after the events in which users, and botocore's Stubber for their tests,
look at the parameters.
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

__all__ = ["ASYNC_HOOK", "HOOK"]


def _find_pipeline(client: Any) -> Pipeline | None:
    """Return the pipeline if a call of the client may be recorded. Never raises."""
    pipeline = get_active()
    if pipeline is None:
        return None
    try:
        # Calls to S3, DynamoDB, and all other services pass through here, too.
        is_bedrock = client.meta.service_model.service_name == "bedrock-runtime"
    except Exception as exc:
        pipeline.count_fault(exc)
        return None
    return pipeline if is_bedrock else None


def _make_api_call(original: Callable[[Any, str, Any], Any]) -> Callable[[Any, str, Any], Any]:
    def call(client: Any, operation_name: str, api_params: Any) -> Any:
        pipeline = _find_pipeline(client)
        if pipeline is None:
            return original(client, operation_name, api_params)
        # botocore retries inside this call, so it may make several requests. The last one has the result.
        with collect_attempts() as attempts:
            output = original(client, operation_name, api_params)
        return attach_result(output, attempts, in_streams=pipeline.adds_streaming_results)

    return call


def _make_async_api_call(
    original: Callable[[Any, str, Any], Awaitable[Any]],
) -> Callable[..., Awaitable[Any]]:
    async def call(client: Any, operation_name: str, api_params: Any) -> Any:
        pipeline = _find_pipeline(client)
        if pipeline is None:
            return await original(client, operation_name, api_params)
        with collect_attempts() as attempts:
            output = await original(client, operation_name, api_params)
        return attach_result(output, attempts, in_streams=pipeline.adds_streaming_results)

    return call


# A coroutine function in aiobotocore; what the original returns is passed on as it is.
def _make_convert(original: Callable[..., Any]) -> Callable[..., Any]:
    def convert(client: Any, api_params: Any, operation_model: Any, *args: Any, **kwargs: Any) -> Any:
        pipeline = _find_pipeline(client)
        # Presigning a URL also passes through here, but without a user agent. Nothing is sent then.
        if pipeline is not None and kwargs.get("set_user_agent_header", True):
            try:
                api_params = ask_for_trace(pipeline, client, operation_model.name, api_params)
            except Exception as exc:
                pipeline.count_fault(exc)
        return original(client, api_params, operation_model, *args, **kwargs)

    return convert


HOOK = MethodHook(
    "botocore.client", "BaseClient", _make_api_call=_make_api_call, _convert_to_request_dict=_make_convert
)
# aiobotocore overrides the methods, so the hook on botocore's class would not see its calls.
ASYNC_HOOK = MethodHook(
    "aiobotocore.client",
    "AioBaseClient",
    _make_api_call=_make_async_api_call,
    _convert_to_request_dict=_make_convert,
)
