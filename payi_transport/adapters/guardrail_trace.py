"""Asking for the trace of a guardrail, without which Bedrock does not tell what it counted.

Done to the parameters of an API call, ahead of signing. Source of their names: botocore's service model
`bedrock-runtime` of 2023-09-30.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payi_transport.active import get_active
from payi_transport.adapters.hooks import MethodHook
from payi_transport.adapters.urls import split_url

__all__ = ["ADAPTERS"]

_SERVICE = "bedrock-runtime"


def _in_config(params: Mapping[str, Any]) -> Mapping[str, Any]:
    config = params.get("guardrailConfig")
    traced = _with_trace(config, "enabled") if isinstance(config, Mapping) else config
    return params if traced is config else {**params, "guardrailConfig": traced}


def _in_params(params: Mapping[str, Any]) -> Mapping[str, Any]:
    return _with_trace(params, "ENABLED")


def _with_trace(guardrail: Mapping[str, Any], value: str) -> Mapping[str, Any]:
    """A guardrail with an id and a version and no word about tracing gets one."""
    named = guardrail.get("guardrailIdentifier") and guardrail.get("guardrailVersion")
    return {**guardrail, "trace": value} if named and "trace" not in guardrail else guardrail


_OPERATIONS: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "Converse": _in_config,
    "ConverseStream": _in_config,
    "InvokeModel": _in_params,
    "InvokeModelWithResponseStream": _in_params,
}


def _ask_for_trace(client: Any, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of a call, `params` itself where there is nothing to ask for. Never raises."""
    add_trace = _OPERATIONS.get(operation)
    pipeline = get_active()
    if add_trace is None or pipeline is None or not pipeline.traces_guardrails:
        return params
    try:
        meta = client.meta
        _, host, port, _ = split_url(meta.endpoint_url)
        if meta.service_model.service_name != _SERVICE or not pipeline.observes(host, port):
            return params
        return add_trace(params)
    except Exception as exc:
        pipeline.count_fault(exc)
        return params


def _hook(original: Callable[[Any, str, Any], Any]) -> Callable[[Any, str, Any], Any]:
    # An async client's returns what is to be awaited.
    def call(client: Any, operation_name: str, api_params: Any) -> Any:
        return original(client, operation_name, _ask_for_trace(client, operation_name, api_params))

    return call


ADAPTERS = (
    MethodHook("botocore.client", "BaseClient", "_make_api_call", _hook),
    MethodHook("aiobotocore.client", "AioBaseClient", "_make_api_call", _hook),
)
