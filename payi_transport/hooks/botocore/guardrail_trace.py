"""Asking for the trace of a guardrail, without which Bedrock does not report its usage.

The trace is requested in the parameters of an API call, just before they become a request and it is signed.
Source of the parameter names: botocore's service model `bedrock-runtime` of 2023-09-30.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payi_transport.hooks.urls import split_url
from payi_transport.pipeline.pipeline import Pipeline

__all__ = ["ask_for_trace"]


def _in_config(params: Mapping[str, Any]) -> Mapping[str, Any]:
    config = params.get("guardrailConfig")
    traced = _with_trace(config, "enabled") if isinstance(config, Mapping) else config
    # The caller's own dict is never changed.
    return params if traced is config else {**params, "guardrailConfig": traced}


def _in_params(params: Mapping[str, Any]) -> Mapping[str, Any]:
    # InvokeModel spells the value in capitals, Converse in lower case.
    return _with_trace(params, "ENABLED")


def _with_trace(guardrail: Mapping[str, Any], value: str) -> Mapping[str, Any]:
    """Turn tracing on if a guardrail has an id and a version, and the caller has not set `trace`."""
    is_named = guardrail.get("guardrailIdentifier") and guardrail.get("guardrailVersion")
    return {**guardrail, "trace": value} if is_named and "trace" not in guardrail else guardrail


_OPERATIONS: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "Converse": _in_config,
    "ConverseStream": _in_config,
    "InvokeModel": _in_params,
    "InvokeModelWithResponseStream": _in_params,
}


def ask_for_trace(
    pipeline: Pipeline, client: Any, operation: str, params: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the parameters of a Bedrock runtime call with tracing on, or `params` itself if not needed."""
    add_trace = _OPERATIONS.get(operation)
    if add_trace is None or not pipeline.traces_guardrails:
        return params
    _, host, port, _ = split_url(client.meta.endpoint_url)
    # A call that is not recorded is not changed either.
    return add_trace(params) if pipeline.observes(host, port) else params
